"""How often a server is asked, counted at the server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from outcode.appkit import Outputs, Request
from outcode.transport.http import HttpClient, Trace
from outcode.transport.http.retry import LONGEST_RETRY_AFTER, retry_after
from outcode.values.problems import Problem, RateLimited, VendorDown, VendorRejected
from tests.support.http_calls import APP, UNCONNECTED, action

Serve = Callable[..., Awaitable[str]]


class Counter:
    """Answers the given statuses one after the other, the last one for ever."""

    def __init__(self, *statuses: int, wait: str | None = "0") -> None:
        self.statuses = statuses
        self.wait = wait
        self.asked = 0

    async def __call__(self, _request: web.Request) -> web.Response:
        self.asked += 1
        status = self.statuses[min(self.asked, len(self.statuses)) - 1]
        headers = {"Retry-After": self.wait} if self.wait is not None and status != 200 else None
        return web.Response(status=status, headers=headers)


async def call(client: HttpClient, url: str, **settings: Any) -> list[Trace]:
    traces: list[Trace] = []
    request = Request(**{"method": "GET", "url": url, **settings})
    with suppress(Problem):
        await client.perform(request, {}, Outputs(), UNCONNECTED, app=APP, record=traces.append)
    return traces


HARMLESS: list[dict[str, Any]] = [
    {},
    {"method": "PUT"},
    {"method": "DELETE"},
    {"method": "POST", "headers": {"Idempotency-Key": "k"}},
    {"fail_on_status": False},
]
HARMFUL: list[dict[str, Any]] = [{"method": "POST"}, {"method": "PATCH"}]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("settings", [*HARMLESS, *HARMFUL])
async def test_how_often_is_asked(client: HttpClient, serve: Serve, status: int, settings: dict[str, Any]) -> None:
    """What was turned away may be sent again; what may have been carried out only where that does no harm."""
    for retries in (0, 2):
        counter = Counter(status)
        traces = await call(client, await serve(counter), **settings, retries=retries)
        asked = 1 + retries if status == 429 or settings in HARMLESS else 1
        assert counter.asked == asked
        assert [trace.attempt for trace in traces] == list(range(1, asked + 1))


async def test_two_repetitions_unless_declared_otherwise(client: HttpClient, serve: Serve) -> None:
    counter = Counter(503)
    await call(client, await serve(counter))
    assert counter.asked == 3


@pytest.mark.parametrize(
    ("method", "idempotent", "header", "key", "asked"),
    [
        ("POST", True, None, None, 2),
        ("GET", False, None, None, 1),
        ("POST", False, "X-Request-Key", "k7", 2),
        ("POST", False, "X-Request-Key", None, 1),
        ("POST", False, None, "k7", 1),
    ],
)
async def test_what_an_action_declares(
    client: HttpClient, serve: Serve, method: str, idempotent: bool, header: str | None, key: str | None, asked: int
) -> None:
    keys: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        keys.append(request.headers.get("X-Request-Key"))
        return web.Response(status=503, headers={"Retry-After": "0"})

    request = Request(method=method, url=await serve(handler), retries=1, idempotency_header=header)
    declared = action(request, idempotent=idempotent)
    with pytest.raises(VendorDown) as down:
        await client.perform_action(declared, {}, UNCONNECTED, app=APP, key=key)
    assert keys == [key if header else None] * asked
    assert down.value.details.get("uncertain", False) is (asked == 1)


async def test_a_redirect_that_was_followed_makes_repeating_harmful(client: HttpClient, serve: Serve) -> None:
    """The first server may have done its part: neither 429 nor a refused connection behind it starts all over."""
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path}")
        if request.path == "/busy":
            return web.Response(status=429, headers={"Retry-After": "0"})
        return web.Response(status=303, headers={"Location": request.query["to"]})

    base = await serve(handler)
    for target in (f"{base}/busy", "http://127.0.0.1:1/"):
        asked.clear()
        await call(client, f"{base}/orders", method="POST", query={"to": target}, retries=3)
        assert asked.count("POST /orders") == 1
    request = Request(method="POST", url=f"{base}/orders", query={"to": "http://127.0.0.1:1/"})
    with pytest.raises(VendorDown) as down:
        await client.perform(request, {}, Outputs(), UNCONNECTED, app=APP)
    assert down.value.details["uncertain"] is True
    asked.clear()
    await call(client, f"{base}/orders", method="PUT", query={"to": f"{base}/busy"}, retries=1)
    assert asked.count("PUT /orders") == 2


@pytest.mark.parametrize("status", [400, 401, 404, 500, 501])
async def test_other_statuses_stand(client: HttpClient, serve: Serve, status: int) -> None:
    counter = Counter(status)
    await call(client, await serve(counter), retries=3)
    assert counter.asked == 1


async def test_a_success_ends_it(client: HttpClient, serve: Serve) -> None:
    counter = Counter(503, 429, 200)
    traces = await call(client, await serve(counter), retries=5)
    assert (counter.asked, [trace.status for trace in traces]) == (3, [503, 429, 200])


async def test_retry_after_is_waited_for_when_short(client: HttpClient, serve: Serve) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await call(client, await serve(Counter(503, 200, wait="1")), retries=1)
    assert loop.time() - began >= 0.99  # without it, 0.4 s at most


async def test_a_long_retry_after_is_handed_on(client: HttpClient, serve: Serve) -> None:
    counter = Counter(429, wait="120")
    request = Request(method="GET", url=await serve(counter), retries=3)
    with pytest.raises(RateLimited) as limited:
        await client.perform(request, {}, Outputs(), UNCONNECTED, app=APP)
    assert (limited.value.retry_after, counter.asked) == (120, 1)


async def test_a_timeout_is_not_repeated(client: HttpClient, serve: Serve) -> None:
    async def sleep(request: web.Request) -> web.Response:
        await asyncio.sleep(300)
        return web.Response()

    base = await serve(sleep)
    for method in ("POST", "GET"):
        traces = await call(client, base, method=method, retries=3, timeout_seconds=1)
        assert [(trace.attempt, trace.error) for trace in traces] == [(1, "http_timeout")]


async def test_a_lost_connection_is_repeated_only_where_safe(client: HttpClient) -> None:
    asked: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    for settings, expected in (
        ({"method": "GET", "retries": 0}, 1),
        ({"method": "PUT", "retries": 1}, 2),
        ({"method": "POST", "retries": 3}, 1),
        ({"method": "GET", "retries": 1}, 2),
        ({"method": "POST", "retries": 1, "headers": {"Idempotency-Key": "k"}}, 2),
    ):
        asked.clear()
        traces = await call(client, url, **settings)
        assert len(asked) == expected, settings
        assert {trace.error for trace in traces} == {"http_connection_lost"}
    server.close()


async def test_a_kept_connection_that_was_closed_meanwhile_costs_nothing(client: HttpClient) -> None:
    """The server closes after the second request's head, on a connection it had kept: only then is GET sent anew."""
    heads: list[bytes] = []

    async def serve_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    server = await asyncio.start_server(serve_once, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    for method, expected in (("GET", 3), ("POST", 2)):
        heads.clear()
        request = Request(method=method, url=url, retries=0)
        await client.perform(Request(method="GET", url=url), {}, Outputs(), UNCONNECTED, app=APP)
        if method == "GET":
            answer = await client.perform(request, {}, Outputs(), UNCONNECTED, app=APP)
            assert answer.value["status"] == 200
        else:
            with pytest.raises(VendorDown):
                await client.perform(request, {}, Outputs(), UNCONNECTED, app=APP)
        assert len(heads) == expected
        await client.close()
    server.close()


async def test_a_refused_connection_is_tried_again(client: HttpClient) -> None:
    """Nothing was sent, so it does not matter what."""
    for method in ("GET", "POST"):
        traces = await call(client, "http://127.0.0.1:1/", method=method, retries=1)
        assert [(trace.attempt, trace.error) for trace in traces] == [
            (1, "http_connect_error"),
            (2, "http_connect_error"),
        ]


async def test_what_may_have_been_done_is_said(client: HttpClient, serve: Serve) -> None:
    asked: list[str] = []

    async def sleep(request: web.Request) -> web.Response:
        asked.append(request.method)
        await asyncio.sleep(300)
        return web.Response()

    url = await serve(sleep)
    for method, uncertain in (("POST", True), ("GET", None)):
        for seconds in (1, 5, 20):  # more where the machine stood still and nothing was sent
            await call(client, url, method=method, timeout_seconds=seconds, retries=0)
            if method in asked:
                break
        request = Request(method=method, url=url, timeout_seconds=seconds)
        with pytest.raises(VendorDown) as down:
            await client.perform(request, {}, Outputs(), UNCONNECTED, app=APP)
        assert (down.value.code, down.value.details.get("uncertain")) == ("http_timeout", uncertain)


NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5),
        (" 5 ", 5),
        ("99999999999999", LONGEST_RETRY_AFTER),
        ("Sat, 21 Nov 2026 10:01:00 GMT", 60),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0),
        ("Sat, 21 Nov 2099 09:00:00 GMT", LONGEST_RETRY_AFTER),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_breaks_anything(header: str) -> None:
    seconds = retry_after(header, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


async def test_what_was_done_and_cannot_be_read_is_said_too(client: HttpClient, serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="<html>", status=422 if request.path == "/no" else 200)

    base = await serve(handler)
    for method, path, uncertain in (("POST", "/", True), ("GET", "/", None), ("POST", "/no", None)):
        request = Request(method=method, url=base + path, response_type="json")
        with pytest.raises(VendorRejected) as rejected:
            await client.perform(request, {}, Outputs(), UNCONNECTED, app=APP)
        assert rejected.value.details.get("uncertain") == uncertain
