"""The scheduler: looks again and again which schedules are due, and wakes workers for their runs.

It runs in every process that serves; they share the work, and it goes on when one of them ends. What it waits for is
measured by the database's clock, so it does not matter what the machines' clocks show.
"""

from __future__ import annotations

import asyncio
import logging

import asyncpg

from outcode.runs.firing import BATCH, Firing
from outcode.runs.queue import RunQueue

_log = logging.getLogger(__name__)
_LONGEST_SECONDS = 1.0
"""How long a changed schedule, or the end of a run that another waits for, may go unnoticed."""
_SHORTEST_SECONDS = 0.05
_ROUNDS = 20
"""After so many rounds of full batches workers begin, though there is more to fire."""
_AT_ONCE = 2
"""Full batches that are written at the same time, so that times are worked out while the database writes."""


class Scheduler:
    """Fires schedules in this process; any number of them may share one database."""

    def __init__(self, firing: Firing, queue: RunQueue) -> None:
        self._firing = firing
        self._queue = queue
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for due schedules."""
        self._loop = asyncio.create_task(self._look(), name="scheduler")

    async def stop(self) -> None:
        """Fire nothing more; what was being written is undone, and is still due for the next scheduler."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)

    async def fire_due(self) -> int:
        """Fire what is due now, then wake workers; returns how many runs may begin.

        The runs are committed before any worker is woken; one whose waking is lost is found by workers themselves.
        """
        batches = [await self._firing.fire()]
        for _ in range(_ROUNDS):
            if batches[-1].seen < BATCH:
                break
            batches += await asyncio.gather(*(self._firing.fire() for _ in range(_AT_ONCE)))
        runs = [run for batch in batches for run in batch.runs]
        runs += await self._firing.next_in_line()
        if runs:
            await self._queue.wake()
        return len(runs)

    async def _look(self) -> None:
        while True:
            seconds: float | None = None
            try:
                await self.fire_due()
                seconds = await self._firing.seconds_left()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                _log.warning("due schedules could not be looked for: %s", type(error).__name__)
            wait = _LONGEST_SECONDS if seconds is None else min(seconds, _LONGEST_SECONDS)
            await asyncio.sleep(max(wait, _SHORTEST_SECONDS))
