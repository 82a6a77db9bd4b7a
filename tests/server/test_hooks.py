"""Webhooks: what a delivery may be, who may send it, what it becomes, and how it is answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from outcode.values import json
from outcode.workspace.keys import add_api_key
from outcode.workspace.people import create_workspace
from tests.server.conftest import SLOW, Reply, Server, flow, multipart, script, whole_database

ECHO = script("return input.trigger", input={"trigger": "{{trigger}}"})
JSON_TYPE = {"Content-Type": "application/json"}


async def hook(server: Server, name: str = "hook", reply: str = "last_task", **more: Any) -> str:
    """Store a flow with a webhook; its path. It answers what it got."""
    tasks = more.pop("tasks", {"a": ECHO})
    trigger = {"kind": "webhook", "name": name, "reply": reply, **more.pop("trigger", {})}
    await server.flow(flow(f"Flow {name}", tasks, trigger=trigger, **more))
    return f"/hooks/acme/{quote(name, safe='')}"


async def got(server: Server, path: str, data: Any, **headers: str) -> Any:
    """The body as the flow sees it."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = await server.post(path, data=data, headers=sent)
    assert reply.status == 200, reply.content
    return reply.json["body"]


async def test_bodies_of_every_kind(server: Server) -> None:
    path = await hook(server)
    exact = b'{"n":19.90,"id":12345678901234567890}'
    assert await got(server, path, b'{"a":[1,null,"x"]}', Content_Type="application/json") == {"a": [1, None, "x"]}
    assert str((await got(server, path, exact, Content_Type="application/vnd.x+json; charset=utf-8"))["id"]) == (
        "12345678901234567890"
    )
    assert await got(server, path, b"a=1&b=%ED%95%9C+x&a=2&c=", Content_Type=FORM) == {
        "a": ["1", "2"], "b": "한 x", "c": "",
    }  # fmt: skip
    assert await got(server, path, "이름=홍길동".encode(), Content_Type=FORM) == {"이름": "홍길동"}
    assert await got(server, path, "그냥 글".encode(), Content_Type="text/plain") == "그냥 글"
    assert await got(server, path, b"[1]", Content_Type="text/plain") == "[1]"
    assert await got(server, path, b"[1]") == [1]
    assert await got(server, path, b"plain") == "plain"
    assert await got(server, path, None) == {}


FORM = "application/x-www-form-urlencoded"


async def test_a_multipart_form_with_a_file(server: Server) -> None:
    file = ("file", b"\xff\x00", "사진.bin", "image/png")
    data, headers = multipart(("name", "Kim"), ("long", "x" * 2_000_000), file)
    body = await got(server, await hook(server), data, Content_Type=headers["Content-Type"])
    assert (body["name"], len(body["long"])) == ("Kim", 2_000_000)
    file_id = body["file"].pop("fileId")
    assert body["file"] == {"name": "사진.bin", "mediaType": "image/png", "size": 2}
    assert (await server.get(f"/api/v1/files/{file_id}")).content == b"\xff\x00"


UNREADABLE: list[tuple[bytes, str, str]] = [
    (b"{broken", "application/json", "json_invalid"),
    (b"\xff\xfe", "application/json", "json_invalid"),
    (b'"\\ud800"', "application/json", "json_invalid"),
    (b"[" * 100_000, "application/json", "json_invalid"),
    (b"\xc7\xd1", "text/plain", "body_not_utf8"),
    (b"\xc7\xd1", "", "body_not_utf8"),
    (b"a=%C7%D1", FORM, "body_not_utf8"),
    (b"a=\xc7\xd1", FORM, "body_not_utf8"),
    (b"&".join([b"a=1"] * 1001), FORM, "webhook_body_unreadable"),
    (b"--x\r\nnonsense", "multipart/form-data; boundary=x", "webhook_body_unreadable"),
    (b"--x", "multipart/form-data", "webhook_body_unreadable"),
]


async def test_what_cannot_be_read_is_told_to_who_may_call(server: Server) -> None:
    path = await hook(server)
    for data, media_type, code in UNREADABLE:
        headers = {"Content-Type": media_type} if media_type else {}
        refused = await server.post(path, data=data, headers=headers)
        assert (refused.status, refused.code) == (400, code), refused.content
        korean = await server.post(path, data=data, headers=headers | {"Accept-Language": "ko"})
        assert korean.json["title"] != refused.json["title"]
        assert (await server.post(path, data=data, headers=headers, key="oc_wrong")).code == "api_key_refused"
        assert (await server.get("/api/v1/runs")).json["items"] == []


async def test_query_headers_and_method_without_the_calls_secrets(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = await hook(server)
    key = await add_api_key(server.place.instance.database, server.place.scope, "hooks")
    headers = {"Authorization": "Bearer s3cret-a", "Cookie": "c=s3cret-c", "X-Kind": "주문".encode().decode("latin-1")}
    by_query = await server.post(f"{path}?key={key}&x=1&x=2&y=%ED%95%9C", key=None, headers=headers)
    by_header = await server.post(f"{path}?x=1", key=key, headers=headers | {"Proxy-Authorization": "s3cret-p"})
    assert by_query.json["query"] == {"x": ["1", "2"], "y": "한"}
    assert by_query.json["method"] == "POST"
    for reply in (by_query, by_header):
        assert reply.status == 200, reply.content
        names = set(reply.json["headers"])
        assert "x-kind" in names
        assert not names & {"authorization", "cookie", "x-outcode-api-key", "proxy-authorization"}
    everywhere = await whole_database(server) + caplog.text
    for secret in (key, server.place.key, "s3cret"):
        assert secret not in everywhere
        assert secret.encode().hex() not in everywhere


async def test_who_may_not_call_is_refused(server: Server) -> None:
    path = await hook(server)
    _, foreign = await server.stranger()
    for address in (path, "/hooks/acme/none", "/hooks/none/hook"):
        assert (await server.post(address, key=None)).code == "api_key_missing"
        wrong = await server.post(f"{address}?key=oc_wrong", key=None)
        assert (wrong.status, wrong.code) == (401, "api_key_refused")
    assert (await server.post(path, key=foreign)).code == "api_key_refused"
    assert (await server.get("/api/v1/runs")).json["items"] == []


async def test_a_member_of_the_flows_team_may_call_with_a_key_of_another_team(server: Server) -> None:
    path = await hook(server)
    database = server.place.instance.database
    elsewhere = await create_workspace(
        database, organization="B", domain="b", team="B", user="Kim", email="kim2@acme.test"
    )
    key = await add_api_key(database, elsewhere, "b")
    assert (await server.post(path, key=key)).status == 401


NOWHERE: list[str] = ["/hooks/acme/none", "/hooks/none/hook", "/hooks/acme/%00", "/hooks/%FF/hook"]


async def test_an_unknown_address_is_not_found(server: Server) -> None:
    await hook(server)
    for address in NOWHERE:
        assert (await server.post(address)).status == 404


async def test_a_webhook_that_is_off_is_not_found(server: Server) -> None:
    path = await hook(server)
    (flow_id,) = [each["id"] for each in (await server.get("/api/v1/flows")).json["items"]]
    await server.call("PUT", f"/api/v1/flows/{flow_id}/active", {"active": False})
    refused = await server.post(path)
    assert (refused.status, refused.code) == (404, "webhook_unknown")
    assert (await server.get(path)).status == 404


async def test_a_korean_name_is_found_composed_and_decomposed(server: Server) -> None:
    await hook(server, "주문 접수")
    assert (await server.post("/hooks/acme/%EC%A3%BC%EB%AC%B8%20%EC%A0%91%EC%88%98")).status == 200
    decomposed = quote("\u110c\u116e\u1106\u116e\u11ab \u110c\u1165\u11b8\u1109\u116e")
    assert (await server.post(f"/hooks/acme/{decomposed}")).status == 200
    await hook(server, "\u110c\u116e\u1106\u116e\u11ab")
    assert (await server.post(f"/hooks/acme/{quote('주문')}")).status == 200


async def test_a_korean_domain_is_found(server: Server) -> None:
    database = server.place.instance.database
    scope = await create_workspace(
        database, organization="A", domain="\u1112\u1161\u11ab", team="T", user="U", email="u@a.test"
    )
    key = await add_api_key(database, scope, "k")
    document = flow("F", {"a": ECHO}, trigger={"kind": "webhook", "name": "x"})
    made = await server.post("/api/v1/flows", {"document": document}, key=key)
    assert made.json["webhook_url"] == f"{server.base}/hooks/%ED%95%9C/x"
    await server.post(f"/api/v1/flows/{made.json['id']}/publish", {}, key=key)
    assert (await server.post("/hooks/%ED%95%9C/x", key=key)).status == 200


async def test_declared_inputs_are_told(server: Server) -> None:
    path = await hook(server, inputs={"n": {"type": "number", "required": True}, "t": {"default": "d"}})
    missing = await server.post(path, {"x": 1}, headers={"Accept-Language": "ko"})
    assert (missing.status, missing.code, missing.json["place"]) == (400, "input_missing", {"field": "body.n"})
    assert (await server.post(path, {"n": "1"})).code == "input_type_wrong"
    assert (await server.post(path, [1])).code == "input_not_object"
    assert (await server.get("/api/v1/runs")).json["items"] == []
    assert (await server.post(path, {"n": 1})).json["body"] == {"n": 1, "t": "d"}


async def test_a_body_over_the_limit_is_refused_announced_or_in_chunks(server: Server) -> None:
    path = await hook(server, reply="at_once")
    too_much = 10 * 1024 * 1024 + 1

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(0, too_much, 2**16):
            yield b"x" * 2**16

    announced = await server.post(path, data=b"x" * too_much, headers={"Content-Type": "text/plain"})
    assert (announced.status, announced.code) == (413, "body_too_large")
    for media_type in ("text/plain", "application/json", FORM, "multipart/form-data; boundary=x"):
        refused = await server.post(path, data=chunks(), headers={"Content-Type": media_type})
        assert (refused.status, refused.code) == (413, "body_too_large"), media_type
    exactly = await server.post(path, data=b"x" * (too_much - 1), headers={"Content-Type": "text/plain"})
    assert exactly.status == 200


async def test_at_once_answers_the_run(server: Server) -> None:
    path = await hook(server, reply="at_once", tasks={"a": script("return 'done'")})
    reply = await server.post(path)
    run_id = reply.json["runId"]
    assert (reply.status, reply.json, reply.headers["X-Outcode-Run-Id"]) == (200, {"runId": run_id}, run_id)
    run = await server.ended(run_id)
    assert (run["state"], run["trigger"]) == ("done", "webhook")


async def test_the_last_task_answers(server: Server) -> None:
    tasks = {"a": script("return {n: 1}"), "b": script("return {price: '19.90', n: input.n}", input={"n": "{{a.n}}"})}
    reply = await server.post(await hook(server, tasks=tasks))
    assert (reply.status, reply.json) == (200, {"price": "19.90", "n": 1})
    assert (await server.ended(reply.headers["X-Outcode-Run-Id"]))["state"] == "done"


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_a_failed_flow_answers_its_problem_and_its_run(server: Server, language: str) -> None:
    path = await hook(server, tasks={"a": script("throw new Error('boom')")})
    reply = await server.post(path, headers={"Accept-Language": language})
    assert (reply.status, bool(reply.code)) == (500, True)
    assert reply.json["place"]["task"] == "a"
    run = await server.get(f"/api/v1/runs/{reply.headers['X-Outcode-Run-Id']}", headers={"Accept-Language": language})
    assert (run.json["state"], run.json["error"]["message"]) == ("failed", reply.json["title"])


async def deliver(server: Server, path: str, key: str, body: Any = None) -> Reply:
    return await server.post(path, body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("reply", ["at_once", "last_task"])
async def test_the_same_idempotency_key_is_the_same_run(server: Server, reply: str) -> None:
    path = await hook(server, reply=reply, tasks={"a": script(SLOW)})
    together = await asyncio.gather(*(deliver(server, path, "order-1") for _ in range(4)))
    later = await deliver(server, path, "order-1", {"other": "body"})
    assert {each.status for each in (*together, later)} == {200}
    assert len({each.headers["X-Outcode-Run-Id"] for each in (*together, later)}) == 1
    assert {each.content for each in together} == {later.content}
    assert (await deliver(server, path, "order-2")).headers["X-Outcode-Run-Id"] != later.headers["X-Outcode-Run-Id"]
    assert len((await server.get("/api/v1/runs")).json["items"]) == 2


async def test_an_idempotency_key_belongs_to_its_flow(server: Server) -> None:
    paths = [await hook(server, name, "at_once") for name in ("one", "two")]
    runs = [(await deliver(server, path, "same")).json["runId"] for path in paths]
    assert len(set(runs)) == 2
    for wrong, code in (("", "request_text_empty"), ("x" * 201, "request_text_too_long")):
        refused = await deliver(server, paths[0], wrong)
        assert (refused.status, refused.code) == (400, code)


async def test_numbers_of_a_delivery_are_answered_with_every_digit(server: Server) -> None:
    task = {"app": "table", "action": "write_csv", "inputs": {"rows": ["{{trigger.body}}"], "file_name": "r"}}
    path = await hook(server, tasks={"a": task})
    reply = await server.post(path, data=b'{"n":19.90,"id":12345678901234567890}', headers=JSON_TYPE)
    content = (await server.get(f"/api/v1/files/{json.loads(reply.content)['fileId']}")).content
    assert b"19.90,12345678901234567890" in content
