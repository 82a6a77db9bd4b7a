"""What holds for every answer: protecting headers, problem details, health, and the OpenAPI document."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from outcode.apps.registry import all_apps
from outcode.database.address import external
from outcode.runs.instance import open_instance
from outcode.server.app import create_app
from outcode.workspace.keys import add_api_key
from outcode.workspace.people import create_workspace
from outcode.workspace.settings import Settings
from tests.conftest import Place
from tests.server.conftest import Server, flow, serving
from tests.support.waiting import until

JSON_TYPE = {"Content-Type": "application/json"}


async def boom() -> None:
    raise RuntimeError("the secret is hunter2")


async def test_every_answer_protects_browsers(server: Server) -> None:
    server.app.add_api_route("/boom", boom, methods=["POST"])
    answers = {
        200: await server.get("/api/v1/me"),
        303: await server.get("/start", key=None),
        400: await server.post("/api/v1/flows", data=b"{", headers=JSON_TYPE),
        401: await server.get("/api/v1/me", key=None),
        404: await server.get("/api/v1/none"),
        405: await server.post("/api/v1/me"),
        413: await server.post("/api/v1/flows", data=b" " * (10 * 1024 * 1024 + 1), headers=JSON_TYPE),
        500: await server.post("/boom"),
    }
    for status, answer in answers.items():
        assert answer.status == (400 if status == 303 else status)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert answers[200].headers["Cache-Control"] == "no-store"


async def test_a_fault_of_ours_shows_nothing_of_itself(server: Server) -> None:
    server.app.add_api_route("/boom", boom, methods=["POST"])
    for language, word in (("en", "fault"), ("ko", "오류")):
        reply = await server.post("/boom", headers={"Accept-Language": language})
        assert (reply.status, reply.code) == (500, "unexpected")
        assert word in reply.json["title"]
        assert b"hunter2" not in reply.content
        assert b'File "' not in reply.content


NOWHERE: list[tuple[str, str]] = [
    ("GET", "/api/v1/none"),
    ("POST", "/api/v1/none"),
    ("DELETE", "/api/v1/flows/x/y"),
    ("GET", "/api/"),
    ("POST", "/nowhere"),
    ("GET", "/hooks/acme"),
    ("GET", "/assets/none.js"),
    ("GET", "/assets/../app.py"),
    ("GET", "/assets/%2e%2e/%2e%2e/app.py"),
    ("GET", "/api/v1/flows/%00"),
    ("GET", "/%00"),
]


async def test_an_unknown_address_is_a_problem(server: Server) -> None:
    for method, path in NOWHERE:
        reply = await server.call(method, path)
        assert (reply.status, reply.code) == (404, "page_unknown")


async def test_another_method_is_told_with_those_there_are(server: Server) -> None:
    reply = await server.call("PATCH", "/api/v1/flows/check", {})
    assert (reply.status, reply.code, reply.headers["Allow"]) == (405, "request_method_refused", "POST")


async def test_the_language_is_the_first_that_we_speak(server: Server) -> None:
    for header, language in [
        ("", "en"),
        ("ko", "ko"),
        ("fr, ko-KR;q=0.8, en", "ko"),
        ("kok", "en"),
        ("EN-us,ko", "en"),
    ]:
        reply = await server.get("/api/v1/me", key=None, headers={"Accept-Language": header})
        assert reply.headers["Content-Language"] == language, header


DOCUMENT = flow()


WRONG_BODIES: list[tuple[bytes, str, str | None]] = [
    (b"{", "json_invalid", "body"),
    (b"{}x", "json_invalid", "body"),
    (b"\xff{}", "json_invalid", "body"),
    (b"", "request_part_missing", "body"),
    (b"null", "request_type_wrong", "body"),
    (b"[]", "request_type_wrong", "body"),
    (b'"x"', "request_type_wrong", "body"),
    (b"{}", "several_problems", None),
    (b'{"document": {}, "version": 1, "remark": 1}', "request_field_unknown", "remark"),
    (b'{"document": {}, "version": "1"}', "request_type_wrong", "version"),
    (b'{"document": {}, "version": 1.5}', "request_type_wrong", "version"),
    (b'{"document": {}, "version": true}', "request_type_wrong", "version"),
    (b'{"document": {}, "version": 0}', "request_number_too_small", "version"),
    (b'{"document": {}, "version": 2147483648}', "request_number_too_large", "version"),
    (b'{"document": {}, "version": 123456789012345678901234567890}', "request_number_too_large", "version"),
    (b'{"document": [], "version": 1}', "request_type_wrong", "document"),
]


async def test_a_wrong_body_is_told_with_its_place(server: Server) -> None:
    made = await server.flow(flow())
    for body, code, field in WRONG_BODIES:
        refused = await server.call("PUT", f"/api/v1/flows/{made['id']}", data=body, headers=JSON_TYPE)
        assert (refused.status, refused.code) == (400, code), refused.content
        assert refused.json["place"].get("field") == field
        korean = await server.call(
            "PUT", f"/api/v1/flows/{made['id']}", data=body, headers=JSON_TYPE | {"Accept-Language": "ko"}
        )
        assert any("가" <= character <= "힣" for character in korean.json["title"])
        assert (await server.get(f"/api/v1/flows/{made['id']}")).json["version"] == 1


async def test_a_switch_is_a_switch(server: Server) -> None:
    refused = await server.post("/api/v1/runs", {"document": DOCUMENT, "test": "yes"})
    assert (refused.status, refused.code) == (400, "request_type_wrong")
    assert "true or false" in refused.json["title"]


NOT_JSON: list[str | None] = ["text/plain", "application/x-www-form-urlencoded", "application/xml", None]


async def test_json_must_be_sent_as_json(server: Server) -> None:
    for media_type in NOT_JSON:
        headers = {"Content-Type": media_type} if media_type else {}
        refused = await server.post("/api/v1/flows", data=b'{"document":{}}', headers=headers)
        assert (refused.status, refused.code) == (415, "request_body_not_json")
        assert (media_type or "–") in refused.json["title"]


async def test_a_body_in_chunks_is_counted(server: Server) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(161):
            yield b" " * 65_536

    refused = await server.post("/api/v1/flows", data=chunks(), headers=JSON_TYPE)
    assert (refused.status, refused.code) == (413, "body_too_large")
    assert "10 MB" in refused.json["title"]


async def test_a_huge_number_or_depth_does_no_harm(server: Server) -> None:
    for data in (b'{"document":{"name":1e999999999}}', b'{"document":{"tasks":' + b"[" * 900 + b"]" * 900 + b"}}"):
        async with asyncio.timeout(30):
            refused = await server.post("/api/v1/flows", data=data, headers=JSON_TYPE)
        assert (refused.status, bool(refused.code)) == (400, True)


async def test_health_and_readiness(server: Server) -> None:
    assert (await server.get("/healthz", key=None)).json == {"status": "ok"}
    assert (await server.get("/readyz", key=None)).json == {"status": "ready"}


@pytest.fixture
def link() -> Iterator[Path]:
    """A place for a link; short, since the path of a socket may have 107 bytes only."""
    with tempfile.TemporaryDirectory(prefix="ot-") as folder:
        yield Path(folder) / "s"


async def test_a_lost_database_is_told_and_found_again(settings: Settings, link: Path) -> None:
    """The database's socket is reached by a link, which goes and comes back."""
    address = external(str(settings.database_url))
    link.symlink_to(address.host)
    url = str(settings.database_url).replace(quote(address.host, safe=""), quote(str(link), safe=""))
    async with open_instance(replace(settings, database_url=url), holder="tests") as instance:
        scope = await create_workspace(
            instance.database, organization="A", domain="a", team="T", user="U", email="u@a.test"
        )
        place = Place(instance, scope, await add_api_key(instance.database, scope, "tests"))
        async with serving(place) as server:
            assert (await server.get("/readyz", key=None)).status == 200
            link.unlink()
            connection = await asyncpg.connect(**address.arguments())
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
            sessions = (
                "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
                " AND backend_type = 'client backend'"
            )

            async def ended() -> bool:
                return not await connection.fetchval(sessions)

            await until(ended)
            lost = await server.get("/api/v1/flows", headers={"Accept-Language": "ko"})
            assert (lost.status, lost.code, lost.headers["Retry-After"]) == (503, "database_lost", "5")
            ready = await server.get("/readyz", key=None)
            assert (ready.status, ready.json) == (503, {"status": "database does not answer"})
            assert (await server.get("/healthz", key=None)).status == 200
            link.symlink_to(address.host)
            assert (await server.get("/api/v1/flows")).status == 200
            assert (await server.get("/readyz", key=None)).status == 200
            await connection.close()


async def test_the_page_is_served_for_places_inside_it(server: Server) -> None:
    page = await server.get("/flows/1", key=None)
    assert page.status in {200, 404}  # 404 where the web page has not been built
    if page.status == 200:
        assert page.headers["Content-Type"].startswith("text/html")
        assert page.headers["Cache-Control"] == "no-cache"


async def test_every_app_is_shown_with_its_declaration(server: Server) -> None:
    listed = (await server.get("/api/v1/apps")).json["items"]
    assert [app["slug"] for app in listed] == list(all_apps())
    for slug, app in all_apps().items():
        shown = (await server.get(f"/api/v1/apps/{slug}")).json
        assert [action["key"] for action in shown["declaration"]["actions"]] == [action.key for action in app.actions]
    assert (await server.get("/api/v1/apps/slacc")).code == "app_unknown"


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", each) for path, methods in document["paths"].items() for method, each in methods.items()
    ]


def test_the_openapi_document_needs_no_instance_and_is_whole() -> None:
    document = create_app(None).openapi()
    assert document["openapi"].startswith("3.1.")
    found = operations(document)
    ids = [each["operationId"] for _, each in found]
    assert len(set(ids)) == len(ids) >= 20
    schema_of_problems = {"$ref": "#/components/schemas/ProblemDetails"}
    for name, each in found:
        assert each["summary"], name
        assert each["description"], name
        problems = {status: answer for status, answer in each["responses"].items() if status[0] not in "23"}
        expected = {"400", "401", "403", "404", "default"} if "/api/v1" in name else {"default"}
        if "/hooks/" in name:
            expected = {"400", "401", "404", "413", "423", "429", "500"}
        assert set(problems) == expected, name
        for answer in problems.values():
            assert answer["content"] == {"application/problem+json": {"schema": schema_of_problems}}, name
        assert bool(each.get("security")) == ("/api/v1" in name or "/hooks/" in name)
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_the_openapi_document_is_served_as_it_is_generated(server: Server) -> None:
    served = await server.get("/api/openapi.json", key=None)
    assert served.json == create_app(None).openapi()
