"""A worker: takes runs from the queue, holds their leases while they are carried, and lets go in good order."""

from __future__ import annotations

import asyncio
import logging

import asyncpg

from outcode.engine.state import RunState
from outcode.runs.journal import Claim, Journal, Reaper
from outcode.runs.queue import RunQueue
from outcode.runs.runner import Runner
from outcode.values.problems import Stopped, Unexpected

_log = logging.getLogger(__name__)
_HEARTBEAT_SECONDS = 1.0
_REAP_SECONDS = 5.0
AT_ONCE = 20
_DATABASE_GONE = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError)


class Worker:
    """Carries runs in this process; any number of workers may share one database."""

    def __init__(self, journal: Journal, runner: Runner, queue: RunQueue, reaper: Reaper) -> None:
        self._journal = journal
        self._runner = runner
        self._queue = queue
        self._reaper = reaper
        self._held: dict[str, tuple[Claim, asyncio.Task[None]]] = {}
        self._loops: list[asyncio.Task[None]] = []

    def start(self, *, consume: bool) -> None:
        """Begin to renew leases; with ``consume`` also take runs from the queue and put abandoned ones back."""
        self._loops.append(asyncio.create_task(self._renew_leases()))
        if consume:
            self._loops.append(asyncio.create_task(self._queue.consume(self.take, AT_ONCE)))
            self._loops.append(asyncio.create_task(self._put_back_abandoned()))

    async def take(self, run_id: str) -> None:
        """Claim a run and bring it to its end; returns at once when somebody else has it."""
        claim = await self._journal.claim(run_id)
        if claim is not None:
            await asyncio.wait({self.begin(claim)})

    def begin(self, claim: Claim) -> asyncio.Task[None]:
        """Carry a run that we hold, its lease renewed meanwhile; the returned task ends when the run does.

        Whoever waits may stop waiting: the run goes on.
        """
        held = asyncio.create_task(self._carry(claim), name=f"run {claim.run_id}")
        self._held[claim.run_id] = (claim, held)
        held.add_done_callback(lambda _: self._held.pop(claim.run_id))
        return held

    async def _carry(self, claim: Claim) -> None:
        """A fault of ours ends that run as crashed, with its reason in the log, and never the worker."""
        work = asyncio.create_task(self._runner.carry(claim))
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.wait({work})
            raise
        fault = work.exception()
        if isinstance(fault, _DATABASE_GONE):
            # Nothing true can be written now; the lease lapses, and whoever has a database takes the run up.
            _log.warning("run %s lost its database: %s", claim.run_id, type(fault).__name__)
        elif fault is not None:
            _log.error("run %s met a fault", claim.run_id, exc_info=fault)
            await self._runner.end(claim, RunState.CRASHED, Unexpected("unexpected", error=type(fault).__name__))

    async def stop(self) -> None:
        """Take nothing new, let what is at work finish, then end; what is killed meanwhile lapses and is taken up."""
        self._queue.stop()
        consumer = self._loops[1:2]
        await asyncio.gather(*consumer)
        while self._held:
            await asyncio.wait({work for _, work in self._held.values()})
            await asyncio.sleep(0)
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            claims = {run_id: claim for run_id, (claim, _) in self._held.items()}
            if not claims:
                continue
            try:
                held, to_cancel = await self._journal.extend(claims)
            except (asyncpg.PostgresError, *_DATABASE_GONE) as error:
                _log.warning("leases could not be renewed: %s", type(error).__name__)
                continue
            for run_id, claim in claims.items():
                if run_id in to_cancel:
                    await self._cancel(run_id, claim)
                elif run_id not in held:
                    await self._drop(run_id, claim)

    async def _cancel(self, run_id: str, claim: Claim) -> None:
        await self._drop(run_id, claim)
        await self._runner.end(claim, RunState.CANCELLED, Stopped("run_cancelled"))

    async def _drop(self, run_id: str, claim: Claim) -> None:
        current, work = self._held.get(run_id, (None, None))
        if current is claim and work is not None:
            work.cancel()
            await asyncio.wait({work})

    async def _put_back_abandoned(self) -> None:
        while True:
            try:
                for run_id, epoch in await self._reaper.abandoned():
                    await self._queue.put(run_id, epoch)
                await self._reaper.forget_idempotency_keys()
            except (asyncpg.PostgresError, *_DATABASE_GONE) as error:
                _log.warning("abandoned runs could not be looked for: %s", type(error).__name__)
            await asyncio.sleep(_REAP_SECONDS)
