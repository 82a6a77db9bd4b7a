"""Connections and files over HTTP: secrets go in, and come out nowhere."""

from __future__ import annotations

import base64
import logging
from pathlib import Path
from typing import Any

import pytest

from outcode.values import json
from tests.server.conftest import Reply, Server, flow, multipart, whole_database

PASSWORD = "hunter2-비밀-ümlaut"
BYTES = b"name,n\nKim,1\n"
TOKEN: dict[str, Any] = {"token": "t0ken", "allowed_hosts": ["127.0.0.1"]}


async def add(
    server: Server,
    app: str,
    name: str,
    fields: Any = None,
    file: tuple[str, bytes] | None = None,
    *,
    test: str | None = None,
    **options: Any,
) -> Reply:
    """Add a connection as a browser's form does."""
    parts: list[Any] = [("app", app), ("name", name)]
    if test is not None:
        parts.append(("test", test))
    if fields is not None:
        parts.append(("fields", fields if isinstance(fields, str) else json.dumps(fields)))
    if file is not None:
        parts.append(("file", file[1], file[0], "text/csv"))
    data, headers = multipart(*parts)
    return await server.post("/api/v1/connections", data=data, headers=headers | options.pop("headers", {}), **options)


def database_fields(server: Server) -> dict[str, Any]:
    address = server.place.instance.database.address
    return {"host": "127.0.0.1", "port": 1, "database": address.database, "username": "ann", "password": PASSWORD}


def forms_of(secret: bytes) -> set[str]:
    """How a secret would show itself in text, or in bytea as PostgreSQL writes it."""
    return {secret.decode(), secret.hex(), base64.b64encode(secret).decode().rstrip("=")}


async def test_secrets_never_come_out(server: Server, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    refused = await add(server, "postgresql", "영업 DB", database_fields(server))
    assert (refused.status, refused.code) == (504, "sql_unreachable")
    assert (await server.get("/api/v1/connections")).json["items"] == []
    added = await add(server, "postgresql", "영업 DB", database_fields(server), test="false")
    assert added.status == 201, added.content
    assert added.json["settings"]["username"] == "ann"
    assert "password" not in added.json["settings"]
    answers = [
        added,
        refused,
        await server.get("/api/v1/connections"),
        await add(server, "postgresql", "영업 DB", database_fields(server)),
        await server.post("/api/v1/connections/%EC%98%81%EC%97%85%20DB/test"),
        await add(server, "postgresql", "x", database_fields(server) | {"port": 0}),
    ]
    assert [answer.status for answer in answers[:4]] == [201, 504, 200, 409]
    assert answers[4].status >= 400
    assert answers[5].code == "field_out_of_range"
    query = {"app": "postgresql", "action": "query", "connection": "영업 DB", "inputs": {"query": "SELECT 1"}}
    run = await server.post("/api/v1/runs", {"document": flow(tasks={"a": query})})
    assert run.status == 202, run.content
    assert (await server.ended(run.json["id"]))["error"]["code"] == "sql_unreachable"
    kept = f"/api/v1/runs/{run.json['id']}"
    answers += [run, await server.get(kept), await server.get(f"{kept}/tasks/a/calls")]
    assert [answer.status for answer in answers[-2:]] == [200, 200]
    everywhere = "".join(answer.content.decode() for answer in answers) + caplog.text + await whole_database(server)
    for form in forms_of(PASSWORD.encode()) | {"hunter2"}:
        assert form not in everywhere
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes()


async def test_an_uploaded_file_is_stored_sealed_and_never_given_out(server: Server, tmp_path: Path) -> None:
    added = await add(server, "microsoft-excel-xlsx-file", "People", None, ("C:/x/사람.csv", BYTES))
    assert added.status == 201, added.content
    settings = added.json["settings"]
    assert settings["file_name"] == "사람.csv"
    assert (await server.post("/api/v1/connections/People/test")).status == 200
    refused = await server.get(f"/api/v1/files/{settings['file']}")
    assert (refused.status, refused.code) == (404, "file_unknown")
    blobs = [path for path in (tmp_path / "data" / "blobs").rglob("*") if path.is_file()]
    assert len(blobs) == 1
    assert b"Kim" not in blobs[0].read_bytes()
    assert (await server.call("DELETE", "/api/v1/connections/People")).status == 204
    assert [path for path in (tmp_path / "data" / "blobs").rglob("*") if path.is_file()] == []


EXCEL = "microsoft-excel-xlsx-file"


WRONG_CONNECTIONS: list[tuple[str, str, Any, tuple[str, bytes] | None, int, str]] = [
    (EXCEL, "New", None, ("a.txt", BYTES), 400, "file_suffix_wrong"),
    (EXCEL, "New", None, ("a.csv\0.exe", BYTES), 400, "file_suffix_wrong"),
    (EXCEL, "New", None, ("a.csv", b"x" * (20 * 1024 * 1024 + 1)), 413, "file_too_large"),
    (EXCEL, "New", None, ("a.csv", b"x" * (25 * 1024 * 1024 + 1)), 413, "body_too_large"),
    (EXCEL, "New", None, None, 400, "field_required"),
    (EXCEL, "New", {"file": "0199c1a0-7d3c-7a4e-9c53-3f1d2b6e8a10"}, None, 400, "field_required"),
    (EXCEL, "Taken", None, ("a.csv", BYTES), 409, "connection_exists"),
    (EXCEL, " Taken\u3000", None, ("a.csv", BYTES), 409, "connection_exists"),
    ("api", "New", TOKEN, ("a.csv", BYTES), 400, "connection_file_not_taken"),
    ("api", "New", {"auth": "none", "token": "t0ken"}, None, 400, "connection_field_unknown"),
    ("api", "New", {}, None, 400, "several_problems"),
    ("api", "New", {"token": "t0ken"}, None, 400, "field_required"),
    ("api", "New", {**TOKEN, "token": "a\0b"}, None, 400, "connection_value_unusable"),
    ("api", "New", {"token": "t0ken", "allowed_hosts": ["a\0b"]}, None, 400, "connection_value_unusable"),
    ("api", "New", "{broken", None, 400, "json_invalid"),
    ("api", "New", "[]", None, 400, "connection_fields_not_object"),
    ("api", "", TOKEN, None, 400, "request_part_missing"),
    ("api", "  ", TOKEN, None, 400, "connection_name_unusable"),
    ("api", "a\0b", TOKEN, None, 400, "connection_name_unusable"),
    ("api", "x" * 201, TOKEN, None, 400, "request_text_too_long"),
    ("postgresql", "New", {"host": "h", "username": "u", "port": "x"}, None, 400, "field_type_wrong"),
    ("postgresql", "New", '{"host":"h","username":"u","port":1e999999999}', None, 400, "connection_value_unusable"),
    ("postgresql", "New", {"port": 5432}, None, 400, "several_problems"),
    ("javascript", "New", {}, None, 400, "connection_not_taken"),
    ("slacks", "New", {}, None, 404, "app_unknown"),
]


async def test_a_wrong_connection_is_refused_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    assert (await add(server, "api", "Taken", TOKEN)).status == 201
    for app, name, fields, file, status, code in WRONG_CONNECTIONS:
        refused = await add(server, app, name, fields, file)
        assert (refused.status, refused.code) == (status, code), refused.content
        if file is None or len(file[1]) < 1000:
            korean = await add(server, app, name, fields, file, headers={"Accept-Language": "ko"})
            assert korean.json["title"] != refused.json["title"]
        listed = (await server.get("/api/v1/connections")).json["items"]
        assert [each["name"] for each in listed] == ["Taken"]
        assert [path for path in (tmp_path / "data" / "blobs").rglob("*") if path.is_file()] == []


NAMES: list[tuple[str, str]] = [("a/b", "a%2Fb"), ("x/test", "x%2Ftest"), ("%", "%25"), ("한", "%ED%95%9C")]


async def test_any_name_can_be_reached(server: Server) -> None:
    for name, path in NAMES:
        assert (await add(server, "api", name, TOKEN)).status == 201
        assert (await server.post(f"/api/v1/connections/{path}/test")).status == 200
        assert (await server.call("DELETE", f"/api/v1/connections/{path}")).status == 204
        assert (await server.get("/api/v1/connections")).json["items"] == []


async def test_a_name_typed_decomposed_is_the_same_name(server: Server) -> None:
    decomposed = "\u1112\u1161\u11ab"
    assert (await add(server, "api", decomposed, TOKEN)).json["name"] == "한"
    assert (await add(server, "api", "한", TOKEN)).code == "connection_exists"
    assert (await server.call("DELETE", "/api/v1/connections/%E1%84%92%E1%85%A1%E1%86%AB")).status == 204


async def test_an_unknown_connection_is_told_with_the_nearest_name(server: Server) -> None:
    await add(server, "api", "Shop", TOKEN)
    for method, path in (("DELETE", "Shopp"), ("POST", "Shopp/test")):
        refused = await server.call(method, f"/api/v1/connections/{path}")
        assert (refused.status, refused.code) == (404, "connection_unknown")
        assert "Shop?" in refused.json["title"]
    assert (await server.call("DELETE", "/api/v1/connections/%00")).status == 404


async def test_json_where_a_form_is_due_is_told(server: Server) -> None:
    refused = await server.post("/api/v1/connections", {"app": "api", "name": "x"})
    assert (refused.status, refused.code) == (400, "several_problems")
    broken = await server.post(
        "/api/v1/connections", data=b"--y\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert (broken.status, broken.code) == (400, "form_unreadable")


async def test_a_file_that_a_run_wrote_is_an_attachment(server: Server) -> None:
    task = {"app": "table", "action": "write_csv", "inputs": {"rows": [{"이름": "Kim"}], "file_name": '주문 "x".csv'}}
    run = await server.post("/api/v1/runs", {"document": flow(tasks={"a": task})})
    await server.ended(run.json["id"])
    file = (await server.get(f"/api/v1/runs/{run.json['id']}/tasks/a/result")).json["value"]
    got = await server.get(f"/api/v1/files/{file['fileId']}")
    assert got.content.decode("utf-8-sig").splitlines() == ["이름", "Kim"]
    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%EC%A3%BC%EB%AC%B8%20%22x%22.csv"
    assert got.headers["Content-Type"].startswith("text/csv")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Cache-Control"] == "no-store"
    assert (await server.get("/api/v1/files/nonsense")).code == "id_invalid"


async def test_a_file_whose_content_is_gone_is_told(server: Server, tmp_path: Path) -> None:
    task = {"app": "table", "action": "write_csv", "inputs": {"rows": [{"n": 1}], "file_name": "r.csv"}}
    run = await server.post("/api/v1/runs", {"document": flow(tasks={"a": task})})
    await server.ended(run.json["id"])
    file = (await server.get(f"/api/v1/runs/{run.json['id']}/tasks/a/result")).json["value"]
    for path in (tmp_path / "data" / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    gone = await server.get(f"/api/v1/files/{file['fileId']}")
    assert (gone.status, gone.code) == (503, "file_content_missing")


async def put(server: Server, name: str, fields: Any, **more: str) -> Reply:
    """Send a connection's form anew."""
    data, headers = multipart(("fields", json.dumps(fields)), *more.items())
    return await server.call("PUT", f"/api/v1/connections/{name}", data=data, headers=headers)


async def test_a_form_is_tried_without_being_stored(server: Server) -> None:
    data, headers = multipart(("app", EXCEL), ("file", BYTES, "a.csv", "text/csv"))
    tried = await server.post("/api/v1/connections/test", data=data, headers=headers)
    assert tried.json == {"tried": True, "identity": None, "same_as": []}
    data, headers = multipart(("app", EXCEL), ("file", b"\x00\x01", "a.xlsx", "text/csv"))
    assert (await server.post("/api/v1/connections/test", data=data, headers=headers)).status == 400
    data, headers = multipart(("app", "api"), ("fields", json.dumps(TOKEN)))
    untried = await server.post("/api/v1/connections/test", data=data, headers=headers)
    assert untried.json == {"tried": False, "identity": None, "same_as": []}
    assert (await server.get("/api/v1/connections")).json["items"] == []


async def test_a_connection_is_changed_renamed_and_removed(server: Server, tmp_path: Path) -> None:
    added = await add(server, EXCEL, "People", None, ("a.csv", BYTES))
    assert (added.json["state"], added.json["kind"], added.json["version"]) == ("working", "upload", 1)
    task = {"app": EXCEL, "action": "get_rows", "connection": "People"}
    made = await server.flow(flow("Uses people", {"a": task}))
    renamed = await server.call("PATCH", "/api/v1/connections/People", {"name": "직원"})
    assert (renamed.json["name"], renamed.json["used_by"]) == ("직원", ["Uses people"])
    document = (await server.get(f"/api/v1/flows/{made['id']}")).json["document"]
    assert document["tasks"]["a"]["connection"] == "직원"
    kept = await put(server, "%EC%A7%81%EC%9B%90", {})
    assert kept.json["settings"]["file"] == added.json["settings"]["file"]
    data, headers = multipart(("file", b"name\nLee\n", "b.csv", "text/csv"))
    changed = await server.call("PUT", "/api/v1/connections/%EC%A7%81%EC%9B%90", data=data, headers=headers)
    assert (changed.json["version"], changed.json["settings"]["file_name"]) == (3, "b.csv")
    assert len([path for path in (tmp_path / "data" / "blobs").rglob("*") if path.is_file()]) == 1
    refused = await server.call("DELETE", "/api/v1/connections/%EC%A7%81%EC%9B%90")
    assert (refused.status, refused.code) == (409, "connection_used")
    assert "Uses people" in refused.json["title"]
    assert (await server.call("DELETE", "/api/v1/connections/%EC%A7%81%EC%9B%90?used=true")).status == 204


async def test_a_failed_change_leaves_the_connection_as_it_was(server: Server) -> None:
    fields = database_fields(server)
    await add(server, "postgresql", "DB", fields, test="false")
    refused = await put(server, "DB", {**fields, "password": "other"})
    assert refused.code == "sql_unreachable"
    (found,) = (await server.get("/api/v1/connections")).json["items"]
    assert (found["version"], found["state"], found["problem"]) == (1, "untested", None)
    tried = await server.post("/api/v1/connections/DB/test")
    assert tried.code == "sql_unreachable"
    korean = await server.get("/api/v1/connections", headers={"Accept-Language": "ko"})
    (found,) = korean.json["items"]
    assert (found["state"], found["problem"]["code"]) == ("untested", "sql_unreachable")
    assert found["problem"]["message"] != tried.json["message"]
    assert found["tested_at"] is not None


async def test_a_colleagues_secret_is_not_sent_to_another_server(server: Server) -> None:
    fields = database_fields(server)
    await add(server, "postgresql", "DB", fields, test="false")
    del fields["password"]
    moved = await put(server, "DB", {**fields, "host": "localhost"})
    assert (moved.status, moved.code) == (400, "connection_secret_needed_again")
    assert moved.json["place"]["field"] == "password"
    assert (await put(server, "DB", fields)).code == "sql_unreachable"
    (found,) = (await server.get("/api/v1/connections")).json["items"]
    assert (found["version"], found["settings"]["host"]) == (1, "127.0.0.1")
