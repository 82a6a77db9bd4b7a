"""What the API answers and takes about tests of tasks, pinned results, and doing runs again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from outcode.runs.earlier import Earlier
from outcode.runs.history import RunInfo
from outcode.runs.trials import Trial
from outcode.server.models import Answer, JsonObject, Run, Wanted, run_answer
from outcode.server.versions import WantedVersion


class EarlierResult(Answer):
    """A result that a test can stand on; ``stale``: the task, or what it stands on, has changed since it was made."""

    letter: str
    kind: Literal["pinned", "last_result"]
    run_id: str | None
    made_at: datetime | None
    stale: bool


class EarlierResults(Answer):
    """The results there are, by task of the draft; tasks without one are left out."""

    items: list[EarlierResult]


class TaskTestStart(Wanted):
    """A test of one task, of the draft or of a ``document`` that is not saved.

    ``input`` becomes ``{{trigger.body}}``; without it, what the newest run of the flow began with, else the samples of
    the declared inputs.
    """

    document: JsonObject | None = None
    input: Any = None


class TaskTest(Answer):
    """A test that has begun, and the results that it stands on."""

    run: Run
    results: list[EarlierResult]


class PinWrite(Wanted):
    """What to pin: the task's result in a run, or any ``value``; one of the two."""

    run_id: str | None = None
    value: Any = None


class Pin(Answer):
    """That a task's result is pinned; ``size`` is in bytes."""

    letter: str
    size: int
    created_at: datetime
    created_by: str


class PinList(Answer):
    """The pinned results of a flow."""

    items: list[Pin]


class RunInput(Answer):
    """What a run began with: what ``{{trigger}}`` means in it."""

    trigger: JsonObject


class Rerun(Wanted):
    """A run again as a whole: of the same version, or of another one of its flow."""

    version: WantedVersion | None = None


class Retry(Wanted):
    """A run again from where it failed.

    ``repeat_unknown``: tasks whose effect may have happened already are done again, too.
    """

    repeat_unknown: bool = False


def earlier_answer(found: Earlier) -> EarlierResult:
    """A result that a test can stand on."""
    return EarlierResult.model_validate(found)


def trial_answer(trial: Trial, run: RunInfo, language: str) -> TaskTest:
    """A test that has begun."""
    return TaskTest(run=run_answer(run, language), results=[earlier_answer(each) for each in trial.results])
