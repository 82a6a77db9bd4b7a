"""One task of a run: once, or once per element with a few at the same time, journaled before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from outcode.appkit import Action, App, Batch
from outcode.engine.inputs import Answer, resolve_inputs
from outcode.engine.iteration import Each, iteration, scope_of, scope_of_element
from outcode.engine.results import Failure, TaskResult
from outcode.engine.state import TaskState
from outcode.flows.dataflow import Task
from outcode.runs.call_log import CallLog
from outcode.runs.calls import Caller, Line
from outcode.runs.record import RunRecord
from outcode.transport.http import chunks
from outcode.values.context import ReadContext
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, VendorRejected
from outcode.values.references import Root

_Part = TypeVar("_Part")


class TaskFailed(Exception):
    """A task failed and the run stops; ``problem`` says why. The task's end is journaled already."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.code)


@dataclass(slots=True)
class _Elements:
    """The outcomes of an iterating task while it runs."""

    count: int
    values: list[Json] = field(init=False)
    failures: list[Failure] = field(default_factory=list)
    done: int = 0

    def __post_init__(self) -> None:
        self.values = [None] * self.count

    def succeeded(self, index: int, value: Json) -> None:
        self.values[index] = value
        self.done += 1

    def failed(self, index: int, problem: Problem) -> None:
        self.failures.append(Failure(index + 1, problem.at(row=index + 1).as_json()))


class TaskRunner:
    """Runs single tasks of runs."""

    def __init__(self, caller: Caller, apps: Mapping[str, App]) -> None:
        self._caller = caller
        self._apps = apps

    async def run(
        self, record: RunRecord, letter: str, task: Task, results: Mapping[str, TaskResult], roots: Mapping[str, Root]
    ) -> tuple[TaskState, TaskResult]:
        """Carry a task out; raises TaskFailed after its failure is recorded."""
        calls = CallLog()
        app = self._apps.get(task.app)
        action = app.action(task.action) if app else None
        repeatable = action is None or action.idempotent is True
        result: TaskResult | None = None
        try:
            if app is None or action is None:
                raise InputProblem("action_gone", app=task.app, action=task.action)
            work = _Work(record, letter, task, app, action, repeatable, scope_of(results, roots), calls)
            state, result = await self._carry_out(work, results)
            if record.claim.test:
                result = result.first_only()
            if result.failures:
                raise VendorRejected("rows_failed", failed=len(result.failures), total=len(result.value))
        except Problem as problem:
            problem.at(task=letter)
            error = problem.as_json()
            await record.task_ended(
                letter, TaskState.FAILED, repeatable=repeatable, result=result, error=error, calls=calls
            )
            raise TaskFailed(problem) from problem
        await record.task_ended(letter, state, repeatable=repeatable, result=result, calls=calls)
        return state, result

    async def _carry_out(self, work: _Work, results: Mapping[str, TaskResult]) -> tuple[TaskState, TaskResult]:
        how = iteration(work.task, work.action, results)
        rows = how.count if isinstance(how, Each) else None
        await work.record.task_started(work.letter, rows, repeatable=work.repeatable or rows == 0)
        if isinstance(how, Each) and how.count == 0:
            return TaskState.SKIPPED, TaskResult([], origin=how.origin)
        claim = work.record.claim
        context = ReadContext(ZoneInfo(claim.timezone), claim.started_at)
        key = f"{claim.run_id}:{work.letter}"
        line = await self._caller.line(claim.scope, work.app, work.action, work.task.connection, context, key)
        if not isinstance(how, Each):
            answer = await self._caller.call(line, _inputs(work, line, work.scope), work.calls.add)
            return TaskState.DONE, TaskResult.of(work.letter, answer.value, answer.meta)
        elements = _Elements(how.count)
        if work.action.batch is None:
            await self._run_each(work, how, line, elements)
        else:
            await self._run_batches(work, how, line, elements, work.action.batch)
        failures = tuple(sorted(elements.failures, key=lambda failure: failure.row))
        return TaskState.DONE, TaskResult(elements.values, None, how.origin, failures)

    async def _run_each(self, work: _Work, each: Each, line: Line, elements: _Elements) -> None:
        async def call(index: int) -> None:
            row = index + 1
            try:
                inputs = _inputs(work, line, scope_of_element(work.scope, each, index))
                answer = await self._caller.call(line, inputs, partial(work.calls.add, row=row), row)
            except Problem as problem:
                elements.failed(index, problem)
            else:
                elements.succeeded(index, answer.value)
            work.record.task_progress(work.letter, elements.done, len(elements.failures))

        await _a_few_at_once(call, range(each.count), work.task.at_once)

    async def _run_batches(self, work: _Work, each: Each, line: Line, elements: _Elements, batch: Batch) -> None:
        """Many elements in one call; one whose inputs cannot be resolved fails alone, before anything is sent."""
        ready: dict[int, Mapping[str, Answer]] = {}
        for index in range(each.count):
            try:
                ready[index] = _inputs(work, line, scope_of_element(work.scope, each, index))
            except Problem as problem:
                elements.failed(index, problem)
        indexes = list(ready)

        async def call(chunk: list[int]) -> None:
            mine = [indexes[position] for position in chunk]
            record = partial(work.calls.add, row=mine[0] + 1)
            rows = [index + 1 for index in mine]
            outcomes = await self._caller.call_batch(line, [ready[index] for index in mine], record, rows)
            for index, outcome in zip(mine, outcomes, strict=True):
                if isinstance(outcome, Problem):
                    elements.failed(index, outcome)
                else:
                    elements.succeeded(index, outcome.value)
            work.record.task_progress(work.letter, elements.done, len(elements.failures))

        await _a_few_at_once(call, chunks(batch, list(ready.values())), work.task.at_once)


async def _a_few_at_once(call: Callable[[_Part], Awaitable[None]], parts: Iterable[_Part], at_once: int) -> None:
    """Call with every part, ``at_once`` of them together, beginning in their order."""
    waiting = iter(parts)

    async def work() -> None:
        for part in waiting:
            await call(part)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())


def _inputs(work: _Work, line: Line, scope: Mapping[str, Root]) -> dict[str, Answer]:
    return resolve_inputs(
        work.task, work.action, scope, work.scope, allowed_hosts=line.allowed_hosts, timezone=line.context.timezone
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """What all elements of a task share; ``repeatable``: doing it twice does no harm."""

    record: RunRecord
    letter: str
    task: Task
    app: App
    action: Action
    repeatable: bool
    scope: Mapping[str, Root]
    calls: CallLog
