"""One task of a run: once, or once per element with a few at the same time, journaled before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from outcode.appkit import Action, App, FlowStep
from outcode.engine.inputs import resolve_inputs
from outcode.engine.iteration import Each, iteration, scope_of
from outcode.engine.results import Taken, TaskResult
from outcode.engine.retries import seconds_until_next
from outcode.engine.state import TaskState
from outcode.flows.dataflow import ERROR_BRANCH
from outcode.runs.call_log import CallLog
from outcode.runs.calls import Caller, Line
from outcode.runs.elements import ElementRunner, Inputs, Work
from outcode.runs.journal import Journal
from outcode.runs.steps import FlowSteps
from outcode.runs.turns import Ended, TryAgain, Turn, Waits
from outcode.runs.waits import wait_for
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, Stopped, VendorRejected
from outcode.values.references import Root

SHORT_WAIT_SECONDS = 1.0
"""Shorter waits are sat out; longer ones hand the run back."""


@dataclass(frozen=True, slots=True)
class _Made:
    """What carrying a task out gave; ``chunked``: its values are journaled already."""

    state: TaskState
    result: TaskResult
    chunked: bool = False


class TaskRunner:
    """Runs single tasks of runs."""

    def __init__(self, caller: Caller, journal: Journal, steps: FlowSteps) -> None:
        self._caller = caller
        self._elements = ElementRunner(journal)
        self._steps = steps

    async def run(self, turn: Turn) -> Ended | Waits:
        """Carry a task out, again after short waits, and journal how the turn ended."""
        calls = CallLog()
        mark = turn.mark
        while True:
            try:
                return await self._attempt(replace(turn, mark=mark), calls)
            except TryAgain as again:
                mark = replace(mark, attempt=mark.attempt + (again.problem is not None), wait=again.wait)
                seconds = (again.wait.until - datetime.now(UTC)).total_seconds()
                if seconds > SHORT_WAIT_SECONDS:
                    await turn.record.task_waits(turn.letter, again.wait, mark.attempt, again.problem)
                    return Waits(mark)
                await asyncio.sleep(max(seconds, 0.0))

    async def _attempt(self, turn: Turn, calls: CallLog) -> Ended:
        made: _Made | None = None
        try:
            made = await self._in_time(turn, calls)
            if turn.record.claim.test:
                made = replace(made, result=made.result.first_only(), chunked=False)
            if made.result.failures:
                raise VendorRejected("rows_failed", failed=len(made.result.failures), total=len(made.result.value))
        except Problem as problem:
            problem.at(task=turn.letter)
            result = _with_error(turn, problem, made.result if made else None)
            chunked = made is not None and made.chunked and turn.task.on_error == "stop"
            await self._ended(turn, TaskState.FAILED, result, calls, chunked=chunked, problem=problem)
            return Ended(TaskState.FAILED, result, problem)
        await self._ended(turn, made.state, made.result, calls, chunked=made.chunked)
        return Ended(made.state, made.result)

    @staticmethod
    async def _ended(
        turn: Turn,
        state: TaskState,
        result: TaskResult | None,
        calls: CallLog,
        *,
        chunked: bool,
        problem: Problem | None = None,
    ) -> None:
        await turn.record.task_ended(
            turn.letter,
            state,
            repeatable=turn.repeatable,
            result=result,
            error=problem.as_json() if problem is not None else None,
            calls=calls,
            chunked=chunked,
        )

    async def _in_time(self, turn: Turn, calls: CallLog) -> _Made:
        seconds = turn.task.timeout_seconds
        if seconds is None:
            return await self._carry_out(turn, calls)
        try:
            async with asyncio.timeout(seconds):
                return await self._carry_out(turn, calls)
        except TimeoutError:
            raise Stopped("task_timeout", seconds=seconds) from None

    async def _carry_out(self, turn: Turn, calls: CallLog) -> _Made:
        app, action = turn.app, turn.action
        if app is None or action is None:
            raise InputProblem("action_gone", app=turn.task.app, action=turn.task.action)
        how = iteration(turn.task, action, turn.results, turn.domain)
        rows = how.count if isinstance(how, Each) else None
        await turn.record.task_started(
            turn.letter, rows, repeatable=turn.repeatable or rows == 0, attempt=turn.mark.attempt
        )
        each = how if isinstance(how, Each) else None
        if each is not None and each.count == 0:
            empty = TaskResult([], origin=each.origin, domain={**turn.domain, **each.domain})
            return _Made(TaskState.SKIPPED, empty)
        if isinstance(action.call, FlowStep):
            if each is not None and action.call.step == "call_dataflow":
                scope = scope_of(turn.results, turn.roots)
                call = partial(self._steps.call_dataflow, turn)
                result, chunked = await self._elements.run(Work(turn, action, each, scope, frozenset(), call))
                return _Made(TaskState.DONE, result, chunked)
            return _Made(TaskState.DONE, await self._steps.take(turn, action.call.step, action, each))
        return await self._call(turn, app, action, each, calls)

    async def _call(self, turn: Turn, app: App, action: Action, each: Each | None, calls: CallLog) -> _Made:
        claim, task = turn.record.claim, turn.task
        scope = scope_of(turn.results, turn.roots)
        line = await self._caller.line(
            claim.scope, app, action, task.connection, turn.context, f"{claim.run_id}:{turn.letter}"
        )
        if each is not None:
            result, chunked = await self._elements.run(self._work(turn, action, each, scope, line, calls))
            return _Made(TaskState.DONE, result, chunked)
        inputs = resolve_inputs(
            task, action, scope, scope, allowed_hosts=line.allowed_hosts, timezone=turn.context.timezone
        )
        try:
            answer = await self._caller.call(line, inputs, calls.add)
        except Problem as problem:
            seconds = seconds_until_next(task.retry, turn.mark.attempt, problem, repeatable=turn.repeatable)
            if seconds is not None:
                raise TryAgain(wait_for(problem, seconds, task.connection), problem) from problem
            raise
        return _Made(TaskState.DONE, replace(TaskResult.of(turn.letter, answer.value, answer.meta), domain=turn.domain))

    def _work(
        self, turn: Turn, action: Action, each: Each, scope: Mapping[str, Root], line: Line, calls: CallLog
    ) -> Work:
        """The elements of an app's action, called one by one or many at once."""

        async def call(inputs: Inputs, row: int) -> Json:
            return (await self._caller.call(line, inputs, partial(calls.add, row=row), row)).value

        async def call_batch(elements: Sequence[Inputs], rows: Sequence[int]) -> Sequence[Json | Problem]:
            outcomes = await self._caller.call_batch(line, elements, partial(calls.add, row=rows[0]), rows)
            return [outcome if isinstance(outcome, Problem) else outcome.value for outcome in outcomes]

        return Work(turn, action, each, scope, line.allowed_hosts, call, call_batch)


def _with_error(turn: Turn, problem: Problem, result: TaskResult | None) -> TaskResult | None:
    """The result with which the flow goes on after a failure, as the task says; as it is where the flow stops."""
    task = turn.task
    if task.on_error == "stop":
        return result
    branches = task.on_error == "branch"
    if result is None or result.origin is None:
        course: dict[str, Taken] = {"": False, ERROR_BRANCH: True} if branches else {}
        return TaskResult(error_value(problem.as_dict()), domain=turn.domain, routes=course)
    failed = {failure.row - 1: failure.error for failure in result.failures}
    values: list[Json] = [
        error_value(failed[place]) if place in failed else value for place, value in enumerate(result.value)
    ]
    positions = result.positions or range(len(values))
    routes: dict[str, Taken] = {
        "": tuple(position for place, position in enumerate(positions) if place not in failed),
        ERROR_BRANCH: tuple(positions[place] for place in sorted(failed)),
    }
    return replace(result, value=values, routes=routes if branches else {})


def error_value(problem: Mapping[str, Json]) -> dict[str, Json]:
    """A failure as a value that later tasks can refer to: ``{{b.error.message}}``."""
    return {"error": problem}
