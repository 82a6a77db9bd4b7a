"""Connecting by consent: only the browser that began can finish, once, and a failure stores nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sql
from yarl import URL

from outcode.database import schema
from outcode.workspace.settings import Settings
from tests.server.conftest import Reply, Server, flow, whole_database
from tests.support.authorization import Authorization, authorization
from tests.support.vendor_place import signed_in, vendor_place

WANTED: dict[str, Any] = {"app": "vendor", "name": "Vendor account", "kind": "consent"}


@pytest.fixture
def vendor() -> Iterator[Authorization]:
    with authorization() as server:
        yield server


@pytest.fixture
async def server(settings: Settings, vendor: Authorization) -> AsyncIterator[Server]:
    async with vendor_place(settings, vendor) as running:
        yield running


async def begin(server: Server, session: dict[str, str], **more: Any) -> URL:
    begun = await server.post("/api/v1/connections/oauth", {**WANTED, **more}, key=None, headers=session)
    assert begun.status == 200, begun.content
    return URL(begun.json["authorize_url"])


async def agree(server: Server, authorize_url: URL) -> str:
    """Be sent back by the vendor: the path and query of the callback."""
    async with server.http.get(authorize_url, allow_redirects=False) as got:
        assert got.status == 302, await got.text()
        back = URL(got.headers["Location"])
    assert str(back.origin()) == server.base
    return back.raw_path_qs


async def come_back(server: Server, path: str, session: dict[str, str], **headers: str) -> Reply:
    return await server.get(path, key=None, headers={**session, **headers})


def title(reply: Reply) -> str:
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<script" not in reply.content.decode()
    found = re.search(r"<h1>(.*)</h1>", reply.content.decode())
    assert found is not None, reply.content
    return found[1]


async def listed(server: Server) -> list[dict[str, Any]]:
    return list((await server.get("/api/v1/connections")).json["items"])


async def test_a_person_agrees_and_the_connection_works(server: Server, vendor: Authorization) -> None:
    session = await signed_in(server)
    path = await agree(server, await begin(server, session))
    done = await come_back(server, path, session)
    assert done.status == 200
    assert title(done) == "Vendor account is connected (kim@example.com)."
    assert done.headers["Cache-Control"] == "no-store"
    asked = vendor.asked[-1]
    assert (asked["scope"], asked["code_challenge_method"]) == ("profile", "S256")
    assert len(asked["state"]) == 43
    (found,) = await listed(server)
    assert (found["name"], found["kind"], found["state"]) == ("Vendor account", "consent", "working")
    assert (found["identity"], found["problem"]) == ("kim@example.com", None)
    task = {"app": "vendor", "action": "me", "connection": "Vendor account"}
    run = await server.post("/api/v1/runs", {"document": flow(tasks={"a": task})})
    await server.ended(run.json["id"])
    result = await server.get(f"/api/v1/runs/{run.json['id']}/tasks/a/result")
    assert result.json["value"] == {"email": "kim@example.com"}
    assert vendor.grants() == ["authorization_code"]


async def test_removing_a_connection_takes_its_tokens_back(server: Server, vendor: Authorization) -> None:
    session = await signed_in(server)
    await come_back(server, await agree(server, await begin(server, session)), session)
    assert vendor.revoked == []
    assert (await server.call("DELETE", "/api/v1/connections/Vendor%20account")).status == 204
    assert len(vendor.revoked) == 1
    assert await listed(server) == []


async def test_a_vendor_that_is_down_keeps_nobody_from_removing(server: Server, vendor: Authorization) -> None:
    session = await signed_in(server)
    await come_back(server, await agree(server, await begin(server, session)), session)
    vendor.behave = "error_500"
    assert (await server.call("DELETE", "/api/v1/connections/Vendor%20account")).status == 204
    assert await listed(server) == []


@pytest.mark.parametrize("table", [schema.connections, schema.connection_tokens])
async def test_what_cannot_be_read_keeps_nobody_from_removing(
    server: Server, vendor: Authorization, table: sql.Table
) -> None:
    session = await signed_in(server)
    await come_back(server, await agree(server, await begin(server, session)), session)
    async with server.place.instance.database.begin() as database:
        await database.execute(sql.update(table).values(secret=b"\0" * 64))
    assert (await server.call("DELETE", "/api/v1/connections/Vendor%20account")).status == 204
    assert await listed(server) == []
    assert vendor.revoked == []


async def test_the_page_comes_back_from_our_own_site_so_that_the_session_comes_along(server: Server) -> None:
    session = await signed_in(server)
    path = await agree(server, await begin(server, session))
    first = await server.get(path, key=None, headers={"Accept-Language": "ko"})
    assert title(first) == "서비스에서 돌아오는 중 …"
    again = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', first.content.decode())
    assert again is not None
    address = again[1].replace("&amp;", "&")
    assert address.startswith("/oauth/callback?")
    assert title(await server.get(address, key=None)).startswith("You are not signed in")
    assert title(await come_back(server, address, session)).startswith("Vendor account is connected")


async def test_a_refusal_is_told_and_stores_nothing(server: Server, vendor: Authorization) -> None:
    session = await signed_in(server)
    vendor.consent = "refused"
    refused = await come_back(server, await agree(server, await begin(server, session)), session)
    assert (refused.status, title(refused)[:20]) == (502, "You, or an administr")
    state = vendor.asked[-1]["state"]
    again = await come_back(server, f"/oauth/callback?code=x&state={state}", session)
    assert title(again).startswith("This attempt to connect is unknown")
    assert await listed(server) == []


async def test_what_a_vendor_says_is_text_on_the_page(server: Server, vendor: Authorization) -> None:
    session = await signed_in(server)
    authorize_url = await begin(server, session)
    query = {
        "error": "server_error",
        "error_description": "<script>alert(1)</script>",
        "state": authorize_url.query["state"],
    }
    said = await come_back(server, str(URL("/oauth/callback").with_query(query)), session)
    assert "&lt;script&gt;" in title(said)


async def test_a_state_is_good_once_for_its_own_session_and_ten_minutes(server: Server, vendor: Authorization) -> None:
    session = await signed_in(server)
    stranger, _ = await server.stranger()
    path = await agree(server, await begin(server, session))
    for other in (await signed_in(server, stranger), await signed_in(server)):
        refused = await come_back(server, path, other)
        assert refused.status == 403
        assert "another browser session" in title(refused)
    assert await listed(server) == []
    assert (await come_back(server, path, session)).status == 200
    assert (await come_back(server, path, session)).status == 400
    assert len(await listed(server)) == 1
    assert (await come_back(server, "/oauth/callback?code=x&state=wrong", session)).status == 400
    assert (await come_back(server, "/oauth/callback", session)).status == 400
    path = await agree(server, await begin(server, session, name="Late"))
    async with server.place.instance.database.begin() as database:
        await database.execute(sql.update(schema.oauth_requests).values(expires_at=sql.func.now()))
    assert (await come_back(server, path, session)).status == 400
    assert vendor.grants() == ["authorization_code"]


async def test_what_fails_after_the_consent_stores_nothing(server: Server, vendor: Authorization) -> None:
    session = await signed_in(server)
    path = await agree(server, await begin(server, session))
    wrong = str(URL(path).update_query(code="wrong"))
    assert (await come_back(server, wrong, session)).status == 502
    path = await agree(server, await begin(server, session))
    vendor.behave = "error_500"
    assert (await come_back(server, path, session)).status == 504
    vendor.behave = "well"
    path = await agree(server, await begin(server, session))
    vendor.expires_in = -10  # handed out, and of no use: the test call is refused
    assert (await come_back(server, path, session)).status == 502
    vendor.expires_in = 3600
    path = await agree(server, await begin(server, session))
    no_code = str(URL("/oauth/callback").with_query(state=URL(path).query["state"]))
    assert (await come_back(server, no_code, session)).status == 400
    assert await listed(server) == []
    async with server.place.instance.database.begin() as database:
        assert (await database.execute(sql.select(schema.oauth_requests))).all() == []


async def test_an_existing_connection_is_connected_anew(server: Server, vendor: Authorization) -> None:
    session = await signed_in(server)
    await come_back(server, await agree(server, await begin(server, session)), session)
    vendor.end_grants()
    task = {"app": "vendor", "action": "me", "connection": "Vendor account"}
    for code in ("connection_needs_reconnect", "connection_to_be_reconnected"):
        run = await server.post("/api/v1/runs", {"document": flow(tasks={"a": task})})
        ended = await server.ended(run.json["id"])
        assert ended["error"]["code"] == code
    assert "Vendor account" in ended["error"]["message"]
    (found,) = await listed(server)
    assert (found["state"], found["problem"]["code"]) == ("needs_reconnect", "connection_needs_reconnect")
    taken = await server.post("/api/v1/connections/oauth", WANTED)
    assert taken.code == "connection_exists"
    path = await agree(server, await begin(server, session, reconnect=True))
    assert (await come_back(server, path, session)).status == 200
    (anew,) = await listed(server)
    assert (anew["id"], anew["version"], anew["state"], anew["problem"]) == (found["id"], 2, "working", None)
    run = await server.post("/api/v1/runs", {"document": flow(tasks={"a": task})})
    assert (await server.ended(run.json["id"]))["state"] == "done"


async def test_a_person_may_try_a_lost_connection_again(server: Server, vendor: Authorization) -> None:
    session = await signed_in(server)
    await come_back(server, await agree(server, await begin(server, session)), session)
    address = "/api/v1/connections/Vendor%20account/test"
    vendor.end_access()
    vendor.behave = "invalid_grant"
    assert (await server.post(address)).code == "connection_needs_reconnect"
    (found,) = await listed(server)
    assert found["state"] == "needs_reconnect"
    assert (await server.post(address)).code == "connection_needs_reconnect"
    assert vendor.grants().count("refresh_token") == 2
    vendor.behave = "well"
    assert (await server.post(address)).json["state"] == "working"


async def test_a_lost_connection_stays_lost_while_the_vendor_is_down(server: Server, vendor: Authorization) -> None:
    session = await signed_in(server)
    await come_back(server, await agree(server, await begin(server, session)), session)
    address = "/api/v1/connections/Vendor%20account/test"
    vendor.end_access()
    vendor.behave = "invalid_grant"
    assert (await server.post(address)).code == "connection_needs_reconnect"
    vendor.behave = "error_500"
    down = await server.post(address)
    assert down.status == 504
    (found,) = await listed(server)
    assert (found["state"], found["problem"]["code"]) == ("needs_reconnect", down.code)
    vendor.behave = "well"
    assert (await server.post(address)).json["state"] == "working"


async def test_the_same_account_connected_twice_is_noticed(server: Server) -> None:
    session = await signed_in(server)
    for name in ("First", "Second"):
        path = await agree(server, await begin(server, session, name=name))
        assert (await come_back(server, path, session)).status == 200
    assert [(each["name"], each["same_as"]) for each in await listed(server)] == [
        ("First", ["Second"]),
        ("Second", ["First"]),
    ]


async def test_beginning_by_key_ends_in_any_session_of_the_same_user(server: Server) -> None:
    begun = await server.post("/api/v1/connections/oauth", WANTED)
    path = await agree(server, URL(begun.json["authorize_url"]))
    stranger, _ = await server.stranger()
    assert (await come_back(server, path, await signed_in(server, stranger))).status == 403
    assert (await come_back(server, path, await signed_in(server))).status == 200


async def test_what_cannot_begin_is_told(server: Server) -> None:
    wrong = [
        ({**WANTED, "kind": "token", "fields": {"token": "t0ken"}}, "connection_without_consent"),
        ({**WANTED, "kind": "nothing"}, "connection_kind_unknown"),
        ({**WANTED, "name": " "}, "connection_name_unusable"),
        ({**WANTED, "fields": {"x": 1}}, "connection_field_unknown"),
        ({**WANTED, "reconnect": True}, "connection_unknown"),
        ({**WANTED, "app": "vendors"}, "app_unknown"),
    ]
    for body, code in wrong:
        assert (await server.post("/api/v1/connections/oauth", body)).code == code
    form = b"app=vendor&name=x&kind=consent"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/api/v1/connections", "/api/v1/connections/test"):
        data = form if not path.endswith("test") else form.replace(b"&name=x", b"")
        assert (await server.post(path, data=data, headers=headers)).code == "connection_needs_consent"
    await server.place.instance.oauth_clients.remove("vendor")
    assert (await server.post("/api/v1/connections/oauth", WANTED)).code == "oauth_client_missing"
    instance = server.place.instance
    server.app.state.instance = replace(instance, settings=replace(instance.settings, public_url=None))
    assert (await server.post("/api/v1/connections/oauth", WANTED)).code == "public_url_missing"


async def test_what_was_begun_is_sealed(server: Server, vendor: Authorization) -> None:
    session = await signed_in(server)
    authorize_url = await begin(server, session)
    row = await server.place.instance.database.pool.fetchrow("SELECT r::text AS text FROM oauth_requests r")
    for secret in (authorize_url.query["state"], session["Cookie"].partition("=")[2]):
        assert secret not in row["text"]
        assert secret.encode().hex() not in row["text"]
    path = await agree(server, authorize_url)
    assert (await come_back(server, path, session)).status == 200
    everything = await whole_database(server)
    issued = vendor.issued[-1]
    for secret in (issued.access_token, issued.refresh_token or "", vendor.client.client_secret):
        assert secret not in everything
        assert secret.encode().hex() not in everything
    assert vendor.forms[-1]["code_verifier"] not in everything
