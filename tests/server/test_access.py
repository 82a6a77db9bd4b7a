"""Who may ask: every route of the API refuses without credentials, and nothing of one team is found from another."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sql
from fastapi import FastAPI
from yarl import URL

from outcode.database import schema
from outcode.server.app import create_app
from outcode.workspace.keys import add_start_link
from tests.server.conftest import Reply, Server, flow

OPEN = {"/healthz", "/readyz", "/start", "/oauth/callback", "/hooks/{domain}/{name}"}
"""What answers without a credential in a header or cookie: the web page, and these.

Hooks look at their key; the callback, which a browser reaches from another site, at the session when it comes again.
"""
TEAM_LESS = {"/api/v1/me", "/api/v1/apps", "/api/v1/apps/{slug}", "/api/v1/flows/check"}
TEAM_LESS |= {"/api/v1/apps/{slug}/actions/{action}/choices/{field}"}  # its connection is looked up by name
UNKNOWN_ID = "0199c1a0-7d3c-7a4e-9c53-3f1d2b6e8a10"


def operations(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and path that the application documents."""
    return [(method.upper(), path) for path, each in app.openapi()["paths"].items() for method in each]


GUARDED = [(method, path) for method, path in operations(create_app(None)) if path not in OPEN]


def test_every_route_is_documented_and_so_walked_here() -> None:
    hidden = [route for route in create_app(None).routes if getattr(route, "include_in_schema", True) is False]
    assert {getattr(route, "path", "") for route in hidden} == {"/{path:path}", "/api/openapi.json"}
    assert len(GUARDED) >= 18


async def test_every_route_refuses_without_credentials_before_it_reads_the_body(server: Server) -> None:
    answers = {}
    for method, path in GUARDED:
        address = re.sub(r"{\w+}", UNKNOWN_ID, path)
        answers[method, path] = [
            (await server.call(method, address, key=None, headers=headers, data=data)).status
            for headers, data in [
                ({}, None),
                ({"X-OUTCODE-API-KEY": "oc_wrong"}, None),
                ({"X-OUTCODE-API-KEY": ""}, None),
                ({"Cookie": "outcode_session=wrong"}, None),
                ({"Content-Type": "application/json"}, b"{broken"),
            ]
        ]
    assert answers == dict.fromkeys(answers, [401] * 5)


async def test_a_refusal_says_what_to_do(server: Server) -> None:
    refused = await server.get("/api/v1/me", key="oc_wrong", headers={"Accept-Language": "ko"})
    assert refused.code == "api_key_refused"
    assert "API 키" in refused.json["title"]
    assert (await server.get("/api/v1/me", key=None)).code == "session_missing"


async def test_nothing_of_a_team_is_found_from_another(server: Server) -> None:
    made = await server.flow(
        flow(tasks={"a": {"app": "table", "action": "write_csv", "inputs": {"rows": [{"n": 1}], "file_name": "r.csv"}}})
    )
    run = await server.ended((await server.post(f"/api/v1/flows/{made['id']}/runs", {})).json["id"])
    result = (await server.get(f"/api/v1/runs/{run['id']}/tasks/a/result")).json
    await add_connection(server, "Sales")
    ids = {"flows": made["id"], "runs": run["id"], "files": result["value"]["fileId"], "connections": "Sales"}
    scope, key = await server.stranger()
    walked = []
    for method, path in GUARDED:
        if "{" not in path or path in TEAM_LESS:
            continue
        kind = path.split("/")[3]
        address = path.replace("{id}", ids[kind]).replace("{name}", ids[kind]).replace("{letter}", "a")
        address = address.replace("{number}", "1")
        reply = await server.call(method, address, BODIES.get((method, path)), key=key)
        assert (reply.status, reply.code.endswith("_unknown")) == (404, True), (method, path, reply.content)
        walked.append(address)
    assert len(walked) >= 20
    for listing in ("flows", "runs", "connections"):
        assert (await server.get(f"/api/v1/{listing}", key=key)).json["items"] == []
        assert len((await server.get(f"/api/v1/{listing}")).json["items"]) == 1
    assert (await server.get(f"/api/v1/runs?flow_id={made['id']}", key=key)).json["items"] == []
    assert (await server.get("/api/v1/me", key=key)).json["team"]["id"] == scope.team_id


BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PUT", "/api/v1/flows/{id}"): {"document": flow(), "version": 1},
    ("PUT", "/api/v1/flows/{id}/active"): {"active": False},
    ("POST", "/api/v1/flows/{id}/publish"): {},
    ("POST", "/api/v1/flows/{id}/runs"): {},
    ("POST", "/api/v1/flows/{id}/versions/{number}/restore"): {"version": 1},
    ("POST", "/api/v1/flows/{id}/tasks/{letter}/test"): {},
    ("PUT", "/api/v1/flows/{id}/pins/{letter}"): {"value": 1},
    ("PUT", "/api/v1/flows/{id}/webhook/secret"): {},
    ("POST", "/api/v1/runs/{id}/rerun"): {},
    ("POST", "/api/v1/runs/{id}/retry"): {},
    ("PATCH", "/api/v1/connections/{name}"): {"name": "Theirs"},
}
"""What a route must be sent before it looks for anything."""


async def add_connection(server: Server, name: str) -> None:
    form = {"app": "api", "name": name, "kind": "none", "fields": '{"allowed_hosts": ["shop.test"]}'}
    added = await server.post("/api/v1/connections", data=form, headers=FORM)
    assert added.status == 201, added.content


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def started(server: Server) -> tuple[Reply, dict[str, str]]:
    """Spend a start link; the answer, and the header that carries the session."""
    token = await add_start_link(server.place.instance.database, server.place.scope)
    reply = await server.get(f"/start?token={token}", key=None)
    cookie = reply.headers["Set-Cookie"].partition(";")[0]
    again = await server.get(f"/start?token={token}", key=None)
    assert (again.status, again.code) == (401, "start_link_refused")
    return reply, {"Cookie": cookie}


async def test_a_start_link_opens_one_session(server: Server) -> None:
    reply, session = await started(server)
    assert (reply.status, reply.headers["Location"]) == (303, "/")
    flags = {part.strip().lower().partition("=")[0] for part in reply.headers["Set-Cookie"].split(";")[1:]}
    assert {"httponly", "samesite", "max-age", "path"} <= flags
    assert "samesite=strict" in reply.headers["Set-Cookie"].lower()
    assert reply.headers["Cache-Control"] == "no-store"
    me = await server.get("/api/v1/me", key=None, headers=session)
    assert me.json["user"]["email"] == "kim@acme.test"


async def test_a_start_link_is_no_session_and_a_session_no_start_link(server: Server) -> None:
    token = await add_start_link(server.place.instance.database, server.place.scope)
    assert (await server.get("/api/v1/me", key=None, headers={"Cookie": f"outcode_session={token}"})).status == 401
    _, session = await started(server)
    spent = session["Cookie"].partition("=")[2]
    assert (await server.get(f"/start?token={spent}", key=None)).status == 401
    assert (await server.get("/start", key=None)).code == "request_part_missing"


OTHER_SITES: list[str] = ["http://evil.test", "null", "http://127.0.0.1:1", "https://evil.test:8600"]


async def test_a_change_by_session_from_another_site_is_refused(server: Server) -> None:
    _, session = await started(server)
    document = {"document": flow()}
    for origin in OTHER_SITES:
        foreign = session | {"Origin": origin}
        refused = await server.post("/api/v1/flows", document, key=None, headers=foreign)
        assert (refused.status, refused.code) == (403, "foreign_origin")
        assert (await server.get("/api/v1/flows", key=None, headers=foreign)).json["items"] == []
    by_key = await server.post("/api/v1/flows", document, headers={"Origin": OTHER_SITES[0]})
    assert by_key.status == 201


async def test_a_change_by_session_from_our_own_pages_is_made(server: Server) -> None:
    _, session = await started(server)
    origin = str(URL(server.base).origin())
    made = await server.post("/api/v1/flows", {"document": flow()}, key=None, headers=session | {"Origin": origin})
    assert made.status == 201
    run = await server.post(f"/api/v1/flows/{made.json['id']}/runs", {}, key=None, headers=session)
    assert run.json["trigger"] == "manual"
    assert (await server.post(f"/api/v1/flows/{made.json['id']}/runs", {})).json["trigger"] == "api"


async def test_key_and_session_of_a_removed_member_are_refused(server: Server) -> None:
    _, session = await started(server)
    members = schema.memberships
    async with server.place.instance.database.begin() as connection:
        await connection.execute(sql.delete(members).where(members.c.user_id == server.place.scope.user_id))
    assert (await server.get("/api/v1/me", key=None, headers=session)).code == "session_missing"
    assert (await server.get("/api/v1/me")).code == "api_key_refused"


async def test_a_revoked_key_and_an_ended_session_are_refused(server: Server) -> None:
    _, session = await started(server)
    async with server.place.instance.database.begin() as connection:
        await connection.execute(sql.update(schema.api_keys).values(revoked_at=sql.func.now()))
        await connection.execute(sql.update(schema.sessions).values(expires_at=sql.func.now()))
    assert (await server.get("/api/v1/me")).code == "api_key_refused"
    assert (await server.get("/api/v1/me", key=None, headers=session)).code == "session_missing"
