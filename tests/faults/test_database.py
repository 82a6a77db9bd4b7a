"""PostgreSQL that stops and starts under workers at work."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from outcode.database.embedded import EmbeddedPostgres
from outcode.workspace.settings import Settings
from tests.conftest import database_url
from tests.faults.conftest import Extent
from tests.faults.flows import chain, verdict
from tests.faults.stage import staged


@pytest.fixture
def cluster() -> Iterator[Path]:
    # pytest's own folders are 0700, which the account that PostgreSQL runs as under root cannot pass.
    place = Path(tempfile.mkdtemp(prefix="ot-")).resolve()
    place.chmod(0o711)
    yield place / "cluster"
    shutil.rmtree(place, ignore_errors=True)


async def test_runs_outlive_restarts_of_the_database(cluster: Path, tmp_path: Path, extent: Extent) -> None:
    chance = random.Random(extent.seed)
    server = await EmbeddedPostgres.start(cluster, holder="tests")
    try:
        url = database_url(server.address, server.address.database)
        settings = Settings(folder=tmp_path / "data", database_url=url, egress_allow="127.0.0.1")
        async with staged(settings) as stage:
            tasks = chain(stage.counter)
            stage.worker()
            stage.worker()
            runs: list[str] = []
            for _ in range(extent.restarts):
                runs += [await stage.start(tasks) for _ in range(4)]
                await stage.until_counted(stage.counter.counts.total() + 5)
                await asyncio.sleep(chance.uniform(0, 0.5))
                await server.stop()
                await asyncio.sleep(chance.uniform(0, 1.5))
                server = await EmbeddedPostgres.start(cluster, holder="tests")
            verdicts = Counter(verdict(run, stage.counter, tasks) for run in await stage.all_ended(runs))
        assert verdicts["given up"] == 0
        assert verdicts["done"] > len(runs) / 2
        extent.found("database stopped and started", restarts=extent.restarts, runs=len(runs), **verdicts)
    finally:
        await server.stop()
