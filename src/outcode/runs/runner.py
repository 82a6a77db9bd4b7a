"""Carries one claimed run through: task after task, each journaled before and after, until the run ends."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from outcode.appkit import App
from outcode.engine.results import TaskResult
from outcode.engine.state import RunState, TaskState
from outcode.flows.dataflow import Dataflow
from outcode.runs.claims import Claim, LeaseLost
from outcode.runs.documents import Documents, Planned
from outcode.runs.journal import Journal
from outcode.runs.record import RunRecord
from outcode.runs.task import TaskFailed, TaskRunner
from outcode.values.json import Json
from outcode.values.problems import Problem, Unexpected, VendorDown
from outcode.values.references import Root

_log = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
"""How often a run may lose its worker before it counts as the reason."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended that this process carried; ``value`` is the result of its last task, by letter."""

    state: RunState
    problem: Problem | None
    value: Json = None


class Runner:
    """Carries runs out; one instance serves any number of runs at the same time."""

    def __init__(self, journal: Journal, documents: Documents, tasks: TaskRunner, apps: Mapping[str, App]) -> None:
        self._journal = journal
        self._documents = documents
        self._tasks = tasks
        self._apps = apps

    async def carry(self, record: RunRecord) -> Outcome | None:
        """Bring the run to its end and write it; a lost lease ends our part silently, with None.

        Cancellation of this coroutine leaves the run as it is: whoever cancels writes what that means.
        """
        try:
            return await self._carry(record)
        except LeaseLost:
            _log.info("run %s is carried by another worker now", record.claim.run_id)
            return None
        finally:
            record.release()

    async def _carry(self, record: RunRecord) -> Outcome:
        planned = await self._documents.of(record.claim.scope, record.claim.version_id)
        if problem := self._why_not_again(record.claim, planned.document):
            return await self._give_up(record, problem)
        states: dict[str, TaskState] = {}
        results: dict[str, TaskResult] = {}
        try:
            await self._run_tasks(record, planned, states, results)
        except TaskFailed as failure:
            await record.end(RunState.FAILED, failure.problem)
            return Outcome(RunState.FAILED, failure.problem)
        await record.end(RunState.DONE)
        letter = planned.plan.reply_task(states)
        return Outcome(RunState.DONE, None, results[letter].value if letter else None)

    async def _give_up(self, record: RunRecord, problem: Problem) -> Outcome:
        for letter, state in record.claim.task_states.items():
            if state is TaskState.RUNNING:
                await record.task_ended(letter, TaskState.UNKNOWN, repeatable=True, error=problem.as_json())
        await record.end(RunState.CRASHED, problem)
        return Outcome(RunState.CRASHED, problem)

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

    async def _run_tasks(
        self, record: RunRecord, planned: Planned, states: dict[str, TaskState], results: dict[str, TaskResult]
    ) -> None:
        claim, tasks = record.claim, planned.document.tasks
        states |= {letter: _to_go_on_from(claim.task_states.get(letter)) for letter in tasks}
        for letter, state in states.items():
            if state is not TaskState.WAITING:
                results[letter] = await self._journal.result(claim, letter)
        roots = roots_of(claim)
        while ready := planned.plan.ready(states):
            letter = ready[0]
            states[letter], results[letter] = await self._tasks.run(record, letter, tasks[letter], results, roots)

    @staticmethod
    async def end(record: RunRecord, state: RunState, problem: Problem) -> None:
        """Write the end of a run that did not reach its own, unless somebody else has written one."""
        try:
            await record.end(state, problem)
        except LeaseLost:
            _log.info("run %s had ended already", record.claim.run_id)


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
