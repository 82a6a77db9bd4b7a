"""Whether the flow can be started the way it says, and whether its declared inputs hold values of their types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_network

from outcode.flows.dataflow import (
    CALL_SECRETS,
    Dataflow,
    EventTrigger,
    FlowInput,
    ManualTrigger,
    ScheduleTrigger,
    WebhookTrigger,
    is_respond_task,
)
from outcode.flows.findings import Finding, finding
from outcode.flows.schedules import Timing
from outcode.values.json import Json
from outcode.values.problems import InputProblem

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)

MAX_NETWORKS = 200
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def trigger_findings(document: Dataflow) -> Iterator[Finding]:
    """Findings about the trigger and the declared inputs."""
    trigger = document.trigger
    match trigger:
        case WebhookTrigger():
            yield from _webhook_findings(document, trigger)
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


def _webhook_findings(document: Dataflow, trigger: WebhookTrigger) -> Iterator[Finding]:
    if not _is_url_name(trigger.name):
        yield finding("webhook_name_invalid", ("trigger", "name"))
    if trigger.reply == "respond" and not any(is_respond_task(task) for task in document.tasks.values()):
        yield finding("webhook_without_respond_task", ("trigger", "reply"))
    if trigger.signature is not None:
        header = trigger.signature.header
        if not _HEADER_NAME.fullmatch(header):
            yield finding("webhook_signature_header_invalid", ("trigger", "signature", "header"), header=header)
        elif header.lower() in CALL_SECRETS:
            yield finding("webhook_signature_header_taken", ("trigger", "signature", "header"), header=header)
    if len(trigger.allow_from) > MAX_NETWORKS:
        yield finding("webhook_networks_too_many", ("trigger", "allow_from"), maximum=MAX_NETWORKS)
    for index, text in enumerate(trigger.allow_from):
        try:
            ip_network(text)
        except ValueError:
            yield finding("webhook_network_invalid", ("trigger", "allow_from", index), value=text)


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
