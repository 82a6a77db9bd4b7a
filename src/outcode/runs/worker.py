"""A worker: takes runs as it has room, holds their leases while they are carried, and lets go in good order."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import asyncpg
from sqlalchemy.exc import DBAPIError

from outcode.database.absence import is_away
from outcode.engine.state import RunState
from outcode.runs.claims import Claim, LeaseLost
from outcode.runs.journal import Journal
from outcode.runs.leases import Leases
from outcode.runs.outcomes import Outcome
from outcode.runs.queue import RunQueue
from outcode.runs.record import RunRecord
from outcode.runs.runner import Runner
from outcode.values.problems import Stopped, Unexpected
from outcode.workspace.settings import Pace

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 2.0
"""How often a worker with room looks for runs that nobody has told it of."""
_RENEW_SECONDS = 2.0
_WAKE_SECONDS = 1.0
_TIDY_SECONDS = 60.0
_LET_GO_SECONDS = 5.0
_DATABASE_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError, OSError)


@dataclass(slots=True)
class _Held:
    """A run in our hands; ``cancelled`` when a person wants it stopped, ``handed_back`` when we stop before it."""

    record: RunRecord
    work: asyncio.Task[Outcome | None]
    cancelled: bool = False
    handed_back: bool = False


class Worker:
    """Carries runs in this process; any number of workers may share one database."""

    def __init__(self, journal: Journal, runner: Runner, queue: RunQueue, leases: Leases, pace: Pace) -> None:
        self._journal = journal
        self._runner = runner
        self._queue = queue
        self._leases = leases
        self._pace = pace
        self._held: dict[asyncio.Task[Outcome | None], _Held] = {}
        self._taken: set[asyncio.Task[Outcome | None]] = set()
        self._owed: list[Claim] = []
        """Runs that we cannot go on with, to be handed back once the database answers."""
        self._look = asyncio.Event()
        self._renew = asyncio.Event()
        self._stopping_at: float | None = None
        self._loops: list[asyncio.Task[None]] = []
        self._taking: asyncio.Task[None] | None = None

    def start(self, *, consume: bool) -> None:
        """Begin to renew leases; with ``consume`` also take waiting runs, and those that nobody holds any more."""
        self._begin_loop(self._hold, min(_RENEW_SECONDS, self._leases.seconds / 4), self._renew)
        self._loops.append(asyncio.create_task(self._queue.listen(self._look, self._renew), name="listen"))
        if consume:
            self._taking = asyncio.create_task(self._take_runs(), name="take runs")
            self._loops.append(asyncio.create_task(self._wake_due(), name="wake due runs"))
            self._begin_loop(self._reap, min(_WAKE_SECONDS, self._leases.seconds / 2))
            self._begin_loop(self._tidy, _TIDY_SECONDS)

    async def take(self, run_id: str) -> None:
        """Claim a run and bring it to its end; returns at once when somebody else has it."""
        claim = await self._leases.claim(run_id)
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

    def drain(self) -> None:
        """Take nothing new from now on; what is at work goes on until :meth:`stop`, and its time runs from now."""
        if self._stopping_at is None:
            self._stopping_at = time.monotonic() + self._pace.drain_seconds
            self._look.set()

    async def stop(self) -> None:
        """Take nothing new, let what is at work finish, for as long as the drain time; then hand the rest over."""
        self.drain()
        if self._taking is not None:
            await self._taking
        while self._held and (left := (self._stopping_at or 0) - time.monotonic()) > 0:
            await asyncio.wait(self._held, timeout=left)
        for held in self._held.values():
            held.handed_back = True
            held.work.cancel()
        if self._held:
            await asyncio.wait(self._held, timeout=_LET_GO_SECONDS)
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    async def _take_runs(self) -> None:
        """Fill our places whenever runs wait; a job of the queue tells us, or the end of a run when we were full."""
        told = False
        while self._stopping_at is None:
            room = self._pace.at_once - len(self._taken)
            if room <= 0:
                await self._look.wait()
                self._look.clear()
                continue
            self._look.clear()
            try:
                claims = await self._leases.take(room)
                for claim in claims:
                    self._carry_taken(claim)
                if len(claims) == room:
                    await self._queue.wake()  # there may be more, for those who have places left
                    continue
                told = await self._queue.take()
            except _DATABASE_ERRORS as error:
                _log.warning("no runs could be taken: %s", type(error).__name__)
            if not told:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._look.wait(), _LOOK_SECONDS)
            told = False

    def _carry_taken(self, claim: Claim) -> None:
        ending = self.begin(claim)
        self._taken.add(ending)
        ending.add_done_callback(self._place_freed)

    def _place_freed(self, ending: asyncio.Task[Outcome | None]) -> None:
        was_full = len(self._taken) >= self._pace.at_once
        self._taken.discard(ending)
        if was_full or self._leases.limits.in_use:
            self._look.set()

    async def _see_to_the_end(self, held: _Held) -> Outcome | None:
        """A fault of ours ends that run as crashed, with its reason in the log, and never the worker."""
        claim, work = held.record.claim, held.work
        await asyncio.wait({work})
        if work.cancelled():
            if held.cancelled:
                await self._runner.end(held.record, RunState.CANCELLED, Stopped("run_cancelled"))
            elif held.handed_back:
                await self._hand_over(held.record)
            return None
        fault = work.exception()
        if fault is None:
            return work.result()
        if is_away(fault):
            # Nothing true can be written now, and the run is not at fault: it is handed back as soon as that can be.
            _log.warning("run %s lost its database: %s", claim.run_id, type(fault).__name__)
            self._owed.append(claim)
            self._renew.set()
        else:
            _log.error("run %s met a fault", claim.run_id, exc_info=fault)
            await self._runner.end(held.record, RunState.CRASHED, Unexpected("unexpected", error=type(fault).__name__))
        return None

    async def _hand_over(self, record: RunRecord) -> None:
        """What is known is written first, so that whoever goes on repeats as little as possible."""
        try:
            await record.flush()
            await self._leases.hand_back([record.claim])
            await self._queue.wake()
        except LeaseLost:
            pass
        except _DATABASE_ERRORS as error:
            _log.warning("run %s could not be handed over: %s", record.claim.run_id, type(error).__name__)

    def _begin_loop(
        self, work: Callable[[], Awaitable[None]], seconds: float, early: asyncio.Event | None = None
    ) -> None:
        """Do ``work`` now and then again, every so many seconds or as soon as the event says."""

        async def repeat() -> None:
            sooner = early or asyncio.Event()
            while True:
                sooner.clear()
                try:
                    await work()
                except _DATABASE_ERRORS as error:
                    _log.warning("%s failed: %s", work.__name__.strip("_"), type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(sooner.wait(), seconds)

        self._loops.append(asyncio.create_task(repeat(), name=work.__name__))

    async def _hold(self) -> None:
        """Renew all leases, stop what is not ours any more or is to be cancelled, hand back what is owed."""
        if owed := self._owed[:]:
            await self._leases.hand_back(owed)
            del self._owed[: len(owed)]
            await self._queue.wake()
        runs = {held.record.claim.run_id: held for held in self._held.values() if not held.work.done()}
        if not runs:
            return
        kept, to_cancel = await self._leases.extend({run_id: held.record.claim for run_id, held in runs.items()})
        for run_id, held in runs.items():
            held.cancelled = held.cancelled or run_id in to_cancel
            if held.cancelled or run_id not in kept:
                held.work.cancel()

    async def _reap(self) -> None:
        await self._leases.end_cancelled()
        if await self._leases.put_back_lapsed():
            await self._queue.wake()

    async def _wake_due(self) -> None:
        """Let suspended runs go on when their time has come, not before and hardly later."""
        while True:
            seconds: float | None = None
            try:
                woken, seconds = await self._leases.wake_due()
                if woken:
                    await self._queue.wake()
            except _DATABASE_ERRORS as error:
                _log.warning("suspended runs could not be looked for: %s", type(error).__name__)
            await asyncio.sleep(_WAKE_SECONDS if seconds is None else max(0.0, min(seconds, _WAKE_SECONDS)))

    async def _tidy(self) -> None:
        await self._leases.forget_idempotency_keys()
        await self._queue.tidy()
