"""How runs start: what starts a flow is checked against its declared inputs, then written, then queued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from outcode.appkit.accept import type_name
from outcode.flows.dataflow import Dataflow, FlowInput, ScheduleTrigger
from outcode.flows.schedules import zone_of
from outcode.runs.claims import Accepted, Start
from outcode.runs.documents import Documents
from outcode.runs.journal import Journal
from outcode.runs.queue import RunQueue
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place, Problem, ProblemList
from outcode.workspace.flows import FlowStore, FlowVersion
from outcode.workspace.scope import Scope

_TYPES: dict[str, tuple[str, ...]] = {
    "text": ("text",),
    "number": ("number",),
    "boolean": ("switch",),
    "datetime": ("text",),
    "url": ("text",),
    "json": ("text", "number", "switch", "list", "object", "null"),
}


class Starter:
    """Starts runs of saved and unsaved flows."""

    def __init__(self, journal: Journal, documents: Documents, queue: RunQueue, flows: FlowStore) -> None:
        self._journal = journal
        self._documents = documents
        self._queue = queue
        self._flows = flows

    async def start(
        self,
        scope: Scope,
        version: FlowVersion,
        trigger: str,
        values: Mapping[str, Json],
        *,
        test: bool = False,
        idempotency_key: str | None = None,
        leased: bool = False,
    ) -> Accepted:
        """Start a saved flow; ``values`` is what ``{{trigger}}`` will mean, its ``body`` checked against the inputs.

        With ``leased`` the caller carries the run out itself; should it die, the run is found and queued.
        """
        planned = await self._documents.of(scope, version.version_id)
        start = Start(
            flow_id=version.flow_id,
            version_id=version.version_id,
            flow_name=version.flow_name,
            trigger=trigger,
            input={
                **_as_if_due(planned.document),
                **values,
                "body": checked_input(planned.document.inputs, values.get("body")),
            },
            test=test,
            idempotency_key=idempotency_key,
        )
        return await self._accept(scope, start, leased=leased)

    async def start_unsaved(
        self, scope: Scope, document: Dataflow, trigger: str, body: Json, *, test: bool = False, leased: bool = False
    ) -> Accepted:
        """Start a flow that is not saved; its document is kept with the run."""
        checked = checked_input(document.inputs, body)
        start = Start(
            flow_id=None,
            version_id=await self._flows.add_unsaved(scope, document.as_json()),
            flow_name=document.name,
            trigger=trigger,
            input={**_as_if_due(document), "body": checked},
            test=test,
        )
        return await self._accept(scope, start, leased=leased)

    async def _accept(self, scope: Scope, start: Start, *, leased: bool) -> Accepted:
        accepted = await self._journal.accept(scope, start, leased=leased)
        if accepted.created and not leased:
            await self._queue.wake()
        return accepted


def checked_input(inputs: Mapping[str, FlowInput], body: Json) -> Json:
    """The body with defaults of declared inputs filled in; raises InputProblem naming each that is missing or wrong.

    A flow without declared inputs takes any body.
    """
    if not inputs:
        return {} if body is None else body
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise InputProblem("input_not_object", Place(field="body"), got=type_name(body))
    values = dict(body)
    problems: list[Problem] = []
    for name, declared in inputs.items():
        if values.get(name) is None:
            values[name] = declared.default
            if declared.required and declared.default is None:
                problems.append(InputProblem("input_missing", Place(field=f"body.{name}"), name=name))
        elif not _fits(declared, values[name]):
            problems.append(_wrong(name, declared, values[name]))
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemList(problems)
    return values


def _as_if_due(document: Dataflow) -> dict[str, Json]:
    """What a schedule would give: one that is started by hand is due now."""
    if not isinstance(document.trigger, ScheduleTrigger):
        return {}
    zone = zone_of(document.trigger.timezone) if document.trigger.timezone else UTC
    return {"scheduledAt": datetime.now(zone).replace(second=0, microsecond=0).isoformat()}


def _fits(declared: FlowInput, value: Json) -> bool:
    return type_name(value) in _TYPES[declared.type]


def _wrong(name: str, declared: FlowInput, value: Json) -> Problem:
    shown = value if isinstance(value, bool | int | Decimal) else type_name(value)
    return InputProblem("input_type_wrong", Place(field=f"body.{name}"), name=name, type=declared.type, value=shown)
