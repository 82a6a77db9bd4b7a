"""One task of a run: once, or once per element with a few at the same time, journaled before and after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from outcode.appkit import Action, App
from outcode.engine.inputs import resolve_inputs
from outcode.engine.iteration import Each, iteration, scope_of, scope_of_element
from outcode.engine.results import Failure, TaskResult
from outcode.engine.state import TaskState
from outcode.flows.dataflow import Task
from outcode.runs.calls import Caller
from outcode.runs.journal import Claim, Journal, LeaseLost
from outcode.transport.answer import Answer
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, VendorRejected
from outcode.values.references import Root
from outcode.values.types import ReadContext
from outcode.workspace.connections import OpenConnection

_PROGRESS_SECONDS = 0.5


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

    def __init__(self, journal: Journal, caller: Caller, apps: Mapping[str, App]) -> None:
        self._journal = journal
        self._caller = caller
        self._apps = apps

    async def run(
        self, claim: Claim, letter: str, task: Task, results: Mapping[str, TaskResult], roots: Mapping[str, Root]
    ) -> tuple[TaskState, TaskResult]:
        """Carry a task out; raises TaskFailed after its failure is journaled."""
        try:
            state, result = await self._carry_out(claim, letter, task, results, roots)
        except Problem as problem:
            problem.at(task=letter)
            await self._journal.task_ended(claim, letter, TaskState.FAILED, error=problem.as_json())
            raise TaskFailed(problem) from problem
        if claim.test:
            result = result.first_only()
        if not result.failures:
            await self._journal.task_ended(claim, letter, state, result=result)
            return state, result
        failed = VendorRejected("rows_failed", failed=len(result.failures), total=len(result.value)).at(task=letter)
        await self._journal.task_ended(claim, letter, TaskState.FAILED, result=result, error=failed.as_json())
        raise TaskFailed(failed)

    async def _carry_out(
        self, claim: Claim, letter: str, task: Task, results: Mapping[str, TaskResult], roots: Mapping[str, Root]
    ) -> tuple[TaskState, TaskResult]:
        app = self._apps.get(task.app)
        action = app.action(task.action) if app else None
        if app is None or action is None:
            raise InputProblem("action_gone", app=task.app, action=task.action)
        how = iteration(task, action, results)
        scope = scope_of(results, roots)
        if isinstance(how, Each) and how.count == 0:
            await self._journal.task_started(claim, letter, 0)
            return TaskState.SKIPPED, TaskResult([], origin=how.origin)
        await self._journal.task_started(claim, letter, how.count if isinstance(how, Each) else None)
        connection = await self._caller.connection(claim.scope, app, task.connection)
        work = _Work(claim, letter, task, app, action, scope, connection)
        if isinstance(how, Each):
            return TaskState.DONE, await self._run_each(work, how)
        answer = await self._call(work, scope)
        return TaskState.DONE, TaskResult.of(letter, answer.value, answer.meta)

    async def _run_each(self, work: _Work, each: Each) -> TaskResult:
        elements = _Elements(each.count)
        indexes = iter(range(each.count))
        reported = time.monotonic()

        async def worker() -> None:
            nonlocal reported
            for index in indexes:
                try:
                    answer = await self._call(work, scope_of_element(work.scope, each, index))
                except Problem as problem:
                    elements.failed(index, problem)
                else:
                    elements.succeeded(index, answer.value)
                if time.monotonic() - reported > _PROGRESS_SECONDS:
                    reported = time.monotonic()
                    await self._journal.task_progress(work.claim, work.letter, elements.done, len(elements.failures))

        lost = False
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(work.task.at_once, each.count)):
                    group.create_task(worker())
        except* LeaseLost:
            lost = True
        if lost:
            raise LeaseLost
        failures = tuple(sorted(elements.failures, key=lambda failure: failure.row))
        return TaskResult(elements.values, None, each.origin, failures)

    async def _call(self, work: _Work, scope: Mapping[str, Root]) -> Answer:
        hosts = work.connection.allowed_hosts if work.connection else frozenset()
        answers = resolve_inputs(work.task, work.action, scope, work.scope, allowed_hosts=hosts)
        context = ReadContext(ZoneInfo(work.claim.timezone), work.claim.started_at)
        return await self._caller.call(work.claim.scope, work.app, work.action, answers, work.connection, context)


@dataclass(frozen=True, slots=True)
class _Work:
    """What all elements of a task share."""

    claim: Claim
    letter: str
    task: Task
    app: App
    action: Action
    scope: Mapping[str, Root]
    connection: OpenConnection | None
