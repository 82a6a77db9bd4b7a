"""What the API answers and takes about schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from outcode.flows.dataflow import Dataflow, ScheduleTrigger
from outcode.flows.plain import plain
from outcode.flows.schedule_words import described
from outcode.flows.schedules import Timing
from outcode.server.models import Answer, JsonObject, LastRun, ProblemAnswer, Wanted, problem_answer
from outcode.values.problems import InputProblem, Problem, Stopped
from outcode.workspace.schedules import ScheduleInfo

_OVERDUE_SECONDS = 60


class Schedule(Answer):
    """A flow's schedule; its ``id`` is the flow's, ``trigger`` stands in its document.

    ``problem`` says why there was no run at ``problem_at``: the last planned time without one, or a time that has come
    and that nothing starts.
    """

    id: str
    flow_name: str
    trigger: JsonObject
    description: str
    timezone: str
    active: bool
    next_at: datetime | None
    last_run: LastRun | None
    problem: ProblemAnswer | None
    problem_at: datetime | None


class SchedulePage(Answer):
    """A page of schedules, those of the newest flows first."""

    items: list[Schedule]
    next_cursor: str | None


class SchedulePreviewWanted(Wanted):
    """A trigger as it stands in a document; its kind may be left away."""

    trigger: JsonObject


class SchedulePreview(Answer):
    """The next five times of a schedule, as the clocks of its zone show them."""

    description: str
    timezone: str
    times: list[datetime]


def schedule_answer(info: ScheduleInfo, language: str) -> Schedule:
    """A schedule in a list, its words in the reader's language."""
    trigger = ScheduleTrigger.model_validate(info.trigger)
    next_at, problem = _state(info, trigger)
    last_run = LastRun.model_validate(info.last_run) if info.last_run else None
    return Schedule(
        id=info.id,
        flow_name=info.name,
        trigger=plain_trigger(trigger),
        description=described(trigger, language),
        timezone=trigger.timezone or info.timezone,
        active=info.active,
        next_at=next_at,
        last_run=last_run,
        problem=problem_answer(problem.as_json() if problem else info.not_run, language),
        problem_at=(next_at or info.next_at) if problem else info.not_run_at,
    )


def plain_trigger(trigger: ScheduleTrigger) -> dict[str, Any]:
    """A trigger as people write it."""
    written: dict[str, Any] = plain(Dataflow(name="-", trigger=trigger, tasks={}))["trigger"]
    return written


def _state(info: ScheduleInfo, trigger: ScheduleTrigger) -> tuple[datetime | None, Problem | None]:
    """The next time, and what is wrong now."""
    if not info.active:
        return None, None
    try:
        timing = Timing.of(trigger, info.timezone)
        next_at = info.next_at if info.planned else timing.after(info.next_at)
    except InputProblem as unusable:
        return None, unusable
    overdue = info.due_seconds - (next_at - info.next_at).total_seconds()
    problem = Stopped("schedule_overdue", minutes=int(overdue // 60)) if overdue > _OVERDUE_SECONDS else None
    return next_at.astimezone(timing.zone), problem
