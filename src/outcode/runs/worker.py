"""A worker: takes runs from the queue, holds their leases while they are carried, and lets go in good order."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import asyncpg

from outcode.engine.state import RunState
from outcode.runs.claims import Claim
from outcode.runs.journal import Journal, Reaper
from outcode.runs.queue import RunQueue
from outcode.runs.record import RunRecord
from outcode.runs.runner import Outcome, Runner
from outcode.values.problems import Stopped, Unexpected

_log = logging.getLogger(__name__)
_HEARTBEAT_SECONDS = 1.0
_REAP_SECONDS = 5.0
AT_ONCE = 20
_DATABASE_GONE = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError)


@dataclass(slots=True)
class _Held:
    """A run in our hands; ``cancelled`` when a person wants it stopped."""

    record: RunRecord
    work: asyncio.Task[Outcome | None]
    cancelled: bool = False


class Worker:
    """Carries runs in this process; any number of workers may share one database."""

    def __init__(self, journal: Journal, runner: Runner, queue: RunQueue, reaper: Reaper) -> None:
        self._journal = journal
        self._runner = runner
        self._queue = queue
        self._reaper = reaper
        self._held: dict[asyncio.Task[Outcome | None], _Held] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._consumer: asyncio.Task[None] | None = None

    def start(self, *, consume: bool) -> None:
        """Begin to renew leases; with ``consume`` also take runs from the queue and put abandoned ones back."""
        self._loops.append(asyncio.create_task(self._renew_leases()))
        if consume:
            self._consumer = asyncio.create_task(self._queue.consume(self.take, AT_ONCE))
            self._loops.append(asyncio.create_task(self._put_back_abandoned()))

    async def take(self, run_id: str) -> None:
        """Claim a run and bring it to its end; returns at once when somebody else has it."""
        claim = await self._journal.claim(run_id)
        if claim is not None:
            await asyncio.wait({self.begin(claim)})

    def begin(self, claim: Claim) -> asyncio.Task[Outcome | None]:
        """Carry a run that we hold, its lease renewed meanwhile; the returned task ends when its end is written.

        Its result is None when the run did not come to its own end here. Whoever waits may stop waiting: the run goes
        on.
        """
        record = self._journal.record(claim)
        held = _Held(record, asyncio.create_task(self._runner.carry(record), name=f"run {claim.run_id}"))
        ending = asyncio.create_task(self._see_to_the_end(held))
        self._held[ending] = held
        ending.add_done_callback(self._held.pop)
        return ending

    async def stop(self) -> None:
        """Take nothing new, let what is at work finish, then end; what is killed meanwhile lapses and is taken up."""
        self._queue.stop()
        if self._consumer is not None:
            await self._consumer
        while self._held:
            await asyncio.wait(self._held)
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    async def _see_to_the_end(self, held: _Held) -> Outcome | None:
        """A fault of ours ends that run as crashed, with its reason in the log, and never the worker."""
        run_id, work = held.record.claim.run_id, held.work
        await asyncio.wait({work})
        if work.cancelled():
            if held.cancelled:
                await self._runner.end(held.record, RunState.CANCELLED, Stopped("run_cancelled"))
            return None
        fault = work.exception()
        if fault is None:
            return work.result()
        if isinstance(fault, _DATABASE_GONE):
            # Nothing true can be written now; the lease lapses, and whoever has a database takes the run up.
            _log.warning("run %s lost its database: %s", run_id, type(fault).__name__)
        else:
            _log.error("run %s met a fault", run_id, exc_info=fault)
            await self._runner.end(held.record, RunState.CRASHED, Unexpected("unexpected", error=type(fault).__name__))
        return None

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            runs = {held.record.claim.run_id: held for held in self._held.values() if not held.work.done()}
            if not runs:
                continue
            try:
                kept, to_cancel = await self._journal.extend(
                    {run_id: held.record.claim for run_id, held in runs.items()}
                )
            except (asyncpg.PostgresError, *_DATABASE_GONE) as error:
                _log.warning("leases could not be renewed: %s", type(error).__name__)
                continue
            for run_id, held in runs.items():
                held.cancelled = run_id in to_cancel
                if held.cancelled or run_id not in kept:
                    held.work.cancel()

    async def _put_back_abandoned(self) -> None:
        while True:
            try:
                for run_id, epoch in await self._reaper.abandoned():
                    await self._queue.put(run_id, epoch)
                await self._reaper.forget_idempotency_keys()
            except (asyncpg.PostgresError, *_DATABASE_GONE) as error:
                _log.warning("abandoned runs could not be looked for: %s", type(error).__name__)
            await asyncio.sleep(_REAP_SECONDS)
