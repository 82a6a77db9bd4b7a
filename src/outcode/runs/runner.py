"""Carries one claimed run through: its tasks, each journaled before and after, until the run ends or has to wait."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from outcode.appkit import App
from outcode.engine.plan import reply_task
from outcode.engine.results import TaskResult
from outcode.engine.state import RunState, TaskState
from outcode.runs.claims import Claim, LeaseLost, TaskMark
from outcode.runs.course import Course, Suspended, TaskFailed
from outcode.runs.documents import Documents, Planned
from outcode.runs.journal import Journal
from outcode.runs.outcomes import Outcome
from outcode.runs.record import RunRecord
from outcode.runs.task import TaskRunner
from outcode.values.json import Json
from outcode.values.problems import Problem, Unexpected, VendorDown
from outcode.values.references import Root

_log = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
"""How often a run may lose its worker before it counts as the reason."""


class Runner:
    """Carries runs out; one instance serves any number of runs at the same time."""

    def __init__(self, journal: Journal, documents: Documents, tasks: TaskRunner, apps: Mapping[str, App]) -> None:
        self._journal = journal
        self._documents = documents
        self._tasks = tasks
        self._apps = apps

    async def carry(self, record: RunRecord) -> Outcome | None:
        """Bring the run to its end and write it; None when it waits for a moment, or its lease is lost.

        Cancellation of this coroutine leaves the run as it is: whoever cancels writes what that means.
        """
        try:
            return await self._carry(record)
        except Suspended as suspended:
            await record.suspend(suspended.letter, suspended.wait)
            return None
        except LeaseLost:
            _log.info("run %s is carried by another worker now", record.claim.run_id)
            return None
        finally:
            record.release()

    async def _carry(self, record: RunRecord) -> Outcome:
        planned = await self._documents.of(record.claim.scope, record.claim.version_id)
        if problem := _why_not_again(record.claim):
            return await self._give_up(record, problem)
        course = await self._course(record, planned)
        try:
            await course.run()
        except TaskFailed as failure:
            await record.end(RunState.FAILED, failure.problem)
            return Outcome(RunState.FAILED, failure.problem)
        await record.end(RunState.DONE)
        letter = reply_task(planned.plan.edges, course.results)
        return Outcome(RunState.DONE, None, course.results[letter].value if letter else None)

    async def _course(self, record: RunRecord, planned: Planned) -> Course:
        """The run as far as it had come: what ended stays, what was begun and may be repeated begins anew."""
        marks = record.claim.tasks
        states: dict[str, TaskState] = {}
        results: dict[str, TaskResult] = {}
        for letter in planned.document.tasks:
            mark = marks.get(letter)
            states[letter] = TaskState.WAITING
            if mark is not None and planned.plan.is_settled(letter, mark.state):
                states[letter] = mark.state
                if (result := await self._journal.result(record.claim, letter)) is not None:
                    results[letter] = result
        return Course(
            record=record,
            planned=planned,
            apps=self._apps,
            runner=self._tasks,
            roots=roots_of(record.claim),
            states=states,
            results=results,
            marks={letter: mark for letter, mark in marks.items() if states[letter] is TaskState.WAITING},
        )

    async def _give_up(self, record: RunRecord, problem: Problem) -> Outcome:
        for letter, mark in record.claim.tasks.items():
            if mark.state is TaskState.RUNNING:
                await record.task_ended(letter, TaskState.UNKNOWN, repeatable=True, error=problem.as_json())
        await record.end(RunState.CRASHED, problem)
        return Outcome(RunState.CRASHED, problem)

    @staticmethod
    async def end(record: RunRecord, state: RunState, problem: Problem) -> None:
        """Write the end of a run that did not reach its own, unless somebody else has written one."""
        try:
            await record.end(state, problem)
        except LeaseLost:
            _log.info("run %s had ended already", record.claim.run_id)


def _why_not_again(claim: Claim) -> Problem | None:
    """Why a run that lost its worker is not taken up again; None when it is."""
    if claim.attempts > MAX_ATTEMPTS:
        return Unexpected("run_keeps_crashing", attempts=claim.attempts - 1)
    for letter, mark in claim.tasks.items():
        if _may_be_done(mark):
            return VendorDown("effect_unknown", task=letter)
    return None


def _may_be_done(mark: TaskMark) -> bool:
    """Whether a task was at work as a whole, in a way that must not be repeated; elements are known one by one."""
    return mark.state is TaskState.RUNNING and not mark.repeatable and mark.rows_begun is None


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
