"""The record of one run while it is carried: what happened to its tasks, written in groups at the moments that matter.

What may be repeated need not be written before it happens: should we die, it happens again. So the record waits with
pure work until something must be durable: before an effect, after it, at the run's end, or a moment later so that
people see how far it is. Writes of many runs share one transaction (:mod:`outcode.runs.record_writes`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

import asyncpg

from outcode.database.grouped import Grouped
from outcode.engine.results import TaskResult
from outcode.engine.state import FINAL_RUN_STATES, RunState, TaskState, may_follow
from outcode.runs.call_log import CallLog
from outcode.runs.claims import Claim, LeaseLost
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
    result: Payload | None = None
    calls: Payload | None = None
    error: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class RunEntry:
    """What one run has to write: its tasks, and its end where it has come to one."""

    claim: Claim
    tasks: tuple[TaskEntry, ...]
    end: RunState | None = None
    error: Mapping[str, Json] | None = None


class RunRecord:
    """The record of one claimed run; made by :meth:`outcode.runs.journal.Journal.record`.

    Every method that writes raises LeaseLost once the run is not ours any more, and then writes nothing.
    """

    def __init__(self, claim: Claim, payloads: PayloadStore, writes: Grouped[RunEntry, bool]) -> None:
        self.claim = claim
        self._payloads = payloads
        self._writes = writes
        self._tasks: dict[str, TaskEntry] = {}
        self._turn = asyncio.Lock()
        self._showing: asyncio.Task[None] | None = None

    async def task_started(self, letter: str, rows_total: int | None, *, repeatable: bool) -> None:
        """A task begins. When it may not be repeated, this intent is durable before the first effect."""
        rows = None if rows_total is None else 0
        self._tasks[letter] = TaskEntry(letter, TaskState.RUNNING, datetime.now(UTC), None, rows_total, rows, rows)
        if repeatable:
            self._show_soon()
        else:
            await self.flush()

    def task_progress(self, letter: str, done: int, failed: int) -> None:
        """So many elements are done and failed; written a moment later."""
        entry = self._tasks.setdefault(letter, TaskEntry(letter, TaskState.RUNNING))
        entry.rows_done, entry.rows_failed = done, failed
        self._show_soon()

    async def task_ended(
        self,
        letter: str,
        state: TaskState,
        *,
        repeatable: bool,
        result: TaskResult | None = None,
        error: Mapping[str, Json] | None = None,
        calls: CallLog | None = None,
    ) -> None:
        """A task has ended with its result or error; durable before the next task when it may not be repeated."""
        entry = self._tasks.setdefault(letter, TaskEntry(letter, state))
        entry.state, entry.error, entry.finished_at = state, error, datetime.now(UTC)
        if result is not None:
            entry.result = await self._payloads.prepare(self.claim.scope, result.as_json())
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
            await self._write(state, problem.as_json() if problem else None)

    async def flush(self) -> None:
        """Write what is known; it is durable when this returns."""
        async with self._turn:
            if self._tasks:
                await self._write()

    def release(self) -> None:
        """Write nothing more by itself."""
        if self._showing is not None:
            self._showing.cancel()
            self._showing = None

    async def _write(self, end: RunState | None = None, error: Mapping[str, Json] | None = None) -> None:
        tasks, self._tasks = self._tasks, {}
        held: bool | None = None
        try:
            held = await self._writes.submit(RunEntry(self.claim, tuple(tasks.values()), end, error))
        finally:
            if held is None:
                # Written or not, nobody knows: it is written again, which changes nothing where it was.
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
