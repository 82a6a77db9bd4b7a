"""Workers that are killed, stopped for a while, or told to end, in the middle of their runs."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter

from tests.faults.conftest import Extent
from tests.faults.flows import chain, verdict
from tests.faults.stage import Stage

_STRUCK = "SELECT coalesce(sum(greatest(epoch - 1, 0)), 0) FROM runs"
_OPEN = "SELECT count(*) FROM runs WHERE state IN ('waiting', 'running')"
_RUNNING = "SELECT count(*) FROM runs WHERE state = 'running'"


async def test_killed_workers_lose_nothing_and_repeat_nothing(stage: Stage, extent: Extent) -> None:
    chance = random.Random(extent.seed)
    tasks = chain(stage.counter)
    runs: list[str] = []
    kills = 0
    workers = [stage.worker(at_once=6), stage.worker(at_once=6)]
    while (struck := await stage.number(_STRUCK)) < extent.points:
        while await stage.number(_OPEN) < 12:
            runs.append(await stage.start(tasks))
        victim = chance.randrange(2)
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        if workers[victim].works and await stage.number(_RUNNING):
            workers[victim].kill()
            workers[victim] = stage.worker(at_once=6)
            kills += 1
    ended = await stage.all_ended(runs)
    verdicts = Counter(verdict(run, stage.counter, tasks) for run in ended)
    assert verdicts["done"] > 0
    extent.found("worker killed with -9", kills=kills, struck=struck, runs=len(runs), **verdicts)


async def test_a_worker_stopped_past_its_lease_writes_nothing_more(stage: Stage, extent: Extent) -> None:
    tasks = chain(stage.counter)
    paused = stage.worker()
    runs = [await stage.start(tasks) for _ in range(4)]
    await stage.until_counted(8)
    paused.send(signal.SIGSTOP)
    other = stage.worker()
    before = await stage.all_ended(runs)
    paused.send(signal.SIGCONT)
    await asyncio.sleep(2)
    after = await stage.all_ended(runs)
    assert after == before
    verdicts = Counter(verdict(run, stage.counter, tasks) for run in after)
    other.kill()
    last = await stage.start(tasks)
    (found,) = await stage.all_ended([last])
    assert verdict(found, stage.counter, tasks) == "done"
    extent.found("worker stopped past its lease", runs=len(runs), **verdicts)


async def test_workers_told_to_end_hand_their_runs_over(stage: Stage, extent: Extent) -> None:
    tasks = chain(stage.counter)
    runs = [await stage.start(tasks) for _ in range(4)]
    first = stage.worker(OUTCODE_DRAIN_SECONDS="60", OUTCODE_LEASE_SECONDS="60")
    await stage.until_counted(4)
    first.send(signal.SIGTERM)
    assert await first.ended() == 0
    assert await stage.number(_RUNNING) == 0
    hasty = stage.worker(OUTCODE_DRAIN_SECONDS="0", OUTCODE_LEASE_SECONDS="60")
    runs += [await stage.start(tasks) for _ in range(4)]
    await stage.until_counted(stage.counter.counts.total() + 4)
    hasty.send(signal.SIGTERM)
    assert await hasty.ended() == 0
    assert await stage.number(_RUNNING) == 0
    assert await stage.number("SELECT coalesce(max(attempts), 0) FROM runs WHERE state = 'waiting'") == 0
    stage.worker()
    verdicts = Counter(verdict(run, stage.counter, tasks) for run in await stage.all_ended(runs))
    assert verdicts["done"] >= 4
    extent.found("worker told to end", runs=len(runs), **verdicts)


async def test_a_new_version_leaves_runs_at_work_with_theirs(stage: Stage, extent: Extent) -> None:
    starter, scope = stage.instance.starter, stage.scope
    tasks = chain(stage.counter)
    old = await stage.save({"name": "Versions", "tasks": tasks})
    begun = [(await starter.start(scope, old.draft, "api", {})).run_id for _ in range(2)]
    worker = stage.worker()
    await stage.until_counted(4)
    short = {"a": tasks["a"], "b": tasks["b"]}
    new = await stage.save({"name": "Versions", "tasks": short})
    begun.append((await starter.start(scope, new.draft, "api", {})).run_id)
    worker.kill()
    stage.worker()
    *first, last = await stage.all_ended(begun)
    assert [task.letter for task in last.tasks] == list(short)
    assert verdict(last, stage.counter, short) in {"done", "unknown"}
    verdicts = Counter(verdict(run, stage.counter, tasks) for run in first)
    extent.found("new version during runs", runs=len(begun), **verdicts)
