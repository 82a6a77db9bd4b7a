"""Waiting for one's turn: never more than the vendor allows, in order, without losing a turn to somebody who left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from outcode.appkit import Limit, Outputs, Request
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import Bucket, HttpClient, HttpConnection, MemoryLimiter
from outcode.values.problems import RateLimited
from tests.support.http_calls import BEARER, Stored, app

Serve = Callable[..., Awaitable[str]]


def limit(calls: int, seconds: int) -> Limit:
    return Limit(calls=calls, seconds=seconds, source="https://vendor.example/limits", checked=date(2026, 11, 20))


@given(st.integers(1, 500), st.integers(1, 3600), st.data())
def test_no_span_ever_sees_more_than_the_limit(calls: int, seconds: int, data: st.DataObject) -> None:
    bucket = Bucket.of(limit(calls, seconds))
    now, full_at = 0.0, 0.0
    went: list[float] = []
    for pause in data.draw(st.lists(st.sampled_from([0.0, 0.0, 0.0, bucket.interval / 3, seconds / 2]), max_size=60)):
        now += pause
        now += bucket.wait(now, full_at)
        full_at = bucket.taken(now, full_at)
        went.append(now)
    for first, moment in enumerate(went):
        # A rounding error at the very edge of a span is no call too many.
        assert sum(each < moment + seconds - 1e-6 for each in went[first:]) <= calls


@pytest.mark.parametrize(("calls", "seconds"), [(1, 1), (5, 1), (60, 60), (1000, 86400)])
def test_most_of_the_limit_is_used(calls: int, seconds: int) -> None:
    bucket = Bucket.of(limit(calls, seconds))
    assert seconds / bucket.interval >= 0.8 * calls


async def test_all_tasks_share_it_and_come_in_order() -> None:
    limiter = MemoryLimiter()
    loop = asyncio.get_running_loop()
    began = loop.time()
    order: list[int] = []

    async def call(number: int) -> None:
        await limiter.wait("one", (limit(20, 1), limit(10_000, 60)))
        order.append(number)

    await asyncio.gather(*(call(number) for number in range(15)))
    assert order == list(range(15))
    assert loop.time() - began > 0.5
    hourly = (limit(1, 3600),)
    await limiter.wait("one", hourly)
    # Were it the same turn, it would be told and not waited for.
    await limiter.wait("another", hourly)


async def test_who_leaves_takes_no_turn() -> None:
    moment = 100.0
    limiter = MemoryLimiter(lambda: moment)
    limits = (limit(2, 1),)
    await limiter.wait("one", limits)
    leaving = [asyncio.create_task(limiter.wait("one", limits)) for _ in range(5)]
    await asyncio.sleep(0.05)
    for task in leaving:
        task.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    # Half a second later one turn has come; it would not have, had those who left taken theirs.
    moment += 0.5
    async with asyncio.timeout(30):
        await limiter.wait("one", limits)


async def test_long_waits_are_handed_on() -> None:
    moment = 100.0
    limiter = MemoryLimiter(lambda: moment)
    daily = (limit(1, 86400),)
    await limiter.wait("one", daily)
    with pytest.raises(RateLimited) as limited:
        await limiter.wait("one", daily)
    assert (limited.value.code, limited.value.retry_after) == ("http_limit_reached", 86400)
    assert "86400" in limited.value.message("ko")
    await limiter.pause("two", 60)
    await limiter.pause("two", 5)
    with pytest.raises(RateLimited) as paused:
        await limiter.wait("two", ())
    assert paused.value.retry_after == 60
    moment += 61
    await limiter.wait("two", ())
    moment += 86400
    await limiter.wait("one", daily)


async def test_settled_connections_are_forgotten() -> None:
    moment = 100.0
    limiter = MemoryLimiter(lambda: moment)
    for number in range(3000):
        await limiter.wait(str(number), (limit(1, 1),))
        moment += 0.01
    assert len(limiter._connections) < 1500
    await limiter.pause("2999", 60)
    with pytest.raises(RateLimited):
        await limiter.wait("2999", ())


async def test_calls_keep_to_the_limits_of_their_app(client: HttpClient, serve: Serve) -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({})

    vendor = app(BEARER, limits=(limit(4, 1),))
    began = asyncio.get_running_loop().time()
    request = Request(method="GET", url=await serve(handler))
    one, other = (HttpConnection.of(vendor, Stored("bearer", {"token": "t0ken"}, name)) for name in ("c1", "c2"))
    await asyncio.gather(
        *(client.perform(request, {}, Outputs(), connection, app=vendor) for connection in [one] * 4 + [other])
    )
    assert len(asked) == 5
    assert asyncio.get_running_loop().time() - began > 0.7


async def test_a_429_holds_the_whole_connection_back(client: HttpClient, serve: Serve) -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=429, headers={"Retry-After": "60"})

    vendor = app(BEARER)
    base = await serve(handler)
    connection = HttpConnection.of(vendor, Stored("bearer", {"token": "t0ken"}))
    for path, code in (("/a", "http_status_rate_limited"), ("/b", "http_limit_reached")):
        with pytest.raises(RateLimited) as limited:
            await client.perform(Request(method="GET", url=base + path), {}, Outputs(), connection, app=vendor)
        assert limited.value.code == code
        assert 30 < (limited.value.retry_after or 0) <= 60
    assert asked == ["/a"]
    nobody = HttpConnection.of(vendor, None)
    with pytest.raises(RateLimited):
        await client.perform(Request(method="GET", url=f"{base}/c"), {}, Outputs(), nobody, app=vendor)
    assert asked == ["/a", "/c"]


async def test_repetitions_wait_for_their_turn_too(serve: Serve) -> None:
    asked = 0

    async def handler(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(status=503, headers={"Retry-After": "0"})

    class Counting(MemoryLimiter):
        waits = 0

        async def wait(self, connection_id: str, limits: tuple[Limit, ...]) -> None:
            self.waits += 1
            await super().wait(connection_id, limits)

    limiter = Counting()
    http = HttpClient(EgressGuard(parse_allow_rules("127.0.0.1")), limiter=limiter)
    vendor = app()
    request = Request(method="GET", url=await serve(handler), fail_on_status=False)
    await http.perform(request, {}, Outputs(), HttpConnection.of(vendor, None), app=vendor)
    await http.close()
    assert (asked, limiter.waits) == (3, 3)
