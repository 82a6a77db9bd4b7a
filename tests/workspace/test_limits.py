"""Rate limits that all processes share: no window holds more calls than allowed, and a pause holds all of them."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from outcode.appkit import Limit
from outcode.apps.registry import find_app
from outcode.database.database import Database
from outcode.values.json import Json
from outcode.values.problems import RateLimited
from outcode.workspace.limits import DatabaseLimiter
from tests.conftest import Place
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "tests.support.limited_calls"]


def limit(calls: int, seconds: int = 1) -> Limit:
    return Limit(calls=calls, seconds=seconds, source="https://vendor.example/limits", checked=date(2026, 11, 20))


async def connection(place: Place, name: str = "Shop") -> str:
    fields: dict[str, Json] = {"token": "t0ken", "allowed_hosts": ["shop.test"]}
    info = await place.instance.connections.add(place.scope, find_app("api"), name, fields)
    return info.id


async def test_four_processes_stay_under_one_limit(place: Place) -> None:
    address = [place.instance.settings.database_url or "", await connection(place), "8", "10"]
    processes = [
        await asyncio.create_subprocess_exec(
            *[*PROGRAM, *address], cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    began = time.time()
    said = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    moments = sorted(float(line) - began for out, _ in said for line in out.split())
    assert len(moments) == 32
    # Two may go at once, each further one a step later. On a busy machine a call may go later still, never earlier.
    step = 1.1 / 9
    early = [number for number, moment in enumerate(moments) if moment < (number - 1) * step - 0.01]
    assert early == []


async def test_who_comes_first_is_one_also_when_many_come_at_once(place: Place) -> None:
    databases = [await Database.open(place.instance.database.address) for _ in range(8)]
    limiters = [DatabaseLimiter(database) for database in databases]
    for round_ in range(10):
        shop = await connection(place, f"Shop {round_}")
        outcomes = await asyncio.gather(
            *(limiter.wait(shop, (limit(1, 60), limit(5, 300))) for limiter in limiters), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [RateLimited] * 7
    for database in databases:
        await database.close()


async def test_a_fifth_may_go_at_once_and_limits_hold_together(place: Place) -> None:
    limiter, shop = DatabaseLimiter(place.instance.database), await connection(place)
    for _ in range(4):
        await limiter.wait(shop, (limit(100), limit(20, 600)))
    # Turns of the second limit are 600 / 17 seconds apart, so the fifth is not to be had in this test's time.
    with pytest.raises(RateLimited) as refused:
        await limiter.wait(shop, (limit(100), limit(20, 600)))
    assert 10 < (refused.value.retry_after or 0) <= 600 / 17 * 1.1
    assert (await place.instance.database.pool.fetchval("SELECT count(*) FROM rate_limits")) == 2


async def test_a_pause_holds_every_call_also_those_that_wait_already(place: Place) -> None:
    database = place.instance.database
    here, there = DatabaseLimiter(database), DatabaseLimiter(database)
    shop, other = await connection(place), await connection(place, "Other")

    async def passed(limiter: DatabaseLimiter, *limits: Limit) -> float:
        await limiter.wait(shop, limits)
        return time.monotonic() - started

    started = time.monotonic()
    await passed(here, limit(1, 2))
    waiting = asyncio.create_task(passed(here, limit(1, 2)))
    await until(lambda: here._queues[shop].waiting)
    asked = time.monotonic() - started
    await there.pause(shop, 3)
    assert not waiting.done()
    assert await passed(there) >= asked + 2.99
    assert await waiting >= asked + 2.99
    await there.pause(shop, 100)
    with pytest.raises(RateLimited):
        await there.wait(shop, ())
    await there.wait(other, (limit(2),))
    await there.wait(other, ())


async def test_a_turn_that_is_far_off_is_told_and_not_taken(place: Place) -> None:
    limiter, shop = DatabaseLimiter(place.instance.database), await connection(place)
    await limiter.wait(shop, (limit(1, 60),))
    for _ in range(3):
        with pytest.raises(RateLimited) as refused:
            await limiter.wait(shop, (limit(1, 60),))
        assert 20 < (refused.value.retry_after or 0) < 61
    await limiter.pause(shop, 100)
    with pytest.raises(RateLimited):
        await limiter.wait(shop, ())


async def test_a_connection_that_is_not_stored_has_its_turn_at_once(place: Place) -> None:
    limiter = DatabaseLimiter(place.instance.database)
    async with asyncio.timeout(30):
        for _ in range(5):
            await limiter.wait("0199c1a0-7d3c-7a4e-9c53-3f1d2b6e8a10", (limit(1, 60),))
