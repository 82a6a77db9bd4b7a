"""Waits are states in the database: a delay, a retry, a rate limit hold no worker and survive a restart."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from outcode.runs.history import RunInfo
from outcode.runs.instance import open_instance
from tests.conftest import Place
from tests.support.answers import Answering, answering
from tests.support.flows import ended, fails_with, result, run, script, started, step


async def until_waiting(place: Place, run_id: str) -> RunInfo:
    """The run once it is suspended."""
    async with asyncio.timeout(20):
        while True:
            found = await place.instance.history.find(place.scope, run_id)
            if found.waiting_for is not None and found.state == "waiting":
                return found
            assert not found.ended, found
            await asyncio.sleep(0.02)


async def wake(place: Place, run_id: str) -> None:
    """Let the moment that a suspended run waits for be now."""
    pool = place.instance.database.pool
    await pool.execute(
        """
        UPDATE run_tasks SET waiting_for = waiting_for || jsonb_build_object('until', now()::text)
        WHERE waiting_for IS NOT NULL AND run_id = $1
        """,
        run_id,
    )
    await pool.execute("UPDATE runs SET wake_at = now() WHERE wake_at IS NOT NULL AND id = $1", run_id)


def ask(server: Answering, path: str = "/", method: str = "GET", **more: Any) -> dict[str, Any]:
    inputs = {"method": method, "url": f"http://127.0.0.1:{server.port}{path}", "retries": 0}
    return {"app": "api", "action": "http_request", "inputs": inputs, **more}


async def test_a_delay_holds_no_worker_and_says_until_when(place: Place) -> None:
    tasks = {"a": step("delay", amount=2, unit="days"), "b": script("return 1") | {"after": ["a"]}}
    run_id = await started(place, tasks)
    found = await until_waiting(place, run_id)
    assert found.waiting_for is not None
    assert (found.waiting_for["kind"], found.waiting_for["task"]) == ("delay", "a")
    days = datetime.fromisoformat(found.waiting_for["until"]) - datetime.now(UTC)
    assert 1.9 < days.total_seconds() / 86400 <= 2
    assert [task.state for task in found.tasks] == ["waiting", "waiting"]
    row = await place.instance.database.pool.fetchrow("SELECT lease_until, attempts FROM runs")
    assert tuple(row) == (None, 0)
    await wake(place, run_id)
    found = await ended(place, run_id)
    assert [task.state for task in found.tasks] == ["done", "done"]


async def test_a_delay_survives_a_restart(place: Place) -> None:
    run_id = await started(place, {"a": step("delay", amount=1, unit="hours")})
    await until_waiting(place, run_id)
    await place.instance.worker.stop()
    async with open_instance(place.instance.settings, holder="tests") as instance:
        instance.worker.start(consume=True)
        await wake(place, run_id)
        found = await ended(place, run_id)
        assert found.state == "done"
        await instance.worker.stop()


async def test_other_branches_go_on_meanwhile(place: Place) -> None:
    tasks = {
        "a": step("delay", amount=1, unit="hours"),
        "b": script("return 1"),
        "c": script("return input.b + 1", input={"b": "{{b}}"}),
    }
    found = await until_waiting(place, await started(place, tasks))
    assert {task.letter: task.state for task in found.tasks} == {"a": "waiting", "b": "done", "c": "done"}


async def test_a_suspended_run_is_cancelled_at_once(place: Place) -> None:
    run_id = await started(place, {"a": step("delay", amount=1, unit="hours")})
    await until_waiting(place, run_id)
    assert (await place.instance.history.cancel(place.scope, run_id)).state == "cancelled"
    await wake(place, run_id)
    assert (await place.instance.history.find(place.scope, run_id)).state == "cancelled"


async def test_short_waits_are_sat_out(place: Place) -> None:
    found = await run(place, {"a": step("delay", amount=1, unit="seconds")})
    assert found.state == "done"
    assert await place.instance.database.pool.fetchval("SELECT epoch FROM runs") == 1


async def test_a_failed_task_is_tried_again_as_often_as_it_says(place: Place) -> None:
    async with answering([503, 503, 200]) as server:
        found = await run(place, {"a": ask(server, retry={"attempts": 3, "wait_seconds": 1})})
        assert (found.state, found.tasks[0].attempt, server.count) == ("done", 3, 3)


async def test_after_the_last_attempt_the_problem_stands(place: Place) -> None:
    async with answering([503, 503, 503, 200]) as server:
        problem = await fails_with(place, {"a": ask(server, retry={"attempts": 2, "wait_seconds": 1})})
        assert (problem.code, server.count) == ("http_status_server", 2)


async def test_what_may_have_been_done_is_not_tried_again_unless_the_person_says_so(place: Place) -> None:
    retry = {"attempts": 2, "wait_seconds": 1}
    async with answering([503, 200]) as server:
        await fails_with(place, {"a": ask(server, method="POST", retry=retry)})
        assert server.count == 1
    async with answering([503, 200]) as server:
        found = await run(place, {"a": ask(server, method="POST", retry=retry, repeatable=True)})
        assert (found.state, server.count) == ("done", 2)


async def test_a_long_wait_before_a_retry_suspends_the_run_and_says_why(place: Place) -> None:
    async with answering([503, 200]) as server:
        retry = {"attempts": 2, "wait_seconds": 3600, "longest_seconds": 7200}
        run_id = await started(place, {"a": ask(server, retry=retry)})
        found = await until_waiting(place, run_id)
        assert found.waiting_for is not None
        assert found.waiting_for["kind"] == "retry"
        assert (found.tasks[0].state, found.tasks[0].attempt) == ("waiting", 2)
        assert found.tasks[0].error is not None
        await wake(place, run_id)
        found = await ended(place, run_id)
        assert (found.state, found.tasks[0].error, server.count) == ("done", None, 2)


async def test_a_rate_limit_is_waited_for_without_being_asked_to(place: Place) -> None:
    async with answering([429, 200], headers={"Retry-After": "600"}) as server:
        run_id = await started(place, {"a": ask(server, method="POST")})
        found = await until_waiting(place, run_id)
        assert found.waiting_for is not None
        assert found.waiting_for["kind"] == "rate_limit"
        await wake(place, run_id)
        assert (await ended(place, run_id)).state == "done"
        assert server.count == 2


async def test_only_the_elements_that_failed_are_tried_again(place: Place) -> None:
    async with answering([200, 503, 200, 503], then=200) as server:
        tasks = {
            "a": script("return [1, 2, 3, 4]"),
            "b": ask(server, "/{{a}}", at_once=1, retry={"attempts": 2, "wait_seconds": 3600, "longest_seconds": 7200}),
        }
        run_id = await started(place, tasks)
        found = await until_waiting(place, run_id)
        assert (found.tasks[1].rows_done, server.paths) == (2, ["/1", "/2", "/3", "/4"])
        await wake(place, run_id)
        found = await ended(place, run_id)
        assert (found.state, found.tasks[1].rows_done) == ("done", 4)
        assert server.paths[4:] == ["/2", "/4"]
        assert [answer["status"] for answer in await result(place, found, "b")] == [200] * 4
