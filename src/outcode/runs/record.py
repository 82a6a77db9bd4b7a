"""The record of one run while it is carried: what happened to its tasks, written in groups at the moments that matter.

What may be repeated need not be written before it happens: should we die, it happens again. So the record waits with
pure work until something must be durable: before an effect, after it, at the run's end, or a moment later so that
people see how far it is. Writes of many runs share one transaction (:mod:`outcode.runs.record_writes`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

import asyncpg

from outcode.database.grouped import Grouped
from outcode.engine.results import TaskResult
from outcode.engine.state import FINAL_RUN_STATES, RunState, TaskState, may_follow
from outcode.runs.call_log import CallLog
from outcode.runs.claims import Claim, LeaseLost, Wait
from outcode.runs.payloads import Payload, PayloadStore
from outcode.values.json import Json
from outcode.values.problems import Problem

_log = logging.getLogger(__name__)

SHOW_AFTER_SECONDS = 0.2


@dataclass(slots=True)
class TaskEntry:
    """What is known of a task and not written yet."""

    letter: str
    state: TaskState
    started_at: datetime | None = None
    finished_at: datetime | None = None
    rows_total: int | None = None
    rows_done: int | None = None
    rows_failed: int | None = None
    rows_begun: int | None = None
    repeatable: bool = False
    attempt: int = 1
    reason: str | None = None
    waiting_for: Mapping[str, Json] | None = None
    result: Payload | None = None
    calls: Payload | None = None
    error: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class ChunkEntry:
    """Elements of an iterating task with their outcomes, or without: then they are about to be done again."""

    letter: str
    number: int
    rows: Sequence[int]
    outcome: Payload | None


@dataclass(frozen=True, slots=True)
class RunEntry:
    """What one run has to write: its tasks, and its end, or its wait, where it has come to one.

    A wait is that of its task ``letter``, ``seconds`` long.
    """

    claim: Claim
    tasks: tuple[TaskEntry, ...]
    chunks: tuple[ChunkEntry, ...] = ()
    end: RunState | None = None
    error: Mapping[str, Json] | None = None
    waiting_for: Mapping[str, Json] | None = None
    seconds: float = 0.0


class RunRecord:
    """The record of one claimed run; made by :meth:`outcode.runs.journal.Journal.record`.

    Every method that writes raises LeaseLost once the run is not ours any more, and then writes nothing.
    """

    def __init__(self, claim: Claim, payloads: PayloadStore, writes: Grouped[RunEntry, bool]) -> None:
        self.claim = claim
        self._payloads = payloads
        self._writes = writes
        self._tasks: dict[str, TaskEntry] = {}
        self._chunks: list[ChunkEntry] = []
        self._turn = asyncio.Lock()
        self._showing: asyncio.Task[None] | None = None

    async def task_started(
        self, letter: str, rows_total: int | None = None, *, repeatable: bool, attempt: int = 1
    ) -> None:
        """A task begins. When it may not be repeated, this intent is durable before the first effect.

        Of a task with elements it is that of each element, see :class:`outcode.runs.rows.RowLog`.
        """
        self._tasks[letter] = TaskEntry(
            letter,
            TaskState.RUNNING,
            datetime.now(UTC),
            rows_total=rows_total,
            repeatable=repeatable,
            attempt=attempt,
        )
        if repeatable or rows_total is not None:
            self._show_soon()
        else:
            await self.flush()

    async def task_skipped(self, letter: str, reason: str, result: TaskResult | None) -> None:
        """The flow does not come to a task, for a reason; written a moment later."""
        kept = await self._payloads.prepare(self.claim.scope, result.as_json()) if result is not None else None
        now = datetime.now(UTC)
        self._tasks[letter] = TaskEntry(
            letter, TaskState.SKIPPED, now, now, reason=reason, result=kept, repeatable=True
        )
        self._show_soon()

    async def task_waits(self, letter: str, wait: Wait, attempt: int, problem: Problem | None) -> None:
        """A task waits before its attempt ``attempt``; durable at once."""
        entry = self._tasks.setdefault(letter, TaskEntry(letter, TaskState.WAITING))
        entry.state, entry.attempt, entry.waiting_for = TaskState.WAITING, attempt, wait.as_json(letter)
        entry.error = problem.as_json() if problem is not None else None
        await self.flush()

    async def chunk(self, letter: str, number: int, rows: Sequence[int], outcomes: list[Json] | None) -> ChunkEntry:
        """Elements ready to be written by :meth:`write_rows`."""
        outcome = None if outcomes is None else await self._payloads.prepare(self.claim.scope, outcomes)
        return ChunkEntry(letter, number, rows, outcome)

    async def write_rows(self, letter: str, begun: int, chunks: Sequence[ChunkEntry], done: int, failed: int) -> None:
        """What is known of a task's elements; durable when this returns."""
        entry = self._tasks.setdefault(letter, TaskEntry(letter, TaskState.RUNNING))
        entry.rows_begun, entry.rows_done, entry.rows_failed = begun, done, failed
        self._chunks += chunks
        await self.flush()

    async def suspend(self, letter: str, wait: Wait) -> None:
        """Hand the run back until the moment that its task waits for; nobody holds it meanwhile."""
        self.release()
        seconds = max(0.0, (wait.until - datetime.now(UTC)).total_seconds())
        async with self._turn:
            await self._write(waiting_for=wait.as_json(letter), seconds=seconds)

    async def task_ended(
        self,
        letter: str,
        state: TaskState,
        *,
        repeatable: bool,
        result: TaskResult | None = None,
        error: Mapping[str, Json] | None = None,
        calls: CallLog | None = None,
        chunked: bool = False,
    ) -> None:
        """A task has ended with its result or error; durable before the next task when it may not be repeated.

        With ``chunked`` the result's values are in chunks already.
        """
        entry = self._tasks.setdefault(letter, TaskEntry(letter, state))
        entry.state, entry.error, entry.finished_at, entry.waiting_for = state, error, datetime.now(UTC), None
        if result is not None:
            entry.result = await self._payloads.prepare(
                self.claim.scope, result.as_json(chunks_of=(self.claim.run_id, letter) if chunked else None)
            )
            if isinstance(result.value, list):
                entry.rows_total, entry.rows_failed = len(result.value), len(result.failures)
                entry.rows_done = entry.rows_total - entry.rows_failed
        if calls is not None and calls.count:
            entry.calls = await self._payloads.prepare(self.claim.scope, calls.as_json())
        if repeatable:
            self._show_soon()
        else:
            await self.flush()

    async def end(self, state: RunState, problem: Problem | None = None) -> None:
        """Write the run's final state with everything before it, once."""
        if not may_follow(RunState.RUNNING, state) or state not in FINAL_RUN_STATES:
            raise ValueError(f"a run cannot end as {state}")
        self.release()
        async with self._turn:
            await self._write(end=state, error=problem.as_json() if problem else None)

    async def flush(self) -> None:
        """Write what is known; it is durable when this returns."""
        async with self._turn:
            if self._tasks or self._chunks:
                await self._write()

    def release(self) -> None:
        """Write nothing more by itself."""
        if self._showing is not None:
            self._showing.cancel()
            self._showing = None

    async def _write(
        self,
        *,
        end: RunState | None = None,
        error: Mapping[str, Json] | None = None,
        waiting_for: Mapping[str, Json] | None = None,
        seconds: float = 0.0,
    ) -> None:
        tasks, self._tasks = self._tasks, {}
        chunks, self._chunks = self._chunks, []
        entry = RunEntry(
            self.claim,
            tuple(tasks.values()),
            tuple(chunks),
            end=end,
            error=error,
            waiting_for=waiting_for,
            seconds=seconds,
        )
        held: bool | None = None
        try:
            held = await self._writes.submit(entry)
        finally:
            if held is None:
                # Written or not, nobody knows: it is written again, which changes nothing where it was.
                self._chunks = chunks + self._chunks
                self._tasks = {
                    **tasks,
                    **{letter: _later(tasks.get(letter), new) for letter, new in self._tasks.items()},
                }
        if not held:
            raise LeaseLost

    def _show_soon(self) -> None:
        if self._showing is None or self._showing.done():
            self._showing = asyncio.create_task(self._show())

    async def _show(self) -> None:
        await asyncio.sleep(SHOW_AFTER_SECONDS)
        try:
            await self.flush()
        except LeaseLost:
            _log.info("run %s is carried by another worker now", self.claim.run_id)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            _log.warning("progress of run %s could not be written: %s", self.claim.run_id, type(error).__name__)


def _later(old: TaskEntry | None, new: TaskEntry) -> TaskEntry:
    """What is known of a task when an older entry of it was not written."""
    if old is None:
        return new
    known = {each.name: getattr(new, each.name) for each in fields(new)}
    return replace(old, **{name: value for name, value in known.items() if value is not None})
