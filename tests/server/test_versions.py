"""Versions over HTTP: history, difference, publishing, restoring, the switch, and which version a run is made of."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from outcode.workspace.keys import add_start_link
from tests.server.conftest import SLOW, Server, flow, script


def saying(word: str, name: str = "Flow", **more: Any) -> dict[str, Any]:
    return flow(name, {"a": script(f"return '{word}'")}, **more)


async def changed(server: Server, made: dict[str, Any], document: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"document": document, "version": made["version"], **more}
    reply = await server.call("PUT", f"/api/v1/flows/{made['id']}", body)
    assert reply.status == 200, reply.content
    return dict(reply.json)


async def said(server: Server, made: dict[str, Any], **options: Any) -> tuple[Any, Any]:
    """What a run of the flow leaves, and the version that it was made of."""
    headers = options.pop("headers", {})
    key = options.pop("key", "")
    begun = await server.post(f"/api/v1/flows/{made['id']}/runs", options, headers=headers, key=key)
    assert begun.status == 202, begun.content
    run = await server.ended(begun.json["id"])
    result = await server.get(f"/api/v1/runs/{run['id']}/tasks/a/result")
    return result.json["value"], run["version"]


async def test_a_flow_is_a_draft_until_it_is_published(server: Server) -> None:
    made = await server.draft(saying("one"))
    assert (made["version"], made["published_version"], made["published_at"], made["active"]) == (1, None, None, True)
    live = (await server.post(f"/api/v1/flows/{made['id']}/publish", {"note": "first"})).json
    assert (live["version"], live["published_version"]) == (1, 1)
    assert live["published_at"] is not None
    later = await changed(server, live, saying("two"), note="better words")
    assert (later["version"], later["published_version"]) == (2, 1)
    items = (await server.get(f"/api/v1/flows/{made['id']}/versions")).json["items"]
    assert [(each["number"], each["note"], each["published"], each["created_by"]) for each in items] == [
        (2, "better words", False, "Kim"),
        (1, "first", True, "Kim"),
    ]
    first = (await server.get(f"/api/v1/flows/{made['id']}/versions/1")).json
    assert first == {**items[1], "document": made["document"]}


async def test_programs_run_what_is_published_and_people_the_draft(server: Server) -> None:
    made = await server.draft(saying("one"))
    assert await said(server, made) == ("one", 1)  # nothing is published yet
    refused = await server.post(f"/api/v1/flows/{made['id']}/runs", {"version": "published"})
    assert (refused.status, refused.code) == (409, "flow_not_published")
    await server.post(f"/api/v1/flows/{made['id']}/publish", {})
    made = await changed(server, made, saying("two"))
    assert await said(server, made) == ("one", 1)
    assert await said(server, made, test=True) == ("two", 2)
    token = await add_start_link(server.place.instance.database, server.place.scope)
    cookie = (await server.get(f"/start?token={token}", key=None)).headers["Set-Cookie"].partition(";")[0]
    assert await said(server, made, headers={"Cookie": cookie}, key=None) == ("two", 2)
    for version, expected in (("draft", ("two", 2)), ("published", ("one", 1)), (1, ("one", 1)), (2, ("two", 2))):
        assert await said(server, made, version=version) == expected
    unknown = await server.post(f"/api/v1/flows/{made['id']}/runs", {"version": 3})
    assert (unknown.status, unknown.code) == (404, "version_unknown")


@pytest.mark.parametrize("version", [0, -1, "1", "newest", True, 1.5, 2**31])
async def test_a_version_that_cannot_be_is_refused_in_words(server: Server, version: Any) -> None:
    made = await server.draft(flow())
    refused = await server.post(f"/api/v1/flows/{made['id']}/runs", {"version": version})
    assert (refused.status, refused.code) == (400, "request_choice_unknown")
    assert refused.json["place"] == {"field": "version"}


async def test_a_run_keeps_its_version_though_another_is_published_meanwhile(server: Server) -> None:
    tasks = {"a": script(SLOW), "b": script("return 'old'", input={"x": "{{a}}"})}
    made = await server.flow(flow(tasks=tasks))
    run = (await server.post(f"/api/v1/flows/{made['id']}/runs", {})).json
    async with asyncio.timeout(20):
        while (await server.get(f"/api/v1/runs/{run['id']}")).json["state"] != "running":
            await asyncio.sleep(0.02)
    newer = {"a": script("return 'x'"), "b": script("return 'new'", input={"x": "{{a}}"}), "c": script()}
    await changed(server, made, flow(tasks=newer))
    await server.post(f"/api/v1/flows/{made['id']}/publish", {})
    ended = await server.ended(run["id"])
    assert (ended["state"], ended["version"], len(ended["tasks"])) == ("done", 1, 2)
    assert (await server.get(f"/api/v1/runs/{run['id']}/tasks/b/result")).json["value"] == "old"
    after = await server.ended((await server.post(f"/api/v1/flows/{made['id']}/runs", {})).json["id"])
    assert (after["version"], len(after["tasks"])) == (2, 3)


async def test_two_versions_are_compared(server: Server) -> None:
    made = await server.flow(flow("Old", {"a": script("return 1"), "b": script()}))
    await changed(server, made, flow("New", {"a": script("return 2"), "c": script()}))
    path = f"/api/v1/flows/{made['id']}/difference"
    found = (await server.get(path)).json
    assert (found["old"], found["new"]) == (1, 2)
    assert found["changes"] == [{"path": ["name"], "kind": "changed", "old": "Old", "new": "New"}]
    assert [(each["letter"], each["kind"]) for each in found["tasks"]] == [
        ("a", "changed"),
        ("b", "removed"),
        ("c", "added"),
    ]
    assert found["tasks"][0]["changes"] == [
        {"path": ["inputs", "code"], "kind": "changed", "old": "return 1", "new": "return 2"}
    ]
    assert found["tasks"][2]["new"] == script()
    same = (await server.get(f"{path}?old=2&new=draft")).json
    assert (same["changes"], same["tasks"]) == ([], [])
    assert (await server.get(f"{path}?old=9")).code == "version_unknown"
    assert (await server.get(f"{path}?old=x")).code == "request_choice_unknown"
    assert (await server.get(f"{path}?from=1")).code == "request_parameter_unknown"


async def test_an_old_version_becomes_the_draft_again(server: Server) -> None:
    made = await server.flow(saying("one"))
    later = await changed(server, made, saying("two"))
    path = f"/api/v1/flows/{made['id']}/versions"
    restored = await server.post(f"{path}/1/restore", {"version": later["version"]})
    assert (restored.status, restored.json["version"], restored.json["document"]) == (200, 3, made["document"])
    assert (await server.get(path)).json["items"][0]["restored_from"] == 1
    late = await server.post(f"{path}/2/restore", {"version": 2})
    assert (late.status, late.code) == (409, "flow_changed")
    assert (await server.post(f"{path}/7/restore", {"version": 3})).code == "version_unknown"


async def test_a_late_change_is_told_what_is_needed_to_show_both_sides(server: Server) -> None:
    made = await server.draft(saying("one"))
    await changed(server, made, saying("two"))
    late = await server.call("PUT", f"/api/v1/flows/{made['id']}", {"document": saying("three"), "version": 1})
    assert (late.status, late.code) == (409, "flow_changed")
    details = late.json["details"]
    newest = (await server.get(f"/api/v1/flows/{details['flow']}/versions/{details['current']}")).json
    assert (newest["created_by"], newest["document"]) == (details["by"], saying("two", trigger={"kind": "manual"}))
    assert "Kim" in late.json["title"]


async def test_the_switch_stops_deliveries_and_no_runs_by_hand(server: Server) -> None:
    made = await server.flow(saying("one", trigger={"kind": "webhook", "name": "hook", "reply": "last_task"}))
    path = f"/api/v1/flows/{made['id']}/active"
    off = await server.call("PUT", path, {"active": False})
    assert (off.status, off.json["active"]) == (200, False)
    refused = await server.post("/hooks/acme/hook")
    assert (refused.status, refused.code) == (404, "webhook_unknown")
    assert await said(server, made) == ("one", 1)
    await server.call("PUT", path, {"active": True})
    assert (await server.post("/hooks/acme/hook")).json == "one"


async def test_a_delivery_runs_what_is_published(server: Server) -> None:
    trigger = {"kind": "webhook", "name": "hook", "reply": "last_task"}
    made = await server.draft(saying("one", trigger=trigger))
    assert (await server.post("/hooks/acme/hook")).code == "webhook_unknown"
    await server.post(f"/api/v1/flows/{made['id']}/publish", {})
    await changed(server, made, saying("two", trigger=trigger))
    assert (await server.post("/hooks/acme/hook")).json == "one"
    await server.post(f"/api/v1/flows/{made['id']}/publish", {})
    assert (await server.post("/hooks/acme/hook")).json == "two"


async def test_pages_of_versions_follow_each_other(server: Server) -> None:
    made = await server.draft(saying("1"))
    for number in range(2, 6):
        made = await changed(server, made, saying(str(number)))
    seen: list[int] = []
    cursor = ""
    while True:
        page = (await server.get(f"/api/v1/flows/{made['id']}/versions?limit=2{cursor}")).json
        seen += [each["number"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [5, 4, 3, 2, 1]
