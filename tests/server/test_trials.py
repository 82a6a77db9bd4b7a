"""Tests of single tasks over HTTP: on which results they stand, one record of each, and what is pinned."""

from __future__ import annotations

from typing import Any

from tests.server.conftest import Server, flow, script
from tests.support.receiver import receiving

ROWS = "return [{n: 1, name: 'Ann'}, {n: 2, name: 'Bo'}]"
TASKS = {
    "a": script(ROWS),
    "b": script("return {twice: 2 * input.x}", input={"x": "{{a.n}}"}),
    "c": script("return input.x", input={"x": "{{b.twice}}"}),
    "d": script("return 'other'"),
}


async def trial(server: Server, made: dict[str, Any], letter: str, **start: Any) -> tuple[dict[str, Any], Any]:
    """The run that a test of a task was, and what the server said of the results that it stood on."""
    reply = await server.post(f"/api/v1/flows/{made['id']}/tasks/{letter}/test", start)
    assert reply.status == 202, reply.content
    return await server.ended(reply.json["run"]["id"]), reply.json["results"]


async def value(server: Server, run: dict[str, Any], letter: str) -> Any:
    return (await server.get(f"/api/v1/runs/{run['id']}/tasks/{letter}/result")).json["value"]


async def whole_run(server: Server, made: dict[str, Any], **start: Any) -> dict[str, Any]:
    return await server.ended((await server.post(f"/api/v1/flows/{made['id']}/runs", start)).json["id"])


async def change(server: Server, made: dict[str, Any], **tasks: Any) -> dict[str, Any]:
    body = {"document": flow(tasks={**made["document"]["tasks"], **tasks}), "version": made["version"]}
    return dict((await server.call("PUT", f"/api/v1/flows/{made['id']}", body)).json)


async def test_a_task_runs_alone_on_the_latest_results(server: Server) -> None:
    made = await server.flow(flow(tasks=TASKS))
    earlier = await whole_run(server, made)
    run, results = await trial(server, made, "c")
    assert await value(server, run, "c") == [2]
    assert [(each["letter"], each["kind"], each["run_id"], each["stale"]) for each in results] == [
        ("b", "last_result", earlier["id"], False)
    ]
    assert {task["letter"]: task["state"] for task in run["tasks"]} == {"a": "skipped", "b": "done", "c": "done"}
    assert (run["test"], run["counted"], run["flow_id"], run["version"]) == (True, False, made["id"], None)


async def test_tasks_are_tested_one_after_the_other_before_the_flow_ever_ran(server: Server) -> None:
    made = await server.draft(flow(tasks=TASKS))
    early = await server.post(f"/api/v1/flows/{made['id']}/tasks/c/test", {})
    assert (early.status, early.code) == (400, "test_needs_results")
    assert (early.json["details"]["missing"], early.json["place"]) == (["a", "b"], {"task": "c"})
    assert (await server.get("/api/v1/runs")).json["items"] == []
    for letter, expected in (("a", [{"n": 1, "name": "Ann"}]), ("b", [{"twice": 2}]), ("c", [2])):
        run, _ = await trial(server, made, letter)
        assert await value(server, run, letter) == expected
    listed = (await server.get(f"/api/v1/flows/{made['id']}/results")).json["items"]
    assert [(each["letter"], each["stale"]) for each in listed] == [("a", False), ("b", False), ("c", False)]


async def test_results_of_what_has_changed_since_are_called_stale(server: Server) -> None:
    made = await server.flow(flow(tasks=TASKS))
    await whole_run(server, made)
    made = await change(server, made, a=script(ROWS.replace("1", "5")))
    listed = (await server.get(f"/api/v1/flows/{made['id']}/results")).json["items"]
    assert {each["letter"]: each["stale"] for each in listed} == {"a": True, "b": True, "c": True, "d": False}
    _, results = await trial(server, made, "c")
    assert [(each["letter"], each["stale"]) for each in results] == [("b", True)]
    # What was made of something stale stays so, until its own sources are tested anew.
    listed = (await server.get(f"/api/v1/flows/{made['id']}/results")).json["items"]
    assert {each["letter"]: each["stale"] for each in listed}["c"] is True
    for letter in "abc":
        run, results = await trial(server, made, letter)
        assert not any(each["stale"] for each in results)
    assert await value(server, run, "c") == [10]
    listed = (await server.get(f"/api/v1/flows/{made['id']}/results")).json["items"]
    assert not any(each["stale"] for each in listed)


async def test_a_document_that_is_not_saved_is_trial(server: Server) -> None:
    made = await server.flow(flow(tasks=TASKS))
    await whole_run(server, made)
    unsaved = flow(
        tasks={
            **TASKS,
            "e": script("return input.x + '!'", input={"x": "{{a.name}}"}),
            "f": {"app": "x", "action": "y"},
        }
    )
    run, _ = await trial(server, made, "e", document=unsaved)
    assert await value(server, run, "e") == ["Ann!"]
    assert (await server.get(f"/api/v1/flows/{made['id']}")).json["version"] == 1
    wrong = await server.post(f"/api/v1/flows/{made['id']}/tasks/f/test", {"document": unsaved})
    assert (wrong.status, {each["place"]["task"] for each in wrong.json["problems"]}) == (400, {"f"})
    missing = await server.post(f"/api/v1/flows/{made['id']}/tasks/z/test", {})
    assert (missing.status, missing.code) == (404, "task_unknown")


async def test_what_starts_a_test_is_given_or_that_of_the_newest_run_or_the_samples(server: Server) -> None:
    tasks = {"a": script("return input.x", input={"x": "{{trigger.body}}"})}
    made = await server.draft(flow(tasks=tasks, inputs={"n": {"type": "number", "required": True, "sample": 7}}))
    for start, expected in (({}, {"n": 7}), ({"input": {"n": 8}}, {"n": 8}), ({}, {"n": 8})):
        run, _ = await trial(server, made, "a", **start)
        assert await value(server, run, "a") == expected
    await whole_run(server, made, input={"n": 9})
    run, _ = await trial(server, made, "a")
    assert await value(server, run, "a") == {"n": 9}
    wrong = await server.post(f"/api/v1/flows/{made['id']}/tasks/a/test", {"input": {"n": "x"}})
    assert wrong.code == "input_type_wrong"


async def test_pinned_data_is_used_instead_of_running_the_task(server: Server) -> None:
    async with receiving() as receiver:
        url = f"http://127.0.0.1:{receiver.port}/"
        inputs = {"method": "POST", "url": url, "body_type": "json", "body": {"x": 1}}
        tasks = {
            "a": {"app": "api", "action": "http_request", "inputs": inputs},
            "b": script("return input.x", input={"x": "{{a.status}}"}),
        }
        made = await server.flow(flow(tasks=tasks))
        path = f"/api/v1/flows/{made['id']}/pins"
        pinned = await server.call("PUT", f"{path}/a", {"value": {"status": 299}})
        assert pinned.status == 204
        run, results = await trial(server, made, "b")
        assert await value(server, run, "b") == 299
        assert [(each["letter"], each["kind"], each["run_id"]) for each in results] == [("a", "pinned", None)]
        test = await whole_run(server, made, test=True)
        assert (await value(server, test, "b"), test["counted"]) == (299, False)
        assert receiver.bodies == []
        real = await whole_run(server, made)
        assert (await value(server, real, "b"), receiver.bodies) == (200, [{"x": 1}])

        assert (await server.call("PUT", f"{path}/a", {"run_id": real["id"]})).status == 204
        (listed,) = (await server.get(path)).json["items"]
        assert (listed["letter"], listed["created_by"]) == ("a", "Kim")
        assert (await server.get(f"{path}/a")).json["value"]["status"] == 200
        assert (await server.call("DELETE", f"{path}/a")).status == 204
        assert (await server.call("DELETE", f"{path}/a")).code == "pin_unknown"
        assert (await server.get(f"{path}/a")).code == "pin_unknown"
        assert (await server.get(path)).json["items"] == []


async def test_a_pinned_list_is_cut_to_one_record_in_tests_and_kept_whole(server: Server) -> None:
    made = await server.flow(flow(tasks=TASKS))
    path = f"/api/v1/flows/{made['id']}/pins/a"
    await server.call("PUT", path, {"value": [{"n": 21}, {"n": 22}, {"n": 23}]})
    run, _ = await trial(server, made, "b")
    assert await value(server, run, "b") == [{"twice": 42}]
    page = (await server.get(f"{path}?limit=2")).json
    assert (page["value"], page["rows"], page["truncated"]) == ([{"n": 21}, {"n": 22}], 3, True)


async def test_a_pin_is_made_of_one_thing_that_there_is(server: Server) -> None:
    made = await server.flow(flow(tasks=TASKS))
    path = f"/api/v1/flows/{made['id']}/pins"
    run = await whole_run(server, made)
    for body in ({}, {"run_id": run["id"], "value": 1}):
        assert (await server.call("PUT", f"{path}/a", body)).code == "pin_of_one_thing"
    assert (await server.call("PUT", f"{path}/z", {"value": 1})).code == "task_unknown"
    assert (await server.call("PUT", f"{path}/a", {"run_id": "x"})).code == "id_invalid"
    assert (await server.call("PUT", f"{path}/a", {"run_id": made["id"]})).status == 404
    assert (await server.call("PUT", f"{path}/a", {"value": None})).status == 204
    assert (await server.get(f"{path}/a")).json["value"] is None


async def test_a_replaced_pin_leaves_nothing_behind(server: Server) -> None:
    made = await server.flow(flow(tasks=TASKS))
    path = f"/api/v1/flows/{made['id']}/pins/a"
    blobs = server.place.instance.settings.folder / "blobs"
    for sign in "xyz":
        await server.call("PUT", path, {"value": sign * 100_000})
    assert len([file for file in blobs.rglob("*") if file.is_file()]) == 1
    await server.call("DELETE", path)
    assert [file for file in blobs.rglob("*") if file.is_file()] == []
    assert await server.place.instance.database.pool.fetchval("SELECT count(*) FROM payloads") == 0
