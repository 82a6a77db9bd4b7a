"""Whether the flow can be started the way it says, and whether its declared inputs hold values of their types."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from outcode.flows.dataflow import Dataflow, EventTrigger, FlowInput, ManualTrigger, ScheduleTrigger, WebhookTrigger
from outcode.flows.findings import Finding, finding
from outcode.flows.schedules import Timing
from outcode.values.json import Json
from outcode.values.problems import InputProblem

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def trigger_findings(document: Dataflow) -> Iterator[Finding]:
    """Findings about the trigger and the declared inputs."""
    trigger = document.trigger
    match trigger:
        case WebhookTrigger(name=name):
            if not _is_url_name(name):
                yield finding("webhook_name_invalid", ("trigger", "name"))
        case ScheduleTrigger():
            yield from _schedule_findings(document, trigger)
        case EventTrigger():
            yield finding("trigger_not_available", ("trigger", "kind"), trigger=trigger.kind)
        case ManualTrigger():
            pass
    for name, declared in document.inputs.items():
        for key in ("default", "sample"):
            value: Json = getattr(declared, key)
            if value is not None and not _fits(declared, value):
                yield finding("flow_input_of_other_type", ("inputs", name, key), name=name, type=declared.type)


def _schedule_findings(document: Dataflow, trigger: ScheduleTrigger) -> Iterator[Finding]:
    """What no clock can follow, and inputs that nobody is there to give."""
    try:
        Timing.of(trigger, "UTC").after(_SOME_DAY)
    except InputProblem as problem:
        inside = problem.place.field.split(".") if problem.place.field else []
        yield Finding(problem, ("trigger", *inside))
    for name, declared in document.inputs.items():
        if declared.required and declared.default is None:
            yield finding("schedule_input_needed", ("inputs", name), name=name)


def _is_url_name(name: str) -> bool:
    """Whether a name can be one part of a URL's path: percent-encoding carries any letter, but not these."""
    return name == name.strip() and name not in {".", ".."} and name.isprintable() and not set(name) & set("/\\?#%")


def _fits(declared: FlowInput, value: Json) -> bool:
    match declared.type:
        case "text" | "url" | "datetime":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int | Decimal) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "json":
            return True
