"""Webhooks that were answered with 200: from then on the run is ours to keep, whatever becomes of the server."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import aiohttp

from outcode.workspace.keys import add_api_key
from tests.faults.conftest import Extent
from tests.faults.flows import chain, verdict
from tests.faults.stage import Stage


async def hook(stage: Stage, name: str, reply: str, tasks: dict[str, Any]) -> str:
    trigger = {"kind": "webhook", "name": name, "reply": reply}
    await stage.save({"name": name, "trigger": trigger, "tasks": tasks}, name)
    return f"/hooks/acme/{name}"


async def test_deliveries_outlive_the_server_that_answered_them(stage: Stage, extent: Extent) -> None:
    tasks = chain(stage.counter, length=5)
    path = await hook(stage, "orders", "at_once", tasks)
    slow = await hook(stage, "slow", "last_task", tasks)
    key = await add_api_key(stage.instance.database, stage.scope, "faults")
    doomed, other = await asyncio.gather(stage.server("all"), stage.server("server"))
    stage.worker()
    runs: list[str] = []
    async with aiohttp.ClientSession(headers={"X-OUTCODE-API-KEY": key}) as session:

        async def deliver(base: str) -> None:
            async with session.post(base + path, json={"n": len(runs)}) as answer:
                assert answer.status == 200
                runs.append((await answer.json())["runId"])

        for number in range(20):
            await deliver((doomed, other)[number % 2].base)
        waiting = asyncio.create_task(session.post(doomed.base + slow, json={}))
        await stage.until("SELECT count(*) FROM runs WHERE flow_name = 'slow'")
        await deliver(doomed.base)
        doomed.kill()
        await asyncio.gather(waiting, return_exceptions=True)
        await deliver(other.base)
        leased = await stage.instance.database.pool.fetchval("SELECT id FROM runs WHERE flow_name = 'slow'")
        found = await stage.all_ended([*runs, leased])
    assert len(set(runs)) == 22
    verdicts = Counter(verdict(run, stage.counter, tasks) for run in found)
    assert await stage.number("SELECT count(*) FROM runs") == 23
    extent.found("webhook answered, then killed; two servers", runs=23, **verdicts)
