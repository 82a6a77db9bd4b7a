"""A dataflow as plain values, the form of YAML files and of the HTTP API, and the way from there to the document.

Plain means: an input is what a person typed (``"Hello {{a.name}}"``), not its tagged form, and what is as it would be
anyway is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from outcode.flows.dataflow import Dataflow, FlowInput, Retry, Task, Trigger
from outcode.flows.findings import MAX_FINDINGS, Finding, finding, placed, shown, suggestions
from outcode.flows.positions import Path
from outcode.values.json import Json
from outcode.values.problems import ProblemList
from outcode.values.tagged import tag, untag

MAX_DEPTH = 64
MAX_EXPONENT = 1000
RESERVED_LETTERS = frozenset({"run", "now", "row"})
"""Words that mean something of their own in a reference, so no task may be lettered so."""

_TRIGGERS: dict[str, type[BaseModel]] = {
    model.model_fields["kind"].default: model for model in get_args(get_args(Trigger)[0])
}
_EXPECTED = {
    "string_type": "flow_expected_text",
    "bool_type": "flow_expected_switch",
    "int_type": "flow_expected_whole_number",
    "tuple_type": "flow_expected_list",
    "dict_type": "flow_expected_object",
    "model_type": "flow_expected_object",
    "model_attributes_type": "flow_expected_object",
}


def parse_flow(data: Json) -> Dataflow:
    """The document in plain values; raises ProblemList with all that is wrong, each with its task and field.

    >>> parse_flow({"name": "Hello", "tasks": {"a": {"app": "api", "action": "http_request"}}}).tasks["a"].app
    'api'
    """
    document, findings = read_document(data)
    if document is None:
        raise ProblemList(placed(findings, None, None))
    return document


def plain(document: Dataflow) -> dict[str, Json]:
    """The document in plain values, in the order in which people write it; the inverse of :func:`parse_flow`.

    >>> plain(Dataflow(name="Hello", tasks={}))
    {'outcode': 1, 'kind': 'dataflow', 'name': 'Hello', 'trigger': {'kind': 'manual'}, 'tasks': {}}
    """
    written: dict[str, Json] = {"outcode": document.outcode, "kind": document.kind, "name": document.name}
    if document.description is not None:
        written["description"] = document.description
    if document.inputs:
        written["inputs"] = {name: {"type": each.type} | _changed(each) for name, each in document.inputs.items()}
    written["trigger"] = {"kind": document.trigger.kind} | _changed(document.trigger)
    written["tasks"] = {
        letter: {"app": task.app, "action": task.action} | _changed(task) for letter, task in document.tasks.items()
    }
    return written


def _changed(model: BaseModel) -> dict[str, Json]:
    """The fields that differ from their defaults, in the model's order, inputs as typed."""
    found: dict[str, Json] = {}
    for key, field in type(model).model_fields.items():
        value = getattr(model, key)
        if value != field.default or type(value) is not type(field.default):
            is_inputs = key == "inputs"
            found[key] = {name: untag(each) for name, each in value.items()} if is_inputs else value
            if isinstance(value, tuple):
                found[key] = list(value)
            elif isinstance(value, BaseModel):
                found[key] = _changed(value)
    return found


def read_document(data: Json) -> tuple[Dataflow | None, list[Finding]]:
    """The document, or None and what is wrong with it."""
    findings = list(islice(_unusable(data, ()), MAX_FINDINGS))
    if not findings:
        findings = list(_refused(data))
        try:
            document = Dataflow.model_validate(_prepared(data), strict=True)
        except ValidationError as error:
            errors = error.errors(include_url=False)[:MAX_FINDINGS]
            findings += [_translated(each, data) for each in errors]
        else:
            if not findings:
                return document, []
    return None, findings


def _unusable(value: Json, path: Path) -> Iterator[Finding]:
    """What no document may hold anywhere: endless depth, the character NUL, numbers that cannot be written out."""
    if len(path) > MAX_DEPTH:
        yield finding("flow_value_too_deep", path[:8], maximum=MAX_DEPTH)
        return
    match value:
        case str() if "\x00" in value:
            yield finding("flow_value_has_nul", path)
        case Decimal() if not value.is_finite() or abs(value.adjusted()) > MAX_EXPONENT:
            yield finding("flow_number_unusable", path, maximum=MAX_EXPONENT)
        case list():
            for index, item in enumerate(value):
                yield from _unusable(item, (*path, index))
        case dict():
            for key, item in value.items():
                if "\x00" in key:
                    yield finding("flow_value_has_nul", path)
                yield from _unusable(item, (*path, key))


def _refused(data: Json) -> Iterator[Finding]:
    """What the model alone cannot say."""
    if not isinstance(data, dict):
        return
    if data.get("kind", "dataflow") == "dataflow" and isinstance(data.get("outcode"), bool):
        yield finding("flow_format_unknown", ("outcode",), found=shown(data["outcode"]))
    if _old_switch(data) is False:
        yield finding("trigger_switch_elsewhere", ("trigger", "enabled"), at_key=True)
    tasks = data.get("tasks")
    for letter in RESERVED_LETTERS.intersection(tasks if isinstance(tasks, dict) else ()):
        yield finding("task_letter_reserved", ("tasks", letter), at_key=True, letter=letter)


def _prepared(data: Json) -> Json:
    """The same data with typed inputs tagged and lists as the tuples that the strict model wants."""
    if not isinstance(data, dict):
        return data
    prepared = dict(data)
    if isinstance(tasks := data.get("tasks"), dict):
        prepared["tasks"] = {letter: _with_tagged(task) for letter, task in tasks.items()}
    if "trigger" in data:
        prepared["trigger"] = _with_tagged(data["trigger"])
        if _old_switch(data) is not None:
            del prepared["trigger"]["enabled"]
    return prepared


def _old_switch(data: dict[str, Json]) -> bool | None:
    """What older files say of a webhook; the switch is the flow's own now, and on is where it begins."""
    trigger = data.get("trigger")
    enabled = trigger.get("enabled") if isinstance(trigger, dict) and trigger.get("kind") == "webhook" else None
    return enabled if isinstance(enabled, bool) else None


def _with_tagged(part: Json) -> Json:
    if not isinstance(part, dict):
        return part
    prepared = dict(part)
    if isinstance(inputs := part.get("inputs"), dict):
        prepared["inputs"] = {key: tag(value) for key, value in inputs.items()}
    for key in ("after", "allow_from"):
        if isinstance(listed := part.get(key), list):
            prepared[key] = tuple(listed)
    if isinstance(retry := part.get("retry"), dict) and isinstance(kinds := retry.get("on"), list):
        prepared["retry"] = {**retry, "on": tuple(kinds)}
    return prepared


def _translated(error: ErrorDetails, data: Json) -> Finding:
    """Pydantic's finding in our words."""
    path: Path = error["loc"]
    if path[:1] == ("trigger",) and len(path) > 1:
        path = (path[0], *path[2:])
    kind, limits, value = error["type"], error.get("ctx", {}), error["input"]
    match kind:
        case "extra_forbidden":
            known = [key for key in _known_keys(path[:-1], data) if key not in _at(data, path[:-1])]
            suggested = suggestions(str(path[-1]), known)
            if not suggested:
                return finding("flow_key_superfluous", path, at_key=True, key=path[-1])
            return finding("flow_key_unknown", path, at_key=True, key=path[-1], known=suggested)
        case "missing":
            return finding("flow_key_missing", path, key=path[-1])
        case "union_tag_not_found":
            return finding("flow_key_missing", (*path, "kind"), key="kind")
        case "union_tag_invalid":
            known = suggestions(str(limits["tag"]), _TRIGGERS)
            return finding("flow_choice_unknown", (*path, "kind"), value=shown(limits["tag"]), known=known)
        case "literal_error" if path == ("outcode",):
            return finding("flow_format_unknown", path, found=shown(value))
        case "literal_error":
            choices = _choices(path, data)
            return finding("flow_choice_unknown", path, value=shown(value), known=suggestions(str(value), choices))
        case "string_pattern_mismatch":
            return finding("task_letter_invalid", path[:-1], at_key=True, letter=shown(value))
        case "string_too_short":
            return finding("flow_text_empty", path)
        case "string_too_long":
            return finding("flow_text_too_long", path, maximum=limits["max_length"])
        case "greater_than_equal":
            return finding("flow_number_too_small", path, minimum=limits["ge"])
        case "less_than_equal":
            return finding("flow_number_too_large", path, maximum=limits["le"])
        case "schedule_time_invalid" | "schedule_day_invalid":
            return finding(kind, path, value=shown(value))
        case _:
            return finding(_EXPECTED.get(kind, "flow_value_not_usable"), path)


def _model_at(path: Path, data: Json) -> type[BaseModel]:
    match path:
        case ("tasks", _):
            return Task
        case ("tasks", _, "retry"):
            return Retry
        case ("inputs", _):
            return FlowInput
        case ("trigger", *inner):
            model = _TRIGGERS[_at(data, path[:1])["kind"]]
            for step in inner:
                parts = _parts_of(model.model_fields[str(step)].annotation)
                model = next(part for part in parts if isinstance(part, type) and issubclass(part, BaseModel))
            return model
        case _:
            return Dataflow


def _known_keys(path: Path, data: Json) -> list[str]:
    return list(_model_at(path, data).model_fields)


def _choices(path: Path, data: Json) -> list[str]:
    if isinstance(path[-1], int):  # an item of a list
        path = path[:-1]
    annotation = _model_at(path[:-1], data).model_fields[str(path[-1])].annotation
    return [part for part in _parts_of(annotation) if isinstance(part, str)]


def _parts_of(annotation: Any) -> Iterator[Any]:
    """The plain types, and the values of literals, that a type is put together from."""
    parts = get_args(annotation)
    if not parts:
        yield annotation
    for part in parts:
        yield from _parts_of(part)


def _at(data: Json, path: Path) -> Mapping[str, Any]:
    for step in path:
        data = data[step]
    found: Mapping[str, Any] = data
    return found
