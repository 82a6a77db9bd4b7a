"""A task that iterates: its elements, a few at the same time, one call each or many in one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from outcode.appkit import Action, Batch
from outcode.engine.inputs import Answer, resolve_inputs
from outcode.engine.iteration import Each, scope_of_element
from outcode.engine.results import TaskResult
from outcode.engine.retries import seconds_until_next
from outcode.runs.call_log import CallLog
from outcode.runs.calls import Caller, Line
from outcode.runs.journal import Journal
from outcode.runs.rows import KnownRows, RowLog
from outcode.runs.turns import TryAgain, Turn
from outcode.runs.waits import wait_for
from outcode.transport.http import chunks
from outcode.values.problems import Problem
from outcode.values.references import Root

_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class Work:
    """What all elements of a task share."""

    turn: Turn
    action: Action
    each: Each
    line: Line
    scope: Mapping[str, Root]
    calls: CallLog

    def inputs(self, index: int) -> dict[str, Answer]:
        """The element's inputs, resolved."""
        return resolve_inputs(
            self.turn.task,
            self.action,
            scope_of_element(self.scope, self.each, index),
            self.scope,
            allowed_hosts=self.line.allowed_hosts,
            timezone=self.line.context.timezone,
        )


class ElementRunner:
    """Carries out the elements of iterating tasks."""

    def __init__(self, caller: Caller, journal: Journal) -> None:
        self._caller = caller
        self._journal = journal

    async def run(self, work: Work) -> tuple[TaskResult, bool]:
        """The result, and whether its values are journaled in chunks already.

        Raises TryAgain when elements have failed that are to be tried again; the others are journaled by then.
        """
        turn, each = work.turn, work.each
        known = await self._known(turn)
        log = RowLog(
            turn.record,
            turn.letter,
            each.count,
            at_once=turn.task.at_once,
            repeatable=turn.repeatable,
            known=known,
        )
        course = _Course(work, log)
        try:
            if work.action.batch is None:
                await self._one_by_one(course)
            else:
                await self._in_batches(course, work.action.batch)
            chunked = await log.finish(chunked=course.again is not None)
        finally:
            log.release()
        if course.again is not None:
            seconds, problem = course.again
            raise TryAgain(wait_for(problem, seconds, turn.task.connection), problem)
        domain = {**turn.domain, **each.domain}
        return TaskResult(log.values(), None, each.origin, log.failures(), domain), chunked

    async def _known(self, turn: Turn) -> KnownRows:
        if turn.mark.rows_begun is None and turn.mark.attempt == 1:
            return KnownRows()
        return await self._journal.rows(turn.record.claim, turn.letter)

    async def _one_by_one(self, course: _Course) -> None:
        work, log = course.work, course.log

        async def call(index: int) -> None:
            row = index + 1
            try:
                inputs = work.inputs(index)
            except Problem as problem:
                log.failed(index, problem)
                return
            await log.begin([index])
            try:
                answer = await self._caller.call(work.line, inputs, partial(work.calls.add, row=row), row)
            except Problem as problem:
                course.failed(index, problem)
            else:
                log.succeeded(index, answer.value)

        await _a_few_at_once(call, log.to_do(), work.turn.task.at_once)

    async def _in_batches(self, course: _Course, batch: Batch) -> None:
        """Many elements in one call; one whose inputs cannot be resolved fails alone, before anything is sent."""
        work, log = course.work, course.log
        ready: dict[int, Mapping[str, Answer]] = {}
        for index in log.to_do():
            try:
                ready[index] = work.inputs(index)
            except Problem as problem:
                log.failed(index, problem)
        indexes = list(ready)

        async def call(chunk: list[int]) -> None:
            mine = [indexes[position] for position in chunk]
            await log.begin(mine)
            record = partial(work.calls.add, row=mine[0] + 1)
            rows = [index + 1 for index in mine]
            outcomes = await self._caller.call_batch(work.line, [ready[index] for index in mine], record, rows)
            for index, outcome in zip(mine, outcomes, strict=True):
                if isinstance(outcome, Problem):
                    course.failed(index, outcome)
                else:
                    log.succeeded(index, outcome.value)

        await _a_few_at_once(call, chunks(batch, list(ready.values())), work.turn.task.at_once)


@dataclass(slots=True)
class _Course:
    """One pass over the elements; ``again``: the longest wait that a failed element asks for, with its problem."""

    work: Work
    log: RowLog
    again: tuple[float, Problem] | None = None

    def failed(self, index: int, problem: Problem) -> None:
        turn = self.work.turn
        seconds = seconds_until_next(turn.task.retry, turn.mark.attempt, problem, repeatable=turn.repeatable)
        self.log.failed(index, problem, again=seconds is not None)
        if seconds is not None and (self.again is None or seconds > self.again[0]):
            self.again = seconds, problem


async def _a_few_at_once(call: Callable[[_Part], Awaitable[None]], parts: Iterable[_Part], at_once: int) -> None:
    """Call with every part, ``at_once`` of them together, beginning in their order."""
    waiting = iter(parts)

    async def work() -> None:
        for part in waiting:
            await call(part)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
    except BaseExceptionGroup as faults:
        # One lost lease, or one lost database, is met by several at once: the first says it all.
        raise faults.exceptions[0] from None
