"""Runs, from start to end, through a whole instance."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from outcode.database.blobs import BlobStore
from outcode.flows.plain import parse_flow
from outcode.runs.starts import checked_input
from outcode.transport.http import Trace
from outcode.values.json import Json
from outcode.values.problems import Conflict, InputProblem, NotFound, ProblemList, restored
from outcode.workspace.people import create_workspace
from tests.conftest import Place
from tests.support.flows import ended, post, run, script
from tests.support.receiver import receiving
from tests.support.waiting import until


async def result(place: Place, run_id: str, letter: str) -> Any:
    return (await place.instance.history.result(place.scope, run_id, letter)).value


async def test_results_feed_later_tasks_with_their_types(place: Place) -> None:
    code = "return [typeof input.n, input.text]"
    found = await run(
        place,
        {
            "a": script("return {n: 2, name: 'Kim'}"),
            "b": script(code, input={"n": "{{a.n}}", "text": "{{a.name}}: {{a.n}}"}),
        },
    )
    assert found.state == "done", found
    assert await result(place, found.id, "b") == ["number", "Kim: 2"]


async def test_a_task_iterates_over_an_array_in_order(place: Place) -> None:
    tasks = {
        "a": script("return Array.from({length: 23}, (_, n) => ({n}))"),
        "b": script("return {double: 2 * input.n, row: input.row}", input={"n": "{{a.n}}", "row": "{{row.number}}"}),
        "c": script("return input.n + input.d", input={"n": "{{a.n}}", "d": "{{b.double}}"}),
        "d": script("return input.all.reduce((x, y) => x + y)", input={"all": "{{c[*]}}"}),
    }
    found = await run(place, tasks)
    assert found.state == "done", found
    assert await result(place, found.id, "b") == [{"double": 2 * n, "row": n + 1} for n in range(23)]
    assert await result(place, found.id, "d") == sum(3 * n for n in range(23))
    assert [(task.rows_total, task.rows_done) for task in found.tasks] == [(23, 23), (23, 23), (23, 23), (None, None)]


async def test_one_failing_row_does_not_stop_the_others(place: Place) -> None:
    tasks = {
        "a": script("return [1, 2, 3, 4]"),
        "b": script("if (input.n === 3) throw new Error('three'); return input.n * 10", input={"n": "{{a}}"}),
        "c": script("return input.n", input={"n": "{{b}}"}),
    }
    found = await run(place, tasks)
    assert found.state == "failed"
    assert found.error is not None
    assert restored(found.error).message() == "1 of 4 rows failed."
    assert [task.state for task in found.tasks] == ["done", "failed", "waiting"]
    failed = await place.instance.history.result(place.scope, found.id, "b")
    assert failed.value == [10, 20, None, 40]
    assert [failure.row for failure in failed.failures] == [3]
    assert "three" in restored(failed.failures[0].error).message("ko")


async def test_an_empty_array_skips_the_tasks_that_iterate_over_it(place: Place) -> None:
    tasks = {
        "a": script("return []"),
        "b": script("return 1", input={"n": "{{a.n}}"}),
        "c": script("return 2", input={"n": "{{b.n}}"}),
        "d": script("return input.n.length", input={"n": "{{b[*]}}"}),
    }
    found = await run(place, tasks)
    assert [task.state for task in found.tasks] == ["done", "skipped", "skipped", "done"]
    assert await result(place, found.id, "d") == 0


async def test_a_test_run_goes_on_with_one_record(place: Place) -> None:
    tasks = {"a": script("return [1, 2, 3]"), "b": script("return input.n", input={"n": "{{a}}"})}
    found = await run(place, tasks, test=True)
    assert found.test
    assert await result(place, found.id, "b") == [1]


async def test_run_once_hands_the_array_over(place: Place) -> None:
    tasks = {
        "a": script("return [1, 2, 3]"),
        "b": {**script("return input.all.length", input={"all": "{{a}}"}), "run_once": True},
    }
    found = await run(place, tasks)
    assert await result(place, found.id, "b") == 3


async def test_a_failing_task_says_where_and_why_and_the_rest_does_not_run(place: Place) -> None:
    tasks = {
        "a": script("return {email: 'kim@acme.test'}"),
        "b": script("return 1", input={"to": "{{a.emial}}"}),
        "c": script("return 1", input={"x": "{{b}}"}),
    }
    found = await run(place, tasks)
    assert found.error is not None
    problem = restored(found.error)
    assert (problem.place.task, problem.place.field) == ("b", "inputs.input.to")
    assert "email" in problem.hint()
    assert "email" in problem.hint("ko")
    assert [task.state for task in found.tasks] == ["done", "failed", "waiting"]


async def test_wide_results_stand_in_the_blob_folder_and_read_back(place: Place) -> None:
    found = await run(place, {"a": script("return 'x'.repeat(100000)"), "b": script("return 'small'")})
    assert len(await result(place, found.id, "a")) == 100_000
    rows = await place.instance.database.pool.fetch("SELECT size, inline IS NULL AS wide, blob FROM payloads")
    wide = [row for row in rows if row["wide"]]
    assert [row["size"] > 100_000 for row in wide] == [True]
    blobs = BlobStore(place.instance.settings.folder / "blobs")
    assert len(await blobs.get(wide[0]["blob"])) == wide[0]["size"]


async def test_at_most_as_many_elements_as_set_are_worked_on_at_once(place: Place) -> None:
    async with receiving(seconds=60) as receiver:
        tasks = {"a": script("return [...Array(12).keys()]"), "b": {**post(receiver, {"n": "{{a}}"}), "at_once": 3}}
        running = asyncio.create_task(run(place, tasks))
        await until(lambda: len(receiver.bodies) >= 3)
        await asyncio.sleep(0.1)  # a fourth one would come now
        receiver.go_on.set()
        found = await running
    assert found.state == "done", found
    assert sorted(body["n"] for body in receiver.bodies) == list(range(12))
    assert receiver.most_at_once == 3


async def test_cancelling_stops_a_slow_call_within_seconds(place: Place) -> None:
    async with receiving(seconds=300) as receiver:
        run_id = await begin(place, {"a": post(receiver, {})})
        await receiver.first.wait()
        await place.instance.history.cancel(place.scope, run_id)
        found = await ended(place, run_id, seconds=60)
    assert found.state == "cancelled"
    with pytest.raises(Conflict):
        await place.instance.history.cancel(place.scope, run_id)


async def begin(place: Place, tasks: dict[str, Any]) -> str:
    document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "Test", "tasks": tasks})
    return (await place.instance.starter.start_unsaved(place.scope, document, "api", None)).run_id


async def test_declared_inputs_are_checked_and_filled(place: Place) -> None:
    document = parse_flow(
        {
            "outcode": 1,
            "kind": "dataflow",
            "name": "x",
            "inputs": {
                "city": {"type": "text", "required": True},
                "limit": {"type": "number", "default": 10},
                "since": {"type": "datetime"},
            },
            "tasks": {},
        }
    )
    assert checked_input(document.inputs, {"city": "Seoul", "more": 1}) == {
        "city": "Seoul",
        "more": 1,
        "limit": 10,
        "since": None,
    }
    with pytest.raises(InputProblem) as one:
        checked_input(document.inputs, {})
    assert (one.value.code, one.value.place.field) == ("input_missing", "body.city")
    with pytest.raises(ProblemList) as two:
        checked_input(document.inputs, {"city": 5, "limit": "many"})
    assert [problem.place.field for problem in two.value.problems] == ["body.city", "body.limit"]
    with pytest.raises(InputProblem) as three:
        checked_input(document.inputs, [1])
    assert three.value.code == "input_not_object"


async def test_a_connections_secret_never_reaches_the_journal(place: Place) -> None:
    secret = "s3cr3t-canary-value"
    fields: dict[str, Json] = {"token": secret, "allowed_hosts": ["127.0.0.1"]}
    app = place.instance.apps["api"]
    await place.instance.connections.add(place.scope, app, "Echo", fields)
    async with receiving(echo_headers=True) as receiver:
        task = {**post(receiver, {}), "connection": "Echo"}
        found = await run(place, {"a": task})
        failing = {**post(receiver, {}, path="/fail"), "connection": "Echo"}
        failed = await run(place, {"a": failing})
    assert receiver.headers[0]["Authorization"] == f"Bearer {secret}"
    assert (found.state, failed.state) == ("done", "failed")
    pool = place.instance.database.pool
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        for row in await pool.fetch(f'SELECT t::text AS text FROM "{table["tablename"]}" AS t'):
            assert secret not in row["text"]
            assert secret.encode().hex() not in row["text"]


async def test_what_a_task_said_to_the_outside_is_kept(place: Place) -> None:
    fields: dict[str, Json] = {"token": "s3cr3t-canary", "allowed_hosts": ["127.0.0.1"]}
    await place.instance.connections.add(place.scope, place.instance.apps["api"], "Echo", fields)
    async with receiving() as receiver:
        good, bad = (
            {**post(receiver, {"name": "Kim"}, path=path), "connection": "Echo"} for path in ("/good", "/fail")
        )
        found = await run(place, {"a": good, "b": bad})
    kept = await place.instance.history.calls(place.scope, found.id, "a")
    (one,) = kept["calls"]
    assert (kept["count"], one["method"], one["status"], one["row"]) == (1, "POST", 200, None)
    assert "Kim" in one["request_body"]
    assert "Authorization: ***" in Trace.from_dict(one).as_curl()
    refused = await place.instance.history.calls(place.scope, found.id, "b")
    assert [each["status"] for each in refused["calls"]] == [500]
    assert [task.has_calls for task in found.tasks] == [True, True]


async def test_a_connection_of_another_team_cannot_be_used(place: Place) -> None:
    other = await create_workspace(
        place.instance.database, organization="Other", domain="other", team="Ops", user="Lee", email="lee@other.test"
    )
    app = place.instance.apps["api"]
    await place.instance.connections.add(other, app, "Theirs", {"token": "their-token", "allowed_hosts": ["127.0.0.1"]})
    async with receiving() as receiver:
        found = await run(place, {"a": {**post(receiver, {}), "connection": "Theirs"}})
    assert found.state == "failed"
    assert found.error is not None
    assert found.error["code"] == "connection_unknown"
    assert receiver.bodies == []
    with pytest.raises(NotFound):
        await place.instance.history.find(other, found.id)


async def test_the_servers_own_loopback_is_closed_without_an_allow_rule(place: Place) -> None:
    async with receiving() as receiver:
        place.instance.guard.refuse_port(receiver.port)
        found = await run(place, {"a": post(receiver, {})})
    assert found.error is not None
    assert found.error["code"] == "blocked_own_port"
    assert receiver.bodies == []
