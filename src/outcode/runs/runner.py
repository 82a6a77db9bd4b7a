"""Carries one claimed run through: task after task, each journaled before and after, until the run ends."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from outcode.appkit import App
from outcode.engine.plan import Plan
from outcode.engine.results import TaskResult
from outcode.engine.state import RunState, TaskState
from outcode.flows.dataflow import Dataflow
from outcode.runs.journal import Claim, Journal, LeaseLost
from outcode.runs.task import TaskFailed, TaskRunner
from outcode.values.json import Json
from outcode.values.problems import Problem, Unexpected, VendorDown
from outcode.values.references import Root

_log = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
"""How often a run may lose its worker before it counts as the reason."""


class Runner:
    """Carries runs out; one instance serves any number of runs at the same time."""

    def __init__(self, journal: Journal, tasks: TaskRunner, apps: Mapping[str, App]) -> None:
        self._journal = journal
        self._tasks = tasks
        self._apps = apps

    async def carry(self, claim: Claim) -> None:
        """Bring the run to its end and write it; a lost lease ends our part silently.

        Cancellation of this coroutine leaves the run as it is: whoever cancels writes what that means.
        """
        try:
            await self._carry(claim)
        except LeaseLost:
            _log.info("run %s is carried by another worker now", claim.run_id)

    async def _carry(self, claim: Claim) -> None:
        document = Dataflow.model_validate(await self._journal.document(claim))
        if problem := self._why_not_again(claim, document):
            await self._give_up(claim, problem)
            return
        try:
            await self._run_tasks(claim, document)
        except TaskFailed as failure:
            await self._journal.end(claim, RunState.FAILED, failure.problem)
        else:
            await self._journal.end(claim, RunState.DONE)

    async def _give_up(self, claim: Claim, problem: Problem) -> None:
        for letter, state in claim.task_states.items():
            if state is TaskState.RUNNING:
                await self._journal.task_ended(claim, letter, TaskState.UNKNOWN, error=problem.as_json())
        await self._journal.end(claim, RunState.CRASHED, problem)

    def _why_not_again(self, claim: Claim, document: Dataflow) -> Problem | None:
        """Why a run that lost its worker is not taken up again; None when it is."""
        if claim.attempts > MAX_ATTEMPTS:
            return Unexpected("run_keeps_crashing", attempts=claim.attempts - 1)
        for letter, state in claim.task_states.items():
            task = document.tasks[letter]
            action = self._apps[task.app].action(task.action)
            if state is TaskState.RUNNING and (action is None or action.idempotent is not True):
                return VendorDown("effect_unknown", task=letter)
        return None

    async def _run_tasks(self, claim: Claim, document: Dataflow) -> None:
        plan = Plan.of(document)
        states = {letter: _to_go_on_from(claim.task_states.get(letter)) for letter in document.tasks}
        results: dict[str, TaskResult] = {}
        for letter, state in states.items():
            if state is not TaskState.WAITING:
                results[letter] = await self._journal.result(claim, letter)
        roots = roots_of(claim)
        while ready := plan.ready(states):
            letter = ready[0]
            states[letter], results[letter] = await self._tasks.run(
                claim, letter, document.tasks[letter], results, roots
            )

    async def end(self, claim: Claim, state: RunState, problem: Problem) -> None:
        """Write the end of a run that did not reach its own, unless somebody else has written one."""
        try:
            await self._journal.end(claim, state, problem)
        except LeaseLost:
            _log.info("run %s had ended already", claim.run_id)


def _to_go_on_from(state: TaskState | None) -> TaskState:
    """Finished tasks stay; whatever was begun and may be repeated begins anew."""
    return state if state in {TaskState.DONE, TaskState.SKIPPED} else TaskState.WAITING


def roots_of(claim: Claim) -> dict[str, Root]:
    """What every task may refer to besides other tasks: ``trigger``, ``run`` and ``now``."""
    started: datetime = claim.started_at
    run: dict[str, Json] = {
        "id": claim.run_id,
        "startedAt": started.astimezone(UTC).isoformat(),
        "trigger": claim.trigger,
        "test": claim.test,
    }
    return {
        "trigger": Root(claim.input, label="trigger"),
        "run": Root(run, label="run"),
        "now": Root(datetime.now(UTC).isoformat(timespec="milliseconds"), label="now"),
    }
