"""Start after a crash: how long until 10,000 runs that nobody carries any more may be taken, and how fast they are."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure
from outcode.runs.instance import Instance, open_instance
from outcode.workspace.people import create_workspace
from outcode.workspace.settings import Pace, Settings
from tests.support.many_runs import add_runs, version_of

RUNS = 10_000
SUSPENDED = 100_000


def measure() -> list[Figure]:
    """Half of the runs wait, half were held by a worker that died, beside many that are suspended."""
    with tempfile.TemporaryDirectory(prefix="ot-") as place:
        Path(place).chmod(0o711)
        return asyncio.run(_measure(Settings(folder=Path(place) / "data", pace=Pace(drain_seconds=0))))


async def _measure(settings: Settings) -> list[Figure]:
    await _leave_behind(settings)
    begun = time.perf_counter()
    async with open_instance(settings, holder="benchmark") as instance:
        instance.worker.start(consume=True)
        lapsed = "SELECT count(*) FROM runs WHERE state = 'running' AND lease_until < now()"
        while await instance.database.pool.fetchval(lapsed):  # noqa: ASYNC110 - the database is what changes
            await asyncio.sleep(0.05)
        recovered = time.perf_counter() - begun
        first = await _done(instance)
        counted = time.perf_counter()
        await asyncio.sleep(3)
        rate = (await _done(instance) - first) / (time.perf_counter() - counted)
        await instance.worker.stop()
    conditions: dict[str, object] = {"waiting": RUNS // 2, "lapsed": RUNS // 2, "suspended": SUSPENDED}
    return [
        Figure("start until all may be taken", recovered, "s", conditions),
        Figure("runs of one JavaScript task from the queue", rate, "runs/s", {"workers": 1, "at once": 20}),
    ]


async def _leave_behind(settings: Settings) -> None:
    async with open_instance(settings, holder="benchmark") as instance:
        scope = await create_workspace(
            instance.database, organization="A", domain="a", team="T", user="U", email="u@a.test"
        )
        version_id = await version_of(instance, scope)
        database = instance.database
        await add_runs(database, scope, version_id, SUSPENDED, wake=86_400)
        await add_runs(database, scope, version_id, RUNS // 2)
        await add_runs(database, scope, version_id, RUNS // 2, state="running", epoch=1, lease=-1)


async def _done(instance: Instance) -> int:
    return int(await instance.database.pool.fetchval("SELECT count(*) FROM runs WHERE state = 'done'"))
