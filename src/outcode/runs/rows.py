"""The elements of an iterating task: what became of each, journaled in chunks while it goes on.

An element whose repetition might do harm is begun only when the intent to begin it is durable: for those that come in
their order a mark (*so many, from the first*), for those done again a chunk without outcomes. Outcomes follow within
moments. So after a crash it is known of every element whether it was done, never begun, or in flight; of the latter
there are never more than 64 at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from outcode.engine.results import Failure
from outcode.runs.claims import LeaseLost
from outcode.runs.record import ChunkEntry, RunRecord
from outcode.values.json import Json
from outcode.values.problems import Problem, VendorDown

MOST_IN_FLIGHT = 64
_WRITE_SECONDS = 0.03
_WRITE_HARMLESS_SECONDS = 0.5

Outcome = list[Json] | dict[str, Json]
"""``[value]``, ``{"error": …}``, or ``{"again": …}`` for an element that is to be tried again."""


@dataclass(slots=True)
class KnownRows:
    """What the journal says of a task's elements: outcomes by index, and those that were in flight."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    in_flight: set[int] = field(default_factory=set)
    chunks: int = 0

    @classmethod
    def read(cls, chunks: Iterable[tuple[Sequence[int], list[Outcome] | None]], rows_begun: int | None) -> KnownRows:
        """What chunks in their order say; without outcomes a chunk is an intent.

        >>> KnownRows.read([([0, 1], [[5], {"again": {}}]), ([1], None)], 3).in_flight
        {1, 2}
        """
        known = cls(in_flight=set(range(rows_begun or 0)))
        for rows, outcomes in chunks:
            known.chunks += 1
            if outcomes is None:
                known.in_flight.update(rows)
                continue
            known.in_flight.difference_update(rows)
            known.outcomes.update(zip(rows, outcomes, strict=True))
        for row in known.in_flight:
            known.outcomes.pop(row, None)
        return known


class RowLog:
    """What became of ``count`` elements; ``repeatable``: doing any of them twice does no harm."""

    def __init__(
        self, record: RunRecord, letter: str, count: int, *, at_once: int, repeatable: bool, known: KnownRows
    ) -> None:
        self._record = record
        self._letter = letter
        self._count = count
        self._at_once = at_once
        self._repeatable = repeatable
        self._outcomes: dict[int, Outcome] = dict(known.outcomes)
        self._done = sum(isinstance(outcome, list) for outcome in self._outcomes.values())
        self._failed = sum(isinstance(outcome, dict) and "error" in outcome for outcome in self._outcomes.values())
        self._chunks = known.chunks
        self._mark = max(known.in_flight | known.outcomes.keys(), default=-1) + 1
        self._unwritten: list[int] = []
        self._redone: set[int] = set()
        self._wanted: list[int] = []
        self._finished = 0
        self._needed = 0
        self._fault: Exception | None = None
        self._writing: asyncio.Task[None] | None = None
        self._later: asyncio.Task[None] | None = None
        if not repeatable:
            for row in sorted(known.in_flight):
                self.failed(row, VendorDown("effect_unknown", task=letter))

    def to_do(self) -> list[int]:
        """The elements that have no lasting outcome, in their order."""
        done = self._outcomes
        return [row for row in range(self._count) if row not in done or _again(done[row])]

    async def begin(self, rows: Sequence[int]) -> None:
        """Return when these elements may be begun, together; raises LeaseLost when the run is not ours any more."""
        if self._fault is not None:
            raise self._fault
        if self._repeatable:
            return
        redo = [row for row in rows if row < self._mark and row in self._outcomes and row not in self._redone]
        self._wanted += redo
        self._needed = max(self._needed, rows[-1] + 1)
        while rows[-1] >= self._mark or not self._redone.issuperset(redo):
            await self._write_together()

    def succeeded(self, row: int, value: Json) -> None:
        """An element gave a value."""
        self._ended(row, [value])

    def failed(self, row: int, problem: Problem, *, again: bool = False) -> None:
        """An element failed; with ``again`` it is to be tried again later."""
        problem.at(row=row + 1)
        self._ended(row, {"again" if again else "error": problem.as_json()})

    async def finish(self, *, chunked: bool = False) -> bool:
        """Write what is left to write; whether the outcomes are in chunks, as ``chunked`` demands it.

        When all of it went by within moments, nothing was written: then the whole result still has to be.
        """
        if self._later is not None:
            self._later.cancel()
        if self._writing is not None and not self._writing.done():
            await self._write_together()
        if self._fault is not None:
            raise self._fault
        if self._chunks or chunked:
            while self._unwritten:
                await self._write_together()
        return bool(self._chunks)

    def release(self) -> None:
        """Write nothing more."""
        for task in (self._later, self._writing):
            if task is not None:
                task.cancel()

    def values(self) -> list[Json]:
        """The elements' values in their order; None for those that failed."""
        found: list[Json] = []
        for row in range(self._count):
            outcome = self._outcomes[row]
            found.append(outcome[0] if isinstance(outcome, list) else None)
        return found

    def failures(self) -> tuple[Failure, ...]:
        """The elements that failed, in their order."""
        return failures_in(self._outcomes)

    def _ended(self, row: int, outcome: Outcome) -> None:
        self._outcomes[row] = outcome
        self._done += isinstance(outcome, list)
        self._failed += isinstance(outcome, dict) and "error" in outcome
        self._unwritten.append(row)
        self._finished += 1
        self._redone.discard(row)
        if self._later is None or self._later.done():
            self._later = asyncio.create_task(self._write_later())

    async def _write_later(self) -> None:
        await asyncio.sleep(_WRITE_HARMLESS_SECONDS if self._repeatable else _WRITE_SECONDS)
        try:
            await self._write_together()
        except (LeaseLost, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            self._fault = error

    async def _write_together(self) -> None:
        """Whoever comes while a write is under way waits for it, and looks again."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await asyncio.shield(self._writing)

    async def _write(self) -> None:
        rows, self._unwritten = self._unwritten, []
        intended, self._wanted = self._wanted[:MOST_IN_FLIGHT], self._wanted[MOST_IN_FLIGHT:]
        chunks: list[ChunkEntry] = []
        if rows:
            outcomes: list[Json] = [self._outcomes[row] for row in rows]
            chunks.append(await self._record.chunk(self._letter, self._chunks, rows, outcomes))
        if intended:
            chunks.append(await self._record.chunk(self._letter, self._chunks + len(chunks), intended, None))
        mark = self._next_mark()
        self._finished = 0
        await self._record.write_rows(self._letter, mark, chunks, self._done, self._failed)
        self._chunks += len(chunks)
        self._mark = mark
        self._redone.update(intended)

    def _next_mark(self) -> int:
        """Ahead by what is worked on at once, or by what was done since the last write."""
        if self._repeatable:
            return self._mark
        ahead = min(MOST_IN_FLIGHT, max(self._at_once, 2 * self._finished))
        return max(self._mark, self._needed, min(self._count, len(self._outcomes) + ahead))


def failures_in(outcomes: Mapping[int, Outcome]) -> tuple[Failure, ...]:
    """The failures among outcomes, in the order of their elements."""
    return tuple(
        Failure(row + 1, outcome.get("error") or outcome["again"])
        for row, outcome in sorted(outcomes.items())
        if isinstance(outcome, dict)
    )


def _again(outcome: Outcome) -> bool:
    return isinstance(outcome, dict) and "again" in outcome
