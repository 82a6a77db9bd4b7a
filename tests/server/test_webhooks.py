"""Webhooks beyond the call itself: who is let in, signatures, names, samples, limits, and what is left of a refusal."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import socket
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from outcode.runs.token_buckets import TokenBuckets
from outcode.values import json
from outcode.workspace.keys import add_api_key
from outcode.workspace.settings import Settings
from tests.server.conftest import SLOW, Reply, Server, flow, multipart, script, whole_database

ECHO = {"a": script("return input.trigger", input={"trigger": "{{trigger}}"})}
SIGNED = {"header": "X-Signature", "scheme": "prefixed"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Behind a proxy on loopback, with a host name of its own for webhooks, and small bodies."""
    return replace(settings, trusted_proxies="127.0.0.1", webhook_host="hooks.test", webhook_body_mib=1)


async def made(server: Server, name: str = "hook", reply: str = "last_task", **trigger: Any) -> dict[str, Any]:
    """A flow with a webhook that answers what it got."""
    return await server.flow(
        flow(f"Flow {name}", ECHO, trigger={"kind": "webhook", "name": name, "reply": reply, **trigger})
    )


async def changed(server: Server, stored: dict[str, Any], **more: Any) -> Reply:
    body = {"document": {**stored["document"], **more}, "version": stored["version"]}
    return await server.call("PUT", f"/api/v1/flows/{stored['id']}", body)


async def refusals(server: Server, query: str = "", *, key: str = "") -> list[dict[str, Any]]:
    """What was refused, written for certain."""
    await server.place.instance.webhooks.refusals.write()
    items: list[dict[str, Any]] = (await server.get(f"/api/v1/webhooks/refusals{query}", key=key)).json["items"]
    return items


async def run_count(server: Server) -> int:
    return len((await server.get("/api/v1/runs")).json["items"])


def signature(secret: str, body: bytes) -> dict[str, str]:
    return {"X-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def test_only_listed_addresses_may_call_and_only_a_trusted_proxy_tells_them(server: Server) -> None:
    await made(server, allow_from=["203.0.113.0/24", "2001:db8::/32"])
    for forwarded, status in [("203.0.113.7", 200), ("198.51.100.1, 203.0.113.7", 200), ("2001:db8::1", 200)]:
        assert (await server.post("/hooks/acme/hook", headers={"X-Forwarded-For": forwarded})).status == status
    runs = await run_count(server)
    for forwarded in ("198.51.100.1", "203.0.113.7, 198.51.100.1", "nonsense"):
        refused = await server.post("/hooks/acme/hook", headers={"X-Forwarded-For": forwarded, "Accept-Language": "ko"})
        assert (refused.status, refused.code) == (401, "webhook_address_refused")
    assert await run_count(server) == runs


async def test_a_signed_webhook_takes_what_its_secret_signed(server: Server) -> None:
    stored = await made(server, signature=SIGNED)
    place, body = f"/api/v1/flows/{stored['id']}/webhook", b'{"n": 19.95}'
    headers = {"Content-Type": "application/json"}
    assert (await server.post("/hooks/acme/hook", data=body, headers=headers)).code == "webhook_secret_missing"
    secret = (await server.call("PUT", f"{place}/secret", {})).json["secret"]
    assert len(secret) > 40
    accepted = await server.post("/hooks/acme/hook", data=body, headers=headers | signature(secret, body))
    assert (accepted.status, str(accepted.json["body"]["n"])) == (200, "19.95")
    assert (await server.post("/hooks/acme/hook", data=body, headers=headers)).code == "webhook_signature_missing"
    for wrong in (body + b" ", b"{broken"):
        refused = await server.post("/hooks/acme/hook", data=wrong, headers=headers | signature(secret, body))
        assert (refused.status, refused.code) == (401, "webhook_signature_wrong")
    assert (
        await server.post(f"/hooks/acme/hook?key={'x' * 40}", key=None, data=body, headers=signature(secret, body))
    ).status == 401
    everywhere = await whole_database(server)
    assert secret not in everywhere
    assert secret.encode().hex() not in everywhere


async def test_secrets_are_changed_without_a_gap_and_never_shown_again(server: Server) -> None:
    stored = await made(server, signature=SIGNED)
    place = f"/api/v1/flows/{stored['id']}/webhook"

    async def passes(secret: str) -> bool:
        return (await server.post("/hooks/acme/hook", data=b"x", headers=signature(secret, b"x"))).status == 200

    first = "a secret of the sender 한글"
    assert (await server.call("PUT", f"{place}/secret", {"secret": first})).json == {"secret": first}
    second = (await server.call("PUT", f"{place}/secret", {"keep_previous_hours": 2})).json["secret"]
    assert [await passes(secret) for secret in (first, second)] == [True, True]
    known = await server.get(place)
    assert [each["expires_at"] is None for each in known.json["secrets"]] == [True, False]
    assert first.encode() not in known.content
    third = (await server.call("PUT", f"{place}/secret", {})).json["secret"]
    assert [await passes(secret) for secret in (first, second, third)] == [False, False, True]
    assert (await server.call("DELETE", f"{place}/secret")).status == 204
    assert not await passes(third)
    for short in ("", "x" * 15, "x" * 513):
        assert (await server.call("PUT", f"{place}/secret", {"secret": short})).status == 400
    other = await server.flow(flow("By hand"))
    refused = await server.call("PUT", f"/api/v1/flows/{other['id']}/webhook/secret", {})
    assert (refused.status, refused.code) == (409, "webhook_not_declared")


async def test_a_webhook_keeps_the_names_it_had(server: Server) -> None:
    stored = await made(server, "주문")
    renamed = (await changed(server, stored, trigger={"kind": "webhook", "name": "orders", "reply": "last_task"})).json
    await server.post(f"/api/v1/flows/{stored['id']}/publish", {})
    old = f"/hooks/acme/{quote('주문')}"
    for address in (old, "/hooks/acme/orders"):
        assert (await server.post(address, {"n": 1})).json["body"] == {"n": 1}
    known = (await server.get(f"/api/v1/flows/{stored['id']}/webhook")).json
    assert (known["name"], known["names"]) == ("orders", ["주문", "orders"])
    taken = await server.post(
        "/api/v1/flows", {"document": flow("Other", ECHO, trigger={"kind": "webhook", "name": "주문"})}
    )
    assert (taken.status, taken.code) == (409, "webhook_name_taken")
    names = f"/api/v1/flows/{stored['id']}/webhook/names"
    assert (await server.call("DELETE", f"{names}/orders")).code == "webhook_name_in_use"
    assert (await server.call("DELETE", f"{names}/{quote('주문')}")).status == 204
    assert (await server.call("DELETE", f"{names}/{quote('주문')}")).code == "webhook_name_in_use"
    assert (await server.post(old)).code == "webhook_unknown"
    other = await server.flow(flow("Other", ECHO, trigger={"kind": "webhook", "name": "주문"}))
    assert other["webhook_url"].endswith(quote("주문"))
    back = await changed(server, renamed, trigger={"kind": "webhook", "name": "주문"})
    assert (back.status, back.code) == (409, "webhook_name_taken")
    assert (await server.call("DELETE", f"/api/v1/flows/{stored['id']}")).status == 204
    assert (await server.post("/hooks/acme/orders")).code == "webhook_unknown"


async def test_the_webhook_host_serves_the_bare_form(server: Server) -> None:
    stored = await made(server, "주문 1")
    path = f"/acme/{quote('주문 1')}"
    assert stored["webhook_url"] == f"https://hooks.test{path}"
    for host in ("hooks.test", "HOOKS.test:443"):
        assert (await server.post(f"{path}?key={server.place.key}", key=None, headers={"Host": host})).status == 200
        assert (await server.post(f"/hooks{path}", headers={"Host": host})).status == 200
    assert (await server.post(path, headers={"Host": "hooks.test.evil.test"})).code == "page_unknown"
    assert (await server.post(path)).code == "page_unknown"
    assert (await server.get(path, headers={"Host": "hooks.test"})).status in {200, 404}
    assert (await server.get("/api/v1/flows", headers={"Host": "hooks.test"})).status == 200


async def test_the_next_request_is_kept_as_a_sample_and_starts_nothing(server: Server) -> None:
    stored = await made(server)
    place = f"/api/v1/flows/{stored['id']}/webhook/capture"
    assert (await server.get(place)).json == {"armed_until": None, "captured_at": None, "sample": None}
    assert (await server.post(place)).json["armed_until"] is not None
    assert (await server.post("/hooks/acme/hook", key="oc_wrong")).status == 401
    kept = await server.post(
        f"/hooks/acme/hook?key={server.place.key}&x=1", {"n": 1}, key=None, headers={"Cookie": "c"}
    )
    assert (kept.status, kept.json, kept.headers.get("X-Outcode-Run-Id")) == (200, {"captured": True}, None)
    assert await run_count(server) == 0
    found = (await server.get(place)).json
    assert (found["armed_until"], found["captured_at"] is not None) == (None, True)
    assert (found["sample"]["body"], found["sample"]["query"], found["sample"]["method"]) == (
        {"n": 1},
        {"x": "1"},
        "POST",
    )
    assert "cookie" not in found["sample"]["headers"]
    assert server.place.key not in await whole_database(server)
    assert (await server.post("/hooks/acme/hook", {"n": 2})).json["body"] == {"n": 2}
    assert (await server.call("DELETE", place)).status == 204
    assert (await server.get(place)).json["sample"] is None


async def test_of_many_at_once_one_is_kept(server: Server) -> None:
    stored = await made(server, reply="at_once")
    await server.post(f"/api/v1/flows/{stored['id']}/webhook/capture")
    replies = await asyncio.gather(*(server.post("/hooks/acme/hook", {"n": number}) for number in range(8)))
    assert [reply.json.get("captured") for reply in replies].count(True) == 1
    assert await run_count(server) == 7


async def test_a_webhook_that_is_off_can_be_captured_and_starts_nothing(server: Server) -> None:
    stored = await made(server)
    await server.call("PUT", f"/api/v1/flows/{stored['id']}/active", {"active": False})
    await server.post(f"/api/v1/flows/{stored['id']}/webhook/capture")
    assert (await server.post("/hooks/acme/hook")).json == {"captured": True}
    assert (await server.post("/hooks/acme/hook")).code == "webhook_unknown"
    assert await run_count(server) == 0


async def test_files_of_a_form_are_stored_once_and_only_with_a_run(server: Server) -> None:
    document = flow(
        "Files",
        ECHO,
        inputs={"n": {"type": "number", "required": True}},
        trigger={"kind": "webhook", "name": "files", "reply": "last_task"},
    )
    await server.flow(document)
    await made(server, "open")
    data, headers = multipart(("f", b"1", "a.txt", "text/plain"), ("f", b"22", "b.txt", "text/plain"), ("t", "x"))
    assert (await server.post("/hooks/acme/files", data=data, headers=headers)).code == "input_missing"
    twice = [
        await server.post("/hooks/acme/open", data=data, headers=headers | {"Idempotency-Key": "1"}) for _ in range(2)
    ]
    assert twice[0].content == twice[1].content
    first, second = twice[0].json["body"]["f"]
    assert (first["size"], second["size"], second["name"]) == (1, 2, "b.txt")
    assert (await server.get(f"/api/v1/files/{second['fileId']}")).content == b"22"
    count = await server.place.instance.database.pool.fetchval("SELECT count(*) FROM files")
    assert count == 2


async def test_too_many_calls_wait_and_others_do_not(server: Server) -> None:
    webhooks = server.place.instance.webhooks
    webhooks._turns = TokenBuckets(rate=0.1, burst=2)
    for name in ("one", "two"):
        await made(server, name, "at_once")
    answers = [await server.post("/hooks/acme/one", headers={"Accept-Language": "ko"}) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert (answers[2].code, 1 <= int(answers[2].headers["Retry-After"]) <= 10) == ("webhook_too_many", True)
    # The key has used up its turns, too; another key of the same person has its own, and the other flow its own.
    assert (await server.post("/hooks/acme/two")).code == "webhook_too_many"
    other = await add_api_key(server.place.instance.database, server.place.scope, "other")
    assert (await server.post("/hooks/acme/two", key=other)).status == 200
    assert await run_count(server) == 3


async def test_guessing_keys_is_slowed_down_without_shutting_others_out(server: Server) -> None:
    webhooks = server.place.instance.webhooks
    webhooks._wrong_keys = TokenBuckets(rate=0.1, burst=3)
    await made(server, reply="at_once")
    unused = await add_api_key(server.place.instance.database, server.place.scope, "unused")
    assert (await server.post("/hooks/acme/hook")).status == 200

    async def attempt(key: str | None, sender: str = "198.51.100.1") -> Reply:
        return await server.post("/hooks/acme/hook", key=key, headers={"X-Forwarded-For": sender})

    assert [(await attempt(f"oc_{number}")).status for number in range(4)] == [401, 401, 401, 429]
    slowed = await attempt(None)
    assert (slowed.code, int(slowed.headers["Retry-After"]) > 5) == ("webhook_attempts_too_many", True)
    assert (await attempt(unused)).status == 429  # nothing tells it from a guess
    assert (await attempt(unused, "198.51.100.2")).status == 200
    assert (await attempt(unused)).status == 200
    for number in range(4):
        await attempt("oc_wrong", f"2001:db8::{number}")
    assert (await attempt("oc_wrong", "2001:db8::ffff")).status == 429
    assert (await attempt("oc_wrong", "2001:db8:1::1")).status == 401


async def test_refusals_are_told_to_the_team_and_nobody_else(server: Server) -> None:
    stored = await made(server, allow_from=["203.0.113.0/24"])
    document = flow("Inputs", ECHO, inputs={"n": {"required": True}}, trigger={"kind": "webhook", "name": "inputs"})
    inputs = await server.flow(document)
    _, foreign = await server.stranger()
    sent = {"X-Forwarded-For": "198.51.100.1"}
    await server.post("/hooks/acme/hook", headers=sent)
    await server.post("/hooks/acme/hook", headers=sent)
    await server.post("/hooks/acme/hook", key=None)
    await server.post(f"/hooks/acme/hook?key={foreign}", key=None)
    await server.post("/hooks/acme/inputs", {"n": None})
    await server.post("/hooks/acme/inputs", data=b"{", headers={"Content-Type": "application/json"})
    await server.post("/hooks/acme/none")
    await server.post("/hooks/acme/none", key="oc_wrong")
    found = {(each["flow_id"], each["problem"]["code"]): each for each in await refusals(server)}
    assert {key: each["count"] for key, each in found.items()} == {
        (stored["id"], "webhook_address_refused"): 2,
        (stored["id"], "api_key_missing"): 1,
        (stored["id"], "api_key_refused"): 1,
        (inputs["id"], "input_missing"): 1,
        (inputs["id"], "json_invalid"): 1,
        (None, "webhook_unknown"): 1,
    }
    blocked = found[stored["id"], "webhook_address_refused"]
    assert (blocked["status"], blocked["address"], blocked["flow_name"]) == (401, "198.51.100.1", "Flow hook")
    assert found[None, "webhook_unknown"]["status"] == 404
    assert len(await refusals(server, f"?flow_id={inputs['id']}")) == 2
    assert len((await server.get("/api/v1/webhooks/refusals?limit=2")).json["items"]) == 2
    korean = await server.get("/api/v1/webhooks/refusals", headers={"Accept-Language": "ko"})
    assert "주소" in korean.json["items"][-1]["problem"]["message"]
    assert await refusals(server, key=foreign) == []
    everywhere = await whole_database(server)
    assert foreign not in everywhere
    assert await run_count(server) == 0


async def test_an_attack_leaves_a_few_rows(server: Server) -> None:
    await made(server, reply="at_once")
    pool, record = server.place.instance.database.pool, server.place.instance.webhooks.refusals
    server.place.instance.webhooks._wrong_keys = TokenBuckets(rate=1e6, burst=1e6)
    attempts = 300
    for first in range(0, attempts, 50):
        await asyncio.gather(
            *(
                server.post(
                    "/hooks/acme/hook", key=f"oc_{number}", headers={"X-Forwarded-For": f"198.51.100.{number % 250}"}
                )
                for number in range(first, first + 50)
            )
        )
        await record.write()
    rows = await pool.fetch("SELECT address, count FROM webhook_refusals")
    assert sum(row["count"] for row in rows) == attempts
    assert 2 <= len(rows) <= 21
    assert any(row["address"] is None for row in rows)
    await pool.execute(
        """
        INSERT INTO webhook_refusals SELECT organization_id, team_id, gen_random_uuid(), flow_id, problem, 'old', 1,
               now() - interval '31 days', now() - interval '31 days' FROM webhook_refusals LIMIT 1
        """
    )
    await pool.execute(
        """
        INSERT INTO webhook_refusals SELECT organization_id, team_id, gen_random_uuid(), flow_id, problem, 'many', 1,
               now(), now() FROM webhook_refusals, generate_series(1, 40)
        """
    )
    record._forgets_at = 0
    await server.post("/hooks/acme/hook", key="oc_more")
    await record.write()
    assert await pool.fetchval("SELECT count(*) FROM webhook_refusals WHERE address = 'old'") == 0
    assert 499 <= await pool.fetchval("SELECT count(*) FROM webhook_refusals") <= 500


async def test_a_hostile_number_does_not_spoil_the_record(server: Server) -> None:
    document = flow("Inputs", ECHO, inputs={"n": {"type": "text"}}, trigger={"kind": "webhook", "name": "inputs"})
    await server.flow(document)
    for body in (b'{"n": 1e999999}', b'{"n": ' + b"9" * 4000 + b"}"):
        refused = await server.post("/hooks/acme/inputs", data=body, headers={"Content-Type": "application/json"})
        assert refused.status == 400, refused.content
    assert [each["count"] for each in await refusals(server)] == [2]


async def test_a_service_that_has_ended_answers_423(server: Server) -> None:
    await made(server)
    pool = server.place.instance.database.pool
    await pool.execute("UPDATE organizations SET service_ended_at = now() + interval '1 day'")
    assert (await server.post("/hooks/acme/hook")).status == 200
    await pool.execute("UPDATE organizations SET service_ended_at = now()")
    ended = await server.post("/hooks/acme/hook", headers={"Accept-Language": "ko"})
    assert (ended.status, ended.code) == (423, "service_ended")
    assert (await server.post("/hooks/acme/hook", key="oc_wrong")).status == 401
    assert {each["status"] for each in await refusals(server)} == {401, 423}


async def test_a_key_that_was_revoked_a_moment_ago_opens_nothing(server: Server) -> None:
    await made(server)
    key = await add_api_key(server.place.instance.database, server.place.scope, "short lived")
    assert (await server.post("/hooks/acme/hook", key=key)).status == 200
    pool = server.place.instance.database.pool
    await pool.execute("UPDATE api_keys SET revoked_at = now() WHERE name = 'short lived'")
    assert (await server.post("/hooks/acme/hook", key=key)).code == "api_key_refused"
    await pool.execute("DELETE FROM memberships")
    assert (await server.post("/hooks/acme/hook")).code == "api_key_refused"


async def test_a_body_over_the_limit_that_the_operator_set(server: Server) -> None:
    await made(server, reply="at_once")
    big = await server.post("/hooks/acme/hook", data=b"x" * (1024 * 1024 + 1), headers={"Content-Type": "text/plain"})
    assert (big.status, big.code, big.json["details"]) == (413, "body_too_large", {"limit_mb": 1})
    assert [each["status"] for each in await refusals(server)] == [413]


async def test_who_may_not_call_is_refused_before_the_body_is_sent(server: Server) -> None:
    """The sender asks first (Expect: 100-continue), and is never told to go on."""
    await made(server)
    head = b"POST /hooks/acme/hook HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
    assert (await raw(server, head)).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /hooks/acme/hook HTTP/1.1\r\nX-A: \xff\xfe\r\nX-OUTCODE-API-KEY: \xff\r\nContent-Length: 0\r\n\r\n",
        b"POST /hooks/acme/hook?key=%FF%00&%=%zz&a=%C7 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"POST /hooks/acme/%FF%00 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"POST /hooks/a%2Fb/..%2F HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"POST /hooks//hook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"POST /hooks/acme/hook/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"POST /hooks/acme/hook HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
        b"POST /hooks/acme/hook HTTP/1.1\r\nX-OUTCODE-API-KEY: a\r\n X-Folded: b\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_hostile_requests_are_refused_in_words(server: Server, request_: bytes) -> None:
    await made(server)
    answer = await raw(server, request_)
    assert answer[9:12] in {b"400", b"401", b"404"}, answer
    assert b"Traceback" not in answer


async def raw(server: Server, request: bytes) -> bytes:
    """The answer to bytes as they are, up to the end of its first piece."""
    port = int(server.base.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(10):
            return await reader.read(65536)
    finally:
        writer.close()


async def test_a_sender_that_goes_away_starts_nothing(server: Server) -> None:
    await made(server)
    head = f"POST /hooks/acme/hook?key={server.place.key} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{"
    _, writer = await asyncio.open_connection("127.0.0.1", int(server.base.rpartition(":")[2]))
    writer.write(head.encode())
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.close()
    assert (await server.post("/hooks/acme/hook")).status == 200
    assert await run_count(server) == 1


async def test_headers_protect_browsers_and_nothing_is_shared_with_other_sites(server: Server) -> None:
    await made(server)
    origin = {"Origin": "https://evil.test"}
    for answer in (
        await server.post("/hooks/acme/hook", headers=origin),
        await server.post("/hooks/acme/x", headers=origin),
    ):
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-store")
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    preflight = await server.call(
        "OPTIONS", "/hooks/acme/hook", headers={**origin, "Access-Control-Request-Method": "POST"}
    )
    assert (preflight.status, preflight.headers.get("Access-Control-Allow-Origin")) == (404, None)


async def test_a_database_that_is_gone_is_told(server: Server) -> None:
    await made(server)
    await server.place.instance.database.pool.close()
    lost = await server.post("/hooks/acme/hook")
    assert (lost.status, lost.code) == (503, "database_lost")


async def test_repeated_headers_are_joined(server: Server) -> None:
    await made(server)
    head = (
        f"POST /hooks/acme/hook HTTP/1.1\r\nHost: x\r\nX-OUTCODE-API-KEY: {server.place.key}\r\n"
        "X-Tag: a\r\nx-tag: b\r\nContent-Length: 0\r\n\r\n"
    )
    answer = await raw(server, head.encode())
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]["x-tag"] == "a, b"


TRIGGERS: list[tuple[dict[str, Any], str, str]] = [
    ({"signature": {"header": "X Signature"}}, "webhook_signature_header_invalid", "trigger.signature.header"),
    ({"signature": {"header": "Authorization"}}, "webhook_signature_header_taken", "trigger.signature.header"),
    ({"signature": {"header": "X", "scheme": "md5"}}, "flow_choice_unknown", "trigger.signature.scheme"),
    ({"signature": {}}, "flow_key_missing", "trigger.signature.header"),
    ({"signature": {"header": "X", "secret": "s"}}, "flow_key_unknown", "trigger.signature.secret"),
    (
        {"signature": {"header": "X", "tolerance_seconds": 0}},
        "flow_number_too_small",
        "trigger.signature.tolerance_seconds",
    ),
    ({"allow_from": ["10.0.0.1/8"]}, "webhook_network_invalid", "trigger.allow_from[0]"),
    ({"allow_from": ["10.0.0.1", "host.test"]}, "webhook_network_invalid", "trigger.allow_from[1]"),
    ({"allow_from": ["10.0.0.1"] * 201}, "webhook_networks_too_many", "trigger.allow_from"),
    ({"allow_from": "10.0.0.1"}, "flow_expected_list", "trigger.allow_from"),
    ({"reply": "respond"}, "webhook_without_respond_task", "trigger.reply"),
]


@pytest.mark.parametrize(("more", "code", "field"), TRIGGERS)
async def test_what_a_trigger_cannot_declare(server: Server, more: dict[str, Any], code: str, field: str) -> None:
    document = flow("F", ECHO, trigger={"kind": "webhook", "name": "x", **more})
    (found,) = (await server.post("/api/v1/flows/check", {"document": document})).json["problems"]
    assert (found["code"], found["place"]["field"]) == (code, field)


async def test_a_declared_trigger_comes_back_as_it_was_written(server: Server) -> None:
    trigger = {
        "kind": "webhook",
        "name": "x",
        "signature": {"header": "X-Signature", "scheme": "timestamped", "tolerance_seconds": 60},
        "allow_from": ["203.0.113.0/24", "2001:db8::1"],
    }
    stored = await server.flow(flow("F", ECHO, trigger=trigger))
    assert stored["document"]["trigger"] == trigger


async def test_a_slow_flow_answers_202_and_goes_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outcode.runs.webhooks.REPLY_SECONDS", 0.2)
    trigger = {"kind": "webhook", "name": "slow", "reply": "last_task"}
    await server.flow(flow("Slow", {"a": script(SLOW)}, trigger=trigger))
    late = await server.post("/hooks/acme/slow", headers={"Idempotency-Key": "1"})
    assert (late.status, late.json) == (202, {"runId": late.headers["X-Outcode-Run-Id"]})
    assert (await server.ended(late.json["runId"]))["state"] == "done"
    again = await server.post("/hooks/acme/slow", headers={"Idempotency-Key": "1"})
    assert (again.status, again.json, again.headers["X-Outcode-Run-Id"]) == (200, 1, late.json["runId"])


async def test_a_cancelled_run_answers_a_problem(server: Server) -> None:
    code = SLOW.replace("1500", "20000")
    trigger = {"kind": "webhook", "name": "slow", "reply": "last_task"}
    task = {"app": "javascript", "action": "function_execution", "inputs": {"code": code, "timeout_seconds": 30}}
    await server.flow(flow("Slow", {"a": task}, trigger=trigger))
    waiting = asyncio.create_task(server.post("/hooks/acme/slow"))
    async with asyncio.timeout(20):
        while not (runs := (await server.get("/api/v1/runs")).json["items"]):
            await asyncio.sleep(0.02)
    await server.post(f"/api/v1/runs/{runs[0]['id']}/cancel")
    answer = await waiting
    assert (answer.status, answer.code) == (500, "run_cancelled")
