"""Flows over HTTP: created, listed, changed, checked, deleted, run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.server.conftest import SLOW, Server, flow, script

HANGUL = "주문"
UNKNOWN_ID = "0199c1a0-7d3c-7a4e-9c53-3f1d2b6e8a10"


async def test_a_flow_is_created_read_and_listed(server: Server) -> None:
    document = flow("Orders", trigger={"kind": "webhook", "name": "주문 접수"}, description="x")
    made = await server.flow(document)
    assert made["version"] == 1
    assert made["document"] == document
    assert made["webhook_url"] == f"{server.base}/hooks/acme/%EC%A3%BC%EB%AC%B8%20%EC%A0%91%EC%88%98"
    assert (await server.get(f"/api/v1/flows/{made['id']}")).json == made
    (listed,) = (await server.get("/api/v1/flows")).json["items"]
    assert listed == {key: value for key, value in made.items() if key != "document"}


async def test_numbers_come_back_with_every_digit(server: Server) -> None:
    numbers = [Decimal("19.90"), 12345678901234567890, Decimal("0.1"), Decimal("1.0"), -7]
    document = flow(tasks={"a": script(input={"numbers": numbers})})
    made = await server.flow(document)
    found = await server.get(f"/api/v1/flows/{made['id']}")
    assert b"[19.90,12345678901234567890,0.1,1.0,-7]" in found.content
    assert [str(number) for number in found.json["document"]["tasks"]["a"]["inputs"]["input"]["numbers"]] == [
        "19.90", "12345678901234567890", "0.1", "1.0", "-7",
    ]  # fmt: skip


async def test_a_change_is_the_next_version_and_a_late_one_is_refused(server: Server) -> None:
    made = await server.flow(flow("First"))
    path = f"/api/v1/flows/{made['id']}"
    changed = await server.call("PUT", path, {"document": flow("Second"), "version": 1})
    assert (changed.status, changed.json["version"], changed.json["name"]) == (200, 2, "Second")
    late = await server.call("PUT", path, {"document": flow("Third"), "version": 1})
    assert (late.status, late.code) == (409, "flow_changed")
    assert "2" in late.json["title"]
    assert (await server.get(path)).json["name"] == "Second"


async def test_names_are_unique(server: Server) -> None:
    webhook = {"kind": "webhook", "name": HANGUL}
    await server.flow(flow("One", trigger=webhook))
    same = await server.post("/api/v1/flows", {"document": flow("One")})
    assert (same.status, same.code) == (409, "flow_name_taken")
    assert same.json["place"] == {"field": "name"}
    decomposed = {"kind": "webhook", "name": "\u110c\u116e\u1106\u116e\u11ab"}
    hook = await server.post("/api/v1/flows", {"document": flow("Two", trigger=decomposed)})
    assert (hook.status, hook.code) == (409, "webhook_name_taken")
    assert hook.json["place"] == {"field": "trigger.name"}
    assert [each["name"] for each in (await server.get("/api/v1/flows")).json["items"]] == ["One"]


WRONG = flow(tasks={"a": {"app": "nowhere", "action": "x"}, "b": script("return {{c.x}}")})


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_everything_wrong_with_a_document_is_told(server: Server, language: str) -> None:
    headers = {"Accept-Language": f"{language}-XX;q=0.9, fr"}
    checked = await server.post("/api/v1/flows/check", {"document": WRONG}, headers=headers)
    problems = checked.json["problems"]
    assert {problem["place"]["task"] for problem in problems} == {"a", "b"}
    refused = await server.post("/api/v1/flows", {"document": WRONG}, headers=headers)
    assert (refused.status, refused.code) == (400, "several_problems")
    assert refused.json["problems"] == problems
    assert refused.headers["Content-Language"] == language
    for problem in problems:
        korean = any("가" <= character <= "힣" for character in problem["message"] + problem["hint"])
        assert korean == (language == "ko"), problem
    assert (await server.get("/api/v1/flows")).json["items"] == []


async def test_a_single_problem_speaks_for_itself(server: Server) -> None:
    refused = await server.post("/api/v1/flows", {"document": flow(tasks={"a": {"app": "nowhere", "action": "x"}})})
    (problem,) = refused.json["problems"]
    assert (refused.code, refused.json["title"]) == (problem["code"], problem["message"])
    assert refused.json["place"]["task"] == "a"


async def test_check_stores_nothing_and_finds_nothing_wrong_with_a_good_flow(server: Server) -> None:
    assert (await server.post("/api/v1/flows/check", {"document": flow()})).json == {"problems": []}
    assert (await server.get("/api/v1/flows")).json["items"] == []


NO_DOCUMENTS: list[dict[str, Any]] = [{}, {"name": 5}, {"kind": "automation"}, {"name": "x", "tasks": {"A1": {}}}]


async def test_what_is_no_document_is_refused_in_words(server: Server) -> None:
    for document in NO_DOCUMENTS:
        refused = await server.post("/api/v1/flows", {"document": document})
        assert (refused.status, bool(refused.code)) == (400, True)
        assert (await server.post("/api/v1/flows/check", {"document": document})).json["problems"]


async def test_a_deleted_flow_is_gone_and_its_runs_stay_whole(server: Server) -> None:
    made = await server.flow(flow(tasks={"a": script(SLOW), "b": script("return input.n", input={"n": "{{a}}"})}))
    path = f"/api/v1/flows/{made['id']}"
    run = (await server.post(f"{path}/runs", {})).json
    assert (await server.call("DELETE", path)).status == 204
    assert (await server.get(path)).code == "flow_unknown"
    assert (await server.call("DELETE", path)).code == "flow_unknown"
    ended = await server.ended(run["id"])
    assert (ended["state"], ended["flow_id"], ended["flow_name"]) == ("done", None, "Flow"), ended["error"]
    assert [task["state"] for task in ended["tasks"]] == ["done", "done"]


async def test_declared_inputs_are_checked_before_a_run_starts(server: Server) -> None:
    made = await server.flow(flow(inputs={"n": {"type": "number", "required": True}, "m": {"default": "x"}}))
    path = f"/api/v1/flows/{made['id']}/runs"
    missing = await server.post(path, {"input": {}})
    assert (missing.code, missing.json["place"]) == ("input_missing", {"field": "body.n"})
    assert (await server.post(path, {"input": {"n": "5"}})).code == "input_type_wrong"
    assert (await server.post(path, {"input": [1]})).code == "input_not_object"
    assert (await server.get("/api/v1/runs")).json["items"] == []
    assert (await server.post(path, {"input": {"n": 5}})).status == 202


NO_FLOWS: list[str] = [UNKNOWN_ID, "none", "%F0%9F%98%80", "..", "0" * 400]


async def test_an_unknown_flow_is_not_found(server: Server) -> None:
    for flow_id in NO_FLOWS:
        found = await server.get(f"/api/v1/flows/{flow_id}")
        assert (found.status, bool(found.code)) == (404, True)


async def test_pages_follow_each_other_newest_first(server: Server) -> None:
    made = [(await server.flow(flow(f"Flow {number}")))["id"] for number in range(7)]
    for limit in (1, 3, 7, 50):
        seen: list[str] = []
        pages, cursor = 0, ""
        while True:
            page = (await server.get(f"/api/v1/flows?limit={limit}{cursor}")).json
            seen += [each["id"] for each in page["items"]]
            pages += 1
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == made[::-1]
        assert pages == -(-7 // limit)


async def test_a_page_goes_on_where_the_last_ended_though_flows_come_and_go(server: Server) -> None:
    made = [(await server.flow(flow(f"Flow {number}")))["id"] for number in range(6)]
    first = (await server.get("/api/v1/flows?limit=2")).json
    await server.call("DELETE", f"/api/v1/flows/{made[4]}")
    await server.flow(flow("Newer"))
    second = (await server.get(f"/api/v1/flows?limit=2&cursor={first['next_cursor']}")).json
    assert [each["id"] for each in second["items"]] == [made[3], made[2]]


NO_CURSORS: list[str] = ["", "x", "%00", "AAAA", "a" * 23, "%EC%A3%BC", "AZkkAAAAcAAAAAAAAAAAAA!!", "=" * 22]


async def test_a_cursor_that_no_list_gave_out_is_refused(server: Server) -> None:
    for cursor in NO_CURSORS:
        for listing in ("flows", "runs"):
            refused = await server.get(f"/api/v1/{listing}?cursor={cursor}")
            assert (refused.status, refused.code) == (400, "cursor_invalid")
