"""Files up and down: stored files inside requests, and answers that become files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from outcode.appkit import Input, Outputs, Request
from outcode.transport.http import HttpClient
from outcode.transport.http.body import BODY_LIMIT
from outcode.transport.http.decode import Response
from outcode.transport.http.files import file_name
from outcode.values.json import Json
from outcode.values.problems import InputProblem, NotFound, TooLarge, Unexpected
from tests.support.http_calls import APP, UNCONNECTED, MemoryFiles

Serve = Callable[..., Awaitable[str]]
REPORT = {"fileId": "f1", "name": "forged.exe", "mediaType": "text/forged", "size": 1}


@pytest.fixture
def files() -> MemoryFiles:
    return MemoryFiles({"f1": ("보고서.pdf", "application/pdf", b"%PDF\x00\xff")})


async def send(
    client: HttpClient, url: str, files: MemoryFiles | None, inputs: dict[str, Json] | None = None, **settings: Any
) -> Json:
    request = Request(**{"method": "POST", "url": url, "body": Input(field="body"), **settings})
    outputs = Outputs(result="data")
    return (await client.perform(request, inputs or {}, outputs, UNCONNECTED, app=APP, files=files)).value


async def test_a_file_is_the_body(client: HttpClient, serve: Serve, files: MemoryFiles) -> None:
    seen: list[tuple[str | None, bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.headers.get("Content-Type"), await request.read()))
        return web.Response()

    base = await serve(handler)
    await send(client, base, files, {"body": REPORT}, body_type="file")
    assert seen == [("application/pdf", b"%PDF\x00\xff")]
    for body in ("f1", {"name": "a"}, [REPORT]):
        with pytest.raises(InputProblem) as wrong:
            await send(client, base, files, {"body": body}, body_type="file")
        assert (wrong.value.code, wrong.value.place.field) == ("http_body_invalid", "inputs.body")
    with pytest.raises(NotFound):
        await send(client, base, files, {"body": {"fileId": "f9"}}, body_type="file")
    with pytest.raises(Unexpected) as fault:
        await send(client, base, None, {"body": REPORT}, body_type="file")
    assert fault.value.code == "http_no_files"
    files.stored["f2"] = ("big", "text/plain", b"x" * (BODY_LIMIT + 1))
    with pytest.raises(TooLarge):
        await send(client, base, files, {"body": {"fileId": "f2"}}, body_type="file")
    assert len(seen) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"note": "x", "file": REPORT, "more": [REPORT, REPORT]},
        [
            {"key": "note", "value": "x"},
            {"key": "file", "value": REPORT},
            {"key": "more", "value": [REPORT]},
            {"key": "more", "value": REPORT},
        ],
    ],
)
async def test_files_are_parts(client: HttpClient, serve: Serve, files: MemoryFiles, body: Json) -> None:
    seen: list[object] = []

    async def handler(request: web.Request) -> web.Response:
        for name, part in (await request.post()).items():
            got = (part.filename, part.content_type, part.file.read()) if isinstance(part, web.FileField) else part
            seen.append((name, got))
        return web.Response()

    await send(client, await serve(handler), files, {"body": body}, body_type="multipart")
    sent = ("보고서.pdf", "application/pdf", b"%PDF\x00\xff")
    assert seen == [("note", "x"), ("file", sent), ("more", sent), ("more", sent)]


async def test_a_declared_part_takes_a_file(client: HttpClient, serve: Serve, files: MemoryFiles) -> None:
    seen: list[list[str]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(sorted(await request.post()))
        return web.Response()

    body = {"file": Input(field="file"), "caption": Input(field="caption")}
    await send(client, await serve(handler), files, {"file": REPORT}, body_type="multipart", body=body)
    assert seen == [["file"]]


async def test_an_answer_becomes_a_file(client: HttpClient, serve: Serve, files: MemoryFiles) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/missing":
            return web.Response(status=404, text="gone")
        disposition = "attachment; filename=x.pdf; filename*=UTF-8''%EA%B0%80%20%EB%82%98.pdf"
        return web.Response(body=b"\x00\x01", headers={"Content-Disposition": disposition}, content_type="image/png")

    base = await serve(handler)
    value = await send(client, base, files, method="GET", response_type="file", body=None)
    assert value == {"fileId": "f2", "name": "가 나.pdf", "mediaType": "image/png", "size": 2}
    assert files.stored["f2"] == ("가 나.pdf", "image/png", b"\x00\x01")
    with pytest.raises(Exception, match="404"):
        await send(client, f"{base}/missing", files, method="GET", response_type="file", body=None)
    assert len(files.stored) == 2


@pytest.mark.parametrize(
    ("disposition", "path", "name"),
    [
        ('attachment; filename="a;b \\"c\\".txt"', "/x", 'a;b "c".txt'),
        ("attachment; filename=plain.txt", "/x", "plain.txt"),
        ('attachment; filename="../../etc/passwd"', "/x", "passwd"),
        ('attachment; filename="C:\\\\temp\\\\a.txt"', "/x", "a.txt"),
        ("attachment; filename*=iso-8859-1'en'%A3.txt", "/x", "£.txt"),
        ("attachment; filename=..", "/x", "file"),
        ("inline", "/r/2026%2F11.pdf", "11.pdf"),
        (None, "/r/report.pdf", "report.pdf"),
        (None, "/", "file"),
        (f'attachment; filename="{"a" * 500}.txt"', "/x", "a" * 196 + ".txt"),
    ],
)
def test_names_of_files(disposition: str | None, path: str, name: str) -> None:
    headers = (("Content-Disposition", disposition),) if disposition is not None else ()
    assert file_name(Response(200, headers, b"", URL(f"https://x.example{path}"))) == name
