"""Runs over HTTP: started unsaved, listed, watched, cancelled, their results read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from outcode.values import json
from outcode.workspace.scope import new_id
from tests.server.conftest import Server, flow, script
from tests.support.flows import post
from tests.support.receiver import receiving

LONG = "const end = Date.now() + 59000; while (Date.now() < end) {} return 1"


async def start(server: Server, code: str, body: Any = None, **inputs: Any) -> str:
    """Run one script that is not saved; the run's id."""
    reply = await server.post("/api/v1/runs", {"document": flow(tasks={"a": script(code, **inputs)}), "input": body})
    assert reply.status == 202, reply.content
    return str(reply.json["id"])


async def running(server: Server, run_id: str) -> None:
    async with asyncio.timeout(60):
        while (await server.get(f"/api/v1/runs/{run_id}")).json["state"] != "running":
            await asyncio.sleep(0.03)


async def events(server: Server, run_id: str) -> AsyncIterator[dict[str, Any]]:
    """The runs that the live updates tell of, until they end."""
    headers = {"X-OUTCODE-API-KEY": server.place.key}
    async with server.http.get(f"{server.base}/api/v1/runs/{run_id}/events", headers=headers) as stream:
        assert stream.content_type == "text/event-stream"
        assert stream.headers["Cache-Control"] == "no-store"
        while name := (await stream.content.readuntil(b"\n")).decode():
            assert name == "event: run\n"
            data = (await stream.content.readuntil(b"\n\n")).decode()
            assert data.startswith("data: ")
            yield json.loads(data.removeprefix("data: "))


async def test_numbers_pass_through_a_run_with_every_digit(server: Server) -> None:
    run_id = await start(
        server, "return [input.price, typeof input.price, input.id]", {"price": 0, "id": 0}, input="{{trigger.body}}"
    )
    await server.ended(run_id)
    exact = b'{"document":%s,"input":{"price":19.90,"id":12345678901234567890}}'
    table = {"app": "table", "action": "write_csv", "inputs": {"rows": [{"v": "{{trigger.body}}"}], "file_name": "r"}}
    document = json.dump_bytes(flow(tasks={"a": table}))
    sent = await server.post("/api/v1/runs", data=exact % document, headers={"Content-Type": "application/json"})
    run = await server.ended(sent.json["id"])
    assert run["state"] == "done", run
    file = (await server.get(f"/api/v1/runs/{run['id']}/tasks/a/result")).json["value"]
    content = (await server.get(f"/api/v1/files/{file['fileId']}")).content
    assert b"19.90" in content
    assert b"12345678901234567890" in content


async def test_the_runs_of_a_team_are_listed_newest_first_in_pages(server: Server) -> None:
    made = [await start(server, "return 1") for _ in range(5)]
    failed = await start(server, "throw new Error('no')")
    for run_id in [*made, failed]:
        await server.ended(run_id)
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        page = (await server.get(f"/api/v1/runs?limit=2{cursor}")).json
        seen += [run["id"] for run in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [failed, *made[::-1]]
    assert page["next_cursor"] is None
    (only,) = (await server.get("/api/v1/runs?state=failed")).json["items"]
    assert (only["id"], only["error"]["place"]["task"]) == (failed, "a")


async def test_runs_are_narrowed_to_a_flow(server: Server) -> None:
    made = await server.flow(flow())
    await start(server, "return 1")
    run = (await server.post(f"/api/v1/flows/{made['id']}/runs", {"test": True})).json
    (only,) = (await server.get(f"/api/v1/runs?flow_id={made['id']}")).json["items"]
    assert (only["id"], only["test"]) == (run["id"], True)
    assert (await server.get(f"/api/v1/runs?flow_id={new_id()}")).json["items"] == []


async def test_what_a_task_said_is_told_with_its_curl(server: Server) -> None:
    async with receiving() as receiver:
        document = flow(tasks={"a": post(receiver, {"n": 1})})
        run_id = (await server.post("/api/v1/runs", {"document": document})).json["id"]
        await server.ended(run_id)
        told = (await server.get(f"/api/v1/runs/{run_id}/tasks/a/calls")).json
    assert told["count"] == 1
    (call,) = told["calls"]
    assert (call["method"], call["status"], call["row"]) == ("POST", 200, None)
    assert call["curl"].startswith("curl -X POST http://127.0.0.1:")
    silent = await start(server, "return 1")
    await server.ended(silent)
    refused = await server.get(f"/api/v1/runs/{silent}/tasks/a/calls")
    assert (refused.status, refused.code) == (404, "calls_unknown")


WRONG_FILTERS: list[tuple[str, str]] = [
    ("state=ended", "request_choice_unknown"),
    ("flow_id=" + "-" * 36, "id_invalid"),
    ("flow_id=%00", "id_invalid"),
    ("limit=0", "request_number_too_small"),
    ("limit=201", "request_number_too_large"),
    ("limit=many", "request_type_wrong"),
    ("limti=5", "request_parameter_unknown"),
]


async def test_a_wrong_filter_is_told(server: Server) -> None:
    for query, code in WRONG_FILTERS:
        refused = await server.get(f"/api/v1/runs?{query}")
        assert (refused.status, refused.code) == (400, code)
        assert refused.json["place"]["field"] == query.partition("=")[0]
        korean = await server.get(f"/api/v1/runs?{query}", headers={"Accept-Language": "ko"})
        assert korean.json["title"] != refused.json["title"]


async def test_a_run_is_watched_until_it_ends(server: Server) -> None:
    async with receiving(seconds=60) as receiver:
        document = flow(tasks={"a": post(receiver, {})})
        run_id = (await server.post("/api/v1/runs", {"document": document})).json["id"]
        seen: list[dict[str, Any]] = []
        async for run in events(server, run_id):
            seen.append(run)
            receiver.go_on.set()
    assert [run["id"] for run in seen] == [run_id] * len(seen)
    assert len(seen) >= 2
    assert seen[0]["finished_at"] is None
    assert (seen[-1]["state"], seen[-1]["tasks"][0]["has_result"]) == ("done", True)
    assert seen[-1] == (await server.get(f"/api/v1/runs/{run_id}")).json
    assert [run async for run in events(server, run_id)] == [seen[-1]]


async def test_an_unknown_run_is_not_watched(server: Server) -> None:
    assert (await server.get(f"/api/v1/runs/{new_id()}/events")).code == "run_unknown"


async def test_a_long_result_is_cut_and_says_so(server: Server) -> None:
    run_id = await start(server, "return Array.from({length: 450}, (_, n) => ({n}))")
    await server.ended(run_id)
    path = f"/api/v1/runs/{run_id}/tasks/a/result"
    result = (await server.get(path)).json
    assert [row["n"] for row in result["value"]] == list(range(200))
    assert (result["rows"], result["truncated"], result["failures"]) == (450, True, [])
    rest = (await server.get(f"{path}?offset=400&limit=100")).json
    assert [row["n"] for row in rest["value"]] == list(range(400, 450))
    assert (rest["rows"], rest["truncated"]) == (450, False)


async def test_rows_that_failed_are_told_in_the_readers_language(server: Server) -> None:
    tasks = {
        "a": script("return [{n: 1}, {n: 2}, {n: 3}]"),
        "b": script("if (input.n === 2) throw new Error('two'); return input.n", input={"n": "{{a.n}}"}),
    }
    run_id = (await server.post("/api/v1/runs", {"document": flow(tasks=tasks)})).json["id"]
    await server.ended(run_id)
    for language in ("en", "ko"):
        reply = await server.get(f"/api/v1/runs/{run_id}/tasks/b/result", headers={"Accept-Language": language})

        ((row, error),) = [(each["row"], each["error"]) for each in reply.json["failures"]]
        assert row == 2
        assert any("가" <= character <= "힣" for character in error["message"]) == (language == "ko")


async def test_what_has_no_result_says_so(server: Server) -> None:
    run_id = await start(server, "throw new Error('no')")
    await server.ended(run_id)
    assert (await server.get(f"/api/v1/runs/{run_id}/tasks/a/result")).code == "result_unknown"
    assert (await server.get(f"/api/v1/runs/{run_id}/tasks/b/result")).code == "result_unknown"
    assert (await server.get(f"/api/v1/runs/{run_id}/tasks/%F0%9F%98%80/result")).code == "request_part_wrong"


async def test_a_running_run_is_cancelled_and_an_ended_one_is_not(server: Server) -> None:
    run_id = await start(server, LONG, timeout_seconds=60)
    await running(server, run_id)
    assert (await server.post(f"/api/v1/runs/{run_id}/cancel")).status == 202
    assert (await server.ended(run_id))["state"] == "cancelled"
    again = await server.post(f"/api/v1/runs/{run_id}/cancel")
    assert (again.status, again.code) == (409, "run_ended")


async def test_a_waiting_run_is_cancelled_at_once(server: Server) -> None:
    await server.place.instance.worker.stop()
    run_id = await start(server, "return 1")
    cancelled = await server.post(f"/api/v1/runs/{run_id}/cancel")
    assert (cancelled.status, cancelled.json["state"]) == (202, "cancelled")
    assert cancelled.json["finished_at"] is not None
    assert (await server.post(f"/api/v1/runs/{run_id}/cancel")).code == "run_ended"


async def test_an_unsaved_run_of_a_wrong_document_leaves_nothing(server: Server) -> None:
    refused = await server.post("/api/v1/runs", {"document": flow(tasks={"a": script("return {{b.x}}")})})
    assert refused.status == 400
    assert refused.json["problems"]
    assert (await server.get("/api/v1/runs")).json["items"] == []
