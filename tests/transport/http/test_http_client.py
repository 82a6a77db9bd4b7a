"""Calls to real servers: results, decoding, caps, time-outs, TLS, and what is said when something goes wrong."""

from __future__ import annotations

import asyncio
import gzip
import os
import ssl
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from outcode.appkit import Input, Outputs, Request
from outcode.transport.answer import Answer
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import HttpClient, Trace
from outcode.transport.http.exchange import RESPONSE_LIMIT
from outcode.values.problems import (
    EgressRefused,
    InputProblem,
    PermissionProblem,
    Problem,
    RateLimited,
    TooLarge,
    VendorDown,
    VendorRejected,
)
from tests.support.http_calls import APP, UNCONNECTED

Serve = Callable[..., Awaitable[str]]
WHOLE = Outputs()


def asking(url: str, **settings: Any) -> Request:
    return Request(**{"method": "GET", "url": url, "retries": 0, **settings})


async def call(client: HttpClient, url: str, outputs: Outputs = WHOLE, **settings: Any) -> Answer:
    return await client.perform(asking(url, **settings), {}, outputs, UNCONNECTED, app=APP)


def answers(body: bytes | str, status: int = 200, **headers: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body, status=status, headers=named)

    return handler


async def test_the_whole_answer(client: HttpClient, serve: Serve) -> None:
    base = await serve(answers('{"price": 19.90}', content_type="application/json; charset=utf-8", X_Trace="7"))
    answer = await call(client, f"{base}/a?x=1")
    assert set(answer.value) == {"status", "ok", "headers", "data", "content_type", "url", "elapsed_ms"}
    assert (answer.value["status"], answer.value["ok"]) == (200, True)
    assert answer.value["data"] == {"price": Decimal("19.90")}
    assert answer.value["headers"]["x-trace"] == "7"
    assert answer.value["content_type"] == "application/json; charset=utf-8"
    assert answer.value["url"] == f"{base}/a?x=1"
    assert isinstance(answer.value["elapsed_ms"], int)
    assert answer.meta is None
    (trace,) = answer.traces
    assert isinstance(trace, Trace)
    assert (trace.method, trace.url, trace.status, trace.attempt) == ("GET", f"{base}/a?x=1", 200, 1)
    assert (trace.error, trace.response_size, trace.address) == (None, 16, "127.0.0.1")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
async def test_every_method_arrives_as_prepared(client: HttpClient, serve: Serve, method: str) -> None:
    seen: list[tuple[str, str, bytes, str | None]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.method, request.path_qs, await request.read(), request.headers.get("Content-Type")))
        return web.Response(text="ok")

    base = await serve(handler)
    body = None if method in {"GET", "HEAD"} else {"a": 1}
    answer = await call(client, f"{base}/p%2Fq?r=1", method=method, body_type="json", body=body)
    sent = (b'{"a":1}', "application/json") if body else (b"", None)
    assert seen == [(method, "/p%2Fq?r=1", *sent)]
    assert answer.value["data"] == ("" if method == "HEAD" else "ok")


@pytest.mark.parametrize(
    ("body", "content_type", "response_type", "data"),
    [
        (b'{"a":1}', "application/json", "auto", {"a": 1}),
        (b'{"a":1}', "application/problem+json", "auto", {"a": 1}),
        (b'\xef\xbb\xbf{"a":1}', "application/json", "auto", {"a": 1}),
        (b"", "application/json", "auto", None),
        (b'{"a":1}', "application/json", "text", '{"a":1}'),
        (b"<a/>", "application/xml", "auto", "<a/>"),
        ("가격".encode("cp949"), "text/plain; charset=euc-kr", "auto", "가격"),
        (b"a\xffb", "text/plain", "auto", "a�b"),
        (b"x", "text/plain; charset=zlib", "auto", "x"),
        (b"x", "text/plain; charset=nonsense", "auto", "x"),
        (b"\x00\xff", "application/octet-stream", "auto", "AP8="),
        (b"\x00\xff", "image/png", "auto", "AP8="),
        (b'{"a":1}', "text/html", "json", {"a": 1}),
        (b"hi", "text/plain", "base64", "aGk="),
        (b"", "image/png", "auto", ""),
    ],
)
async def test_decoding(
    client: HttpClient, serve: Serve, body: bytes, content_type: str, response_type: str, data: object
) -> None:
    base = await serve(answers(body, content_type=content_type))
    answer = await call(client, base, response_type=response_type)
    assert answer.value["data"] == data


async def test_rows_and_what_stands_around_them(client: HttpClient, serve: Serve) -> None:
    base = await serve(answers('{"items": [{"a": 1}, {"a": 2}], "total": 9, "o": {"k v": []}}', content_type="application/json"))  # fmt: skip # noqa: E501
    answer = await call(client, base, Outputs(rows="data.items"))
    assert answer.value == [{"a": 1}, {"a": 2}]
    assert answer.meta is not None
    assert (answer.meta["row_count"], answer.meta["status"]) == (2, 200)
    assert answer.meta["data"] == {"total": 9, "o": {"k v": []}}
    assert (await call(client, base, Outputs(rows='data.o["k v"]'))).value == []
    assert (await call(client, base, Outputs(result="data.total"))).value == 9

    for rows, code in (("data.itmes", "rows_path_missing"), ("data.total", "rows_path_not_list")):
        with pytest.raises(VendorRejected) as rejected:
            await call(client, base, Outputs(rows=rows))
        assert rejected.value.code == code
        typed = Outputs(rows=Input(field="rows"))
        with pytest.raises(InputProblem) as wrong:
            await client.perform(asking(base), {"rows": rows}, typed, UNCONNECTED, app=APP)
        assert wrong.value.place.field == "inputs.rows"
    with pytest.raises(VendorRejected, match=r"no data\.itmes; at data there is: items, total, o"):
        await call(client, base, Outputs(rows="data.itmes"))
    assert (await client.perform(asking(base), {"rows": ""}, typed, UNCONNECTED, app=APP)).value["status"] == 200


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, VendorRejected, "http_status_invalid"),
        (401, VendorRejected, "http_status_credentials"),
        (403, VendorRejected, "http_status_permission"),
        (404, VendorRejected, "http_status_not_found"),
        (409, VendorRejected, "http_status_conflict"),
        (413, VendorRejected, "http_status_too_large"),
        (418, VendorRejected, "http_status"),
        (422, VendorRejected, "http_status_invalid"),
        (429, RateLimited, "http_status_rate_limited"),
        (500, VendorDown, "http_status_server"),
        (503, VendorDown, "http_status_server"),
    ],
)
async def test_bad_statuses(client: HttpClient, serve: Serve, status: int, kind: type[Problem], code: str) -> None:
    base = await serve(answers('{"error": "no \\"x\\""}' + " " * 5000, status, Retry_After="7"))
    with pytest.raises(kind) as caught:
        await call(client, base)
    assert (caught.value.code, caught.value.details["status"]) == (code, status)
    assert len(caught.value.details["body"]) == 2048
    assert str(status) in caught.value.message()
    assert "error" in caught.value.message("ko")
    assert caught.value.retry_after == 7
    kept = await call(client, base, fail_on_status=False)
    assert (kept.value["status"], kept.value["ok"]) == (status, False)


async def test_invalid_json_is_said(client: HttpClient, serve: Serve) -> None:
    base = await serve(answers("<html>", content_type="application/json"))
    with pytest.raises(VendorRejected) as rejected:
        await call(client, base)
    assert rejected.value.code == "http_invalid_json"


async def test_unreachable_hosts(client: HttpClient) -> None:
    with pytest.raises(VendorDown) as down:
        await call(client, "http://127.0.0.1:1/")
    assert (down.value.code, down.value.details["port"]) == ("http_connect_error", 1)
    assert "Connection refused" in down.value.message()
    traces: list[Trace] = []
    with pytest.raises(VendorDown) as unknown:
        await client.perform(asking("http://nowhere.invalid/"), {}, WHOLE, UNCONNECTED, app=APP, record=traces.append)
    assert unknown.value.code == "dns_error"
    assert [trace.error for trace in traces] == ["dns_error"]


async def test_a_server_that_is_no_http_server(client: HttpClient) -> None:
    async def shout(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async def stop_short(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await writer.drain()
        writer.close()

    async def lie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain")
        await writer.drain()
        writer.close()

    cases = ((shout, "http_bad_response"), (hang_up, "http_connection_lost"), (stop_short, "http_connection_lost"), (lie, "http_bad_response"))  # fmt: skip # noqa: E501
    for behaviour, code in cases:
        server = await asyncio.start_server(behaviour, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Problem) as caught:
            await call(client, f"http://127.0.0.1:{port}/")
        assert caught.value.code == code, behaviour
        server.close()


async def test_the_time_limit_holds_for_slow_bodies_and_slow_starts(client: HttpClient, serve: Serve) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        if request.path == "/start":
            await asyncio.sleep(300)
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(3000):
            await response.write(b"x")
            await asyncio.sleep(0.1)
        return response

    base = await serve(drip)
    for path in ("/start", "/body"):
        traces: list[Trace] = []
        call = asking(base + path, timeout_seconds=1)
        with pytest.raises(VendorDown) as down:
            async with asyncio.timeout(30):
                await client.perform(call, {}, WHOLE, UNCONNECTED, app=APP, record=traces.append)
        assert (down.value.code, down.value.details["seconds"]) == ("http_timeout", 1)
        assert [trace.error for trace in traces] == ["http_timeout"]


async def test_large_answers_stop_at_the_cap(client: HttpClient, serve: Serve) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 1_000_000)

    just_fits = await serve(answers(b"x" * RESPONSE_LIMIT, content_type="text/plain"))
    assert len((await call(client, just_fits)).value["data"]) == RESPONSE_LIMIT
    for handler in (endless, answers(b"x" * (RESPONSE_LIMIT + 1))):
        with pytest.raises(TooLarge) as large:
            await call(client, await serve(handler))
        assert large.value.code == "http_too_large"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_small_answer_that_unfolds_endlessly(client: HttpClient, serve: Serve, encoding: str) -> None:
    plain = b"\0" * (64 * 1024 * 1024)
    bomb = gzip.compress(plain, 1) if encoding == "gzip" else zlib.compress(plain, 1)
    del plain
    assert len(bomb) < 2_000_000
    base = await serve(answers(bomb, content_encoding=encoding, content_type="text/plain"))
    with pytest.raises(TooLarge):
        await call(client, base)
    honest = await serve(answers(gzip.compress(b"hello"), content_encoding="gzip", content_type="text/plain"))
    assert (await call(client, honest)).value["data"] == "hello"


async def test_too_many_headers(client: HttpClient, serve: Serve) -> None:
    base = await serve(answers("x", 200, **{f"X-{number}": "v" for number in range(120)}))
    with pytest.raises(VendorRejected) as rejected:
        await call(client, base)
    assert rejected.value.code == "http_bad_response"


async def test_cookies_are_not_kept(client: HttpClient, serve: Serve) -> None:
    seen: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "session=1; Path=/"})

    base = await serve(handler)
    await call(client, base)
    await call(client, base)
    assert seen == [None, None]


async def test_proxies_of_the_environment_are_ignored(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proxied: list[str] = []

    async def proxy(request: web.Request) -> web.Response:
        proxied.append(request.path)
        return web.Response(text="proxy")

    proxy_url = await serve(proxy)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy_url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login kim password s3cret\n")
    monkeypatch.setenv("NETRC", str(netrc))

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=request.headers.get("Authorization", "direct"))

    fresh = HttpClient(EgressGuard(parse_allow_rules("127.0.0.1")))
    assert (await call(fresh, await serve(handler))).value["data"] == "direct"
    assert proxied == []
    await fresh.close()


async def test_the_checked_address_is_the_connected_one(serve: Serve) -> None:
    """The name answers an allowed address when checked and another one whenever it is asked again."""
    base = await serve(answers("in"))
    asked: list[str] = []

    async def lookup(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.77"]

    guard = EgressGuard(parse_allow_rules("127.0.0.1"), lookup=lookup)
    http = HttpClient(guard)
    url = base.replace("127.0.0.1", "rebinding.example")
    answer = await call(http, url)
    assert answer.value["status"] == 200
    assert [trace.as_dict()["address"] for trace in answer.traces] == ["127.0.0.1"]
    assert asked == ["rebinding.example"]
    await http.close()

    http = HttpClient(guard)
    with pytest.raises(EgressRefused) as refused:
        await call(http, url)
    assert refused.value.details["address"] == "127.0.0.77"
    await http.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:127.0.0.1]"])
async def test_nothing_private_is_reached_unless_allowed(serve: Serve, host: str) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(text="in")

    url = (await serve(handler)).replace("127.0.0.1", host)
    closed = HttpClient(EgressGuard())
    traces: list[Trace] = []
    with pytest.raises(EgressRefused) as refused:
        await closed.perform(asking(url), {}, WHOLE, UNCONNECTED, app=APP, record=traces.append)
    assert refused.value.code == "blocked_address"
    assert (seen, [trace.error for trace in traces]) == ([], ["blocked_address"])
    await closed.close()

    opened = HttpClient(EgressGuard(parse_allow_rules("127.0.0.1 ::1")))
    assert (await call(opened, url)).value["status"] == 200
    assert seen == ["/"]
    await opened.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(private + signed.public_bytes(pem))
    yield file
    file.unlink()


async def test_certificates_are_checked_unless_switched_off(
    client: HttpClient, serve: Serve, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    base = await serve(answers("ok", content_type="text/plain"), tls=tls)
    with pytest.raises(VendorDown) as down:
        await call(client, base)
    assert down.value.code == "http_tls_error"
    assert "self-signed" in down.value.message()
    assert (await call(client, base, verify_tls=False)).value["data"] == "ok"
    with pytest.raises(VendorDown):
        await call(client, base)

    strict = HttpClient(EgressGuard(parse_allow_rules("127.0.0.1")), allow_unverified_tls=False)
    with pytest.raises(PermissionProblem) as forbidden:
        await call(strict, base, verify_tls=False)
    assert forbidden.value.code == "http_verify_tls_forbidden"
    await strict.close()

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    trusting = HttpClient(EgressGuard(parse_allow_rules("127.0.0.1 localhost")))
    assert (await call(trusting, base)).value["data"] == "ok"
    with pytest.raises(VendorDown) as other_name:
        await call(trusting, base.replace("127.0.0.1", "localhost"))
    assert other_name.value.code == "http_tls_error"
    await trusting.close()


async def test_plain_http_behind_an_https_url(client: HttpClient, serve: Serve) -> None:
    base = await serve(answers("ok"))
    with pytest.raises(VendorDown) as down:
        await call(client, base.replace("http:", "https:"))
    assert down.value.code == "http_tls_error"


async def test_a_closed_client_can_be_closed_again(serve: Serve) -> None:
    http = HttpClient(EgressGuard(parse_allow_rules("127.0.0.1")))
    await http.close()
    assert (await call(http, await serve(answers("x")))).value["status"] == 200
    await http.close()
    await http.close()


async def test_a_cancelled_call_is_traced(client: HttpClient, serve: Serve) -> None:
    asked = asyncio.Event()

    async def never(_request: web.Request) -> web.Response:
        asked.set()
        await asyncio.sleep(300)
        return web.Response()

    traces: list[Trace] = []
    url = await serve(never)
    task = asyncio.create_task(client.perform(asking(url), {}, WHOLE, UNCONNECTED, app=APP, record=traces.append))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [trace.error for trace in traces] == ["cancelled"]


async def test_multipart_is_understood_by_a_server(client: HttpClient, serve: Serve) -> None:
    seen: dict[str, object] = {}

    async def handler(request: web.Request) -> web.Response:
        for name, part in (await request.post()).items():
            seen[name] = (part.filename, part.file.read()) if isinstance(part, web.FileField) else part
        return web.Response()

    body = {"note": "가 나", "file": {"filename": "보고서.csv", "base64": "YSxi"}}
    request = asking(await serve(handler), method="POST", body_type="multipart", body=Input(field="body"))
    await client.perform(request, {"body": body}, WHOLE, UNCONNECTED, app=APP)
    assert seen == {"note": "가 나", "file": ("보고서.csv", b"a,b")}
