"""A task that iterates: its elements, a few at the same time, one call each or many in one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from outcode.appkit import Action, Batch
from outcode.engine.inputs import Answer, resolve_inputs
from outcode.engine.iteration import Each, scope_of_element
from outcode.engine.results import TaskResult
from outcode.engine.retries import seconds_until_next
from outcode.runs.journal import Journal
from outcode.runs.rows import KnownRows, RowLog
from outcode.runs.turns import TryAgain, Turn
from outcode.runs.waits import wait_for
from outcode.transport.http import chunks
from outcode.values.json import Json
from outcode.values.problems import Problem, Stopped
from outcode.values.references import Root

_Part = TypeVar("_Part")


Inputs = Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Work:
    """What all elements of a task share.

    ``call`` carries one element out, given its inputs and its row (from 1); ``call_batch`` many of them, where the
    action takes many at once, with an outcome for each.
    """

    turn: Turn
    action: Action
    each: Each
    scope: Mapping[str, Root]
    allowed_hosts: frozenset[str]
    call: Callable[[Inputs, int], Awaitable[Json]]
    call_batch: Callable[[Sequence[Inputs], Sequence[int]], Awaitable[Sequence[Json | Problem]]] | None = None

    def inputs(self, index: int) -> dict[str, Answer]:
        """The element's inputs, resolved."""
        return resolve_inputs(
            self.turn.task,
            self.action,
            scope_of_element(self.scope, self.each, index),
            self.scope,
            allowed_hosts=self.allowed_hosts,
            timezone=self.turn.context.timezone,
        )


class ElementRunner:
    """Carries out the elements of iterating tasks."""

    def __init__(self, journal: Journal) -> None:
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
            if work.call_batch is None or work.action.batch is None:
                await _one_by_one(course)
            else:
                await _in_batches(course, work.action.batch, work.call_batch)
            chunked = await log.finish(chunked=course.again is not None)
        finally:
            log.release()
        if course.again is not None:
            raise course.again
        domain = {**turn.domain, **each.domain}
        return TaskResult(log.values(), None, each.origin, log.failures(), domain), chunked

    async def _known(self, turn: Turn) -> KnownRows:
        if turn.mark.rows_begun is None and turn.mark.attempt == 1:
            return KnownRows()
        return await self._journal.rows(turn.record.claim, turn.letter)


async def _one_by_one(course: _Course) -> None:
    work, log = course.work, course.log

    async def call(index: int) -> None:
        try:
            inputs = work.inputs(index)
        except Problem as problem:
            log.failed(index, problem)
            return
        await log.begin([index])
        try:
            value = await work.call(inputs, index + 1)
        except TryAgain as again:
            course.waits(index, again)
        except Problem as problem:
            course.failed(index, problem)
        else:
            log.succeeded(index, value)

    await _a_few_at_once(call, log.to_do(), work.turn.task.at_once)


async def _in_batches(
    course: _Course,
    batch: Batch,
    call_batch: Callable[[Sequence[Inputs], Sequence[int]], Awaitable[Sequence[Json | Problem]]],
) -> None:
    """Many elements in one call; one whose inputs cannot be resolved fails alone, before anything is sent."""
    work, log = course.work, course.log
    ready: dict[int, Inputs] = {}
    for index in log.to_do():
        try:
            ready[index] = work.inputs(index)
        except Problem as problem:
            log.failed(index, problem)
    indexes = list(ready)

    async def call(chunk: list[int]) -> None:
        mine = [indexes[position] for position in chunk]
        await log.begin(mine)
        outcomes = await call_batch([ready[index] for index in mine], [index + 1 for index in mine])
        for index, outcome in zip(mine, outcomes, strict=True):
            if isinstance(outcome, Problem):
                course.failed(index, outcome)
            else:
                log.succeeded(index, outcome)

    await _a_few_at_once(call, chunks(batch, list(ready.values())), work.turn.task.at_once)


@dataclass(slots=True)
class _Course:
    """One pass over the elements; ``again``: the longest wait that an element asks for."""

    work: Work
    log: RowLog
    again: TryAgain | None = None

    def failed(self, index: int, problem: Problem) -> None:
        turn = self.work.turn
        seconds = seconds_until_next(turn.task.retry, turn.mark.attempt, problem, repeatable=turn.repeatable)
        if seconds is None:
            self.log.failed(index, problem)
        else:
            self._again(index, TryAgain(wait_for(problem, seconds, turn.task.connection), problem), problem)

    def waits(self, index: int, again: TryAgain) -> None:
        self._again(index, again, again.problem or Stopped("task_waits"))

    def _again(self, index: int, again: TryAgain, problem: Problem) -> None:
        self.log.failed(index, problem, again=True)
        if self.again is None or again.wait.until > self.again.wait.until:
            self.again = again


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
