"""Runs done again: with the same input as a whole, or from where they failed with what they had done."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from outcode.engine.state import RunState, TaskState
from outcode.values.problems import Unexpected
from tests.server.conftest import Server, flow, script
from tests.support.answers import answering
from tests.support.receiver import Receiver, receiving


def post(receiver: Receiver, body: Any, path: str = "/") -> dict[str, Any]:
    url = f"http://127.0.0.1:{receiver.port}{path}"
    inputs = {"method": "POST", "url": url, "body_type": "json", "body": body}
    return {"app": "api", "action": "http_request", "inputs": inputs}


async def run(server: Server, document: dict[str, Any], body: Any = None) -> dict[str, Any]:
    made = await server.flow(document)
    return await server.ended((await server.post(f"/api/v1/flows/{made['id']}/runs", {"input": body})).json["id"])


async def again(server: Server, run_id: str, how: str, **wish: Any) -> dict[str, Any]:
    reply = await server.post(f"/api/v1/runs/{run_id}/{how}", wish)
    assert reply.status == 202, reply.content
    return await server.ended(reply.json["id"])


async def test_a_run_is_done_again_with_its_input(server: Server) -> None:
    first = await run(
        server, flow(tasks={"a": script("return input.x", input={"x": "{{trigger.body}}"})}), {"n": 19, "t": "x"}
    )
    new = await again(server, first["id"], "rerun")
    assert (new["origin_id"], new["version"], new["trigger"], new["counted"]) == (first["id"], 1, "api", True)
    assert (await server.get(f"/api/v1/runs/{new['id']}/tasks/a/result")).json["value"] == {"n": 19, "t": "x"}
    assert (await server.get(f"/api/v1/runs/{new['id']}/input")).json == {"trigger": {"body": {"n": 19, "t": "x"}}}
    assert (first["origin_id"], first["parent_id"]) == (None, None)


async def test_a_run_is_done_again_in_another_version(server: Server) -> None:
    first = await run(server, flow(tasks={"a": script("return 'one'")}), {"n": 1})
    document = flow(
        tasks={"a": script("return input.x", input={"x": "{{trigger.body.m}}"})}, inputs={"m": {"default": "filled"}}
    )
    await server.call("PUT", f"/api/v1/flows/{first['flow_id']}", {"document": document, "version": 1})
    assert (await again(server, first["id"], "rerun"))["version"] == 1
    assert (await again(server, first["id"], "rerun", version="published"))["version"] == 1
    new = await again(server, first["id"], "rerun", version="draft")
    assert new["version"] == 2
    assert (await server.get(f"/api/v1/runs/{new['id']}/tasks/a/result")).json["value"] == "filled"
    strict = flow(inputs={"needed": {"required": True}})
    await server.call("PUT", f"/api/v1/flows/{first['flow_id']}", {"document": strict, "version": 2})
    refused = await server.post(f"/api/v1/runs/{first['id']}/rerun", {"version": "draft"})
    assert (refused.status, refused.code) == (400, "input_missing")


async def test_a_run_of_a_deleted_flow_or_of_no_flow_is_done_again_as_it_was(server: Server) -> None:
    first = await run(server, flow())
    await server.call("DELETE", f"/api/v1/flows/{first['flow_id']}")
    assert (await again(server, first["id"], "rerun"))["state"] == "done"
    refused = await server.post(f"/api/v1/runs/{first['id']}/rerun", {"version": "draft"})
    assert (refused.status, refused.code) == (409, "rerun_flow_gone")
    unsaved = (await server.post("/api/v1/runs", {"document": flow("Unsaved")})).json
    new = await again(server, (await server.ended(unsaved["id"]))["id"], "rerun")
    assert (new["state"], new["flow_id"], new["version"]) == ("done", None, None)


async def test_a_retry_keeps_what_was_done_and_runs_the_rest(server: Server) -> None:
    async with receiving() as receiver:
        wide = "x" * 100_000
        tasks = {
            "a": post(receiver, {"from": "a"}),
            "b": script(f"return [{{n: 1}}, {{wide: '{wide}'}}]"),
            "c": post(receiver, {"from": "c", "status": "{{a.status}}"}, "/fail"),
            "d": script("return input.x", input={"x": "{{b[1].wide}}"}),
        }
        tasks["d"]["after"] = ["c"]
        failed = await run(server, flow(tasks=tasks), {"k": "v"})
        states = {task["letter"]: task["state"] for task in failed["tasks"]}
        assert (failed["state"], states) == ("failed", {"a": "done", "b": "done", "c": "failed", "d": "waiting"})
        calls = (await server.get(f"/api/v1/runs/{failed['id']}/tasks/a/calls")).json
        retried = await again(server, failed["id"], "retry")
        assert receiver.bodies == [{"from": "a"}, {"from": "c", "status": 200}, {"from": "c", "status": 200}]
    assert (retried["state"], retried["origin_id"], retried["version"]) == ("failed", failed["id"], 1)
    assert (retried["counted"], failed["counted"], retried["trigger"]) == (False, True, "api")
    assert retried["tasks"][:2] == failed["tasks"][:2]
    assert (await server.get(f"/api/v1/runs/{retried['id']}/tasks/a/calls")).json == calls
    assert (await server.get(f"/api/v1/runs/{retried['id']}/input")).json == {"trigger": {"body": {"k": "v"}}}
    # What was copied is its own: the origin's blobs may go.
    blobs = server.place.instance.settings.folder / "blobs"
    key = await server.place.instance.database.pool.fetchval(
        "SELECT blob FROM payloads JOIN run_tasks ON result_id = payloads.id WHERE run_id = $1 AND letter = 'b'",
        failed["id"],
    )
    (blobs / key[:2] / key).unlink()
    result = await server.get(f"/api/v1/runs/{retried['id']}/tasks/b/result")
    assert result.json["value"][1] == {"wide": wide}


async def test_a_retry_that_succeeds_ends_with_everything_behind(server: Server) -> None:
    async with receiving() as receiver:
        tasks = {
            "a": post(receiver, {"n": "{{trigger.body.n}}"}),
            "b": script(
                "if (Date.now() < input.from) throw new Error('too early'); return 'b'", input="{{trigger.body}}"
            ),
            "c": script("return [input.a, input.b]", input={"a": "{{a.status}}", "b": "{{b}}"}),
        }
        tasks["b"]["after"] = ["a"]
        later = time.time() + 6
        failed = await run(server, flow(tasks=tasks), {"n": 1, "from": int(later * 1000)})
        assert failed["state"] == "failed"
        await asyncio.sleep(max(0.0, later - time.time()))
        retried = await again(server, failed["id"], "retry")
        assert (retried["state"], receiver.bodies) == ("done", [{"n": 1}])
    result = await server.get(f"/api/v1/runs/{retried['id']}/tasks/c/result")
    assert result.json["value"] == [200, "b"]


async def test_only_what_has_failed_is_retried_and_once_at_a_time(server: Server) -> None:
    done = await run(server, flow("Done"))
    refused = await server.post(f"/api/v1/runs/{done['id']}/retry", {})
    assert (refused.status, refused.code) == (409, "retry_not_failed")
    slow = "const end = Date.now() + 2000; while (Date.now() < end) {} throw new Error('boom')"
    failed = await run(server, flow("Slow", {"a": script(slow)}))
    replies = await asyncio.gather(*(server.post(f"/api/v1/runs/{failed['id']}/retry", {}) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [202, 409, 409, 409]
    (begun,) = [reply.json for reply in replies if reply.status == 202]
    assert {reply.code for reply in replies if reply.status == 409} == {"retry_going"}
    going = await server.post(f"/api/v1/runs/{begun['id']}/retry", {})
    assert (going.status, going.code) == (409, "retry_not_ended")
    await server.ended(begun["id"])
    assert (await server.post(f"/api/v1/runs/{failed['id']}/retry", {})).status == 202


async def test_an_effect_that_may_have_happened_is_repeated_only_when_that_is_said(server: Server) -> None:
    async with receiving() as receiver:
        made = await server.flow(flow(tasks={"a": post(receiver, {})}))
        instance, scope = server.place.instance, server.place.scope
        stored = await instance.flows.find(scope, made["id"])
        accepted = await instance.starter.start(scope, stored.draft, "api", {"body": {}}, leased=True)
        assert accepted.claim is not None
        record = instance.worker._journal.record(accepted.claim)  # a worker that dies at work
        await record.task_ended("a", TaskState.UNKNOWN, repeatable=True)
        await record.end(RunState.CRASHED, Unexpected("run_keeps_crashing", attempts=3))
        refused = await server.post(f"/api/v1/runs/{accepted.run_id}/retry", {}, headers={"Accept-Language": "ko"})
        assert (refused.status, refused.code) == (409, "retry_effect_unknown")
        assert refused.json["details"]["tasks"] == ["a"]
        assert receiver.bodies == []
        assert (await again(server, accepted.run_id, "retry", repeat_unknown=True))["state"] == "done"
        assert receiver.bodies == [{}]


async def test_a_cancelled_run_goes_on_where_it_was_stopped(server: Server) -> None:
    async with receiving() as receiver:
        slow = "const end = Date.now() + 4000; while (Date.now() < end) {} return 1"
        tasks = {"a": post(receiver, {}), "b": script(slow, input={"x": "{{a.status}}"})}
        made = await server.flow(flow(tasks=tasks))
        begun = (await server.post(f"/api/v1/flows/{made['id']}/runs", {})).json
        async with asyncio.timeout(20):
            while (await server.get(f"/api/v1/runs/{begun['id']}")).json["tasks"][1]["state"] != "running":
                await asyncio.sleep(0.02)
        await server.post(f"/api/v1/runs/{begun['id']}/cancel")
        assert (await server.ended(begun["id"]))["state"] == "cancelled"
        retried = await again(server, begun["id"], "retry")
        assert (retried["state"], receiver.bodies) == ("done", [{}])


@pytest.mark.parametrize("how", ["rerun", "retry"])
async def test_an_unknown_run_is_not_found(server: Server, how: str) -> None:
    for run_id in ("0199c1a0-7d3c-7a4e-9c53-3f1d2b6e8a10", "none"):
        assert (await server.post(f"/api/v1/runs/{run_id}/{how}", {})).status == 404


async def test_of_a_task_that_failed_in_part_only_the_failed_elements_are_tried_again(server: Server) -> None:
    async with answering([200, 500, 200, 500], then=200) as vendor:
        url = f"http://127.0.0.1:{vendor.port}/{{{{a}}}}"
        inputs = {"method": "POST", "url": url, "retries": 0}
        tasks = {
            "a": script("return [1, 2, 3, 4]"),
            "b": {"app": "api", "action": "http_request", "inputs": inputs, "at_once": 1},
            "c": {"app": "flow", "action": "set_values", "inputs": {"values": {"n": "{{a}}", "ok": "{{b.ok}}"}}},
        }
        first = await run(server, flow(tasks=tasks))
        assert [task["state"] for task in first["tasks"]] == ["done", "failed", "waiting"]
        second = await again(server, first["id"], "retry")
        assert [task["state"] for task in second["tasks"]] == ["done", "done", "done"]
        assert vendor.paths == ["/1", "/2", "/3", "/4", "/2", "/4"]
    found = (await server.get(f"/api/v1/runs/{second['id']}/tasks/c/result")).json["value"]
    assert found == [{"n": number, "ok": True} for number in (1, 2, 3, 4)]
