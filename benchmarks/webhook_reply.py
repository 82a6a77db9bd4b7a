"""Webhook → JavaScript → reply, run and result journaled: how many runs a second, and how long a caller waits."""

from __future__ import annotations

import asyncio
import statistics
import time

import aiohttp

from benchmarks.figures import Figure
from tests.support.serving import Serving, serving

CONNECTIONS = 16
RUNS = 1500
WARM_UP = 100


def measure() -> list[Figure]:
    """Calls of the example flow *Hello webhook* over loopback."""
    with serving("--example") as server:
        asyncio.run(_call(server, WARM_UP))
        taken, total = asyncio.run(_call(server, RUNS))
    slowest = statistics.quantiles(taken, n=100)[98]
    conditions: dict[str, object] = {"connections": CONNECTIONS, "runs": RUNS, "role": "all", "database": "embedded"}
    return [
        Figure("runs", RUNS / total, "runs/s", conditions),
        Figure("reply p50", 1000 * statistics.median(taken), "ms", conditions),
        Figure("reply p99", 1000 * slowest, "ms", conditions),
    ]


async def _call(server: Serving, runs: int) -> tuple[list[float], float]:
    """The time of each call and of all; raises when an answer is not the greeting."""
    url = f"{server.base}/hooks/outcode/hello"
    headers = {"X-OUTCODE-API-KEY": server.key}
    taken: list[float] = []
    numbers = iter(range(runs))

    async with aiohttp.ClientSession(headers=headers) as session:

        async def caller() -> None:
            for number in numbers:
                begun = time.perf_counter()
                async with session.post(url, json={"name": f"Roy {number}"}) as response:
                    said = await response.json()
                taken.append(time.perf_counter() - begun)
                if said["greeting"] != f"Hello Roy {number}!":
                    raise ValueError(f"wrong reply: {said}")

        begun = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(CONNECTIONS)))
        return taken, time.perf_counter() - begun
