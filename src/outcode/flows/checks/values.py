"""Whether what stands in a field fits the question that the field asks, as far as that is known before a run."""

from __future__ import annotations

from collections.abc import Iterator

from outcode.appkit.accept import accept
from outcode.appkit.fields import Field, FileField, ListField, MapField, NumberField, RowsField, SwitchField
from outcode.flows.findings import Finding, finding
from outcode.flows.positions import Path
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references import parse_template
from outcode.values.tagged import List, Literal, Object, Tagged, Template

_ANY_TEXT = "x"
"""Stands where a reference will give the value, inside lists and objects."""


def value_findings(field: Field, tagged: Tagged | None, path: Path) -> Iterator[Finding]:
    """What does not fit: an empty required field, a literal of the wrong type or range, text around a reference where
    only the reference itself can give a list, a number or the like.
    """
    if isinstance(tagged, Template):
        wants_value = isinstance(field, RowsField | ListField | MapField | FileField | SwitchField | NumberField)
        if wants_value and not _may_be_alone(tagged):
            yield finding("reference_not_alone", path, label=field.label.model_dump())
        return
    value = None if tagged is None else _shape(tagged)
    try:
        accept(field, value)
    except InputProblem as problem:
        yield Finding(problem, path)
        return
    if isinstance(field, RowsField) and isinstance(value, list):
        for index, item in enumerate(value):
            if not isinstance(item, dict) and item != _ANY_TEXT:
                yield finding("flow_expected_object", (*path, index))


def _may_be_alone(template: Template) -> bool:
    try:
        return parse_template(template.text).lone is not None
    except InputProblem:
        return True  # what is wrong with it is said where references are read


def _shape(tagged: Tagged) -> Json:
    match tagged:
        case Literal(value=value):
            return value
        case Template():
            return _ANY_TEXT
        case List(items=items):
            return [_shape(item) for item in items]
        case Object(entries=entries):
            return {key: _shape(item) for key, item in entries.items()}
