"""A task's inputs with their references resolved, each by the rules of the place where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, assert_never

from outcode.appkit import Action
from outcode.appkit.accept import accept, shown_fields
from outcode.appkit.fields import (
    ChoiceField,
    CodeField,
    DateField,
    DatetimeField,
    Field,
    FileField,
    JsonField,
    ListField,
    LongTextField,
    MapField,
    MultiSelectField,
    NoteField,
    NumberField,
    RowsField,
    SelectField,
    SwitchField,
    TextField,
)
from outcode.flows.dataflow import Task
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references import (
    BoundQuery,
    BoundScript,
    Scope,
    bind_javascript,
    bind_sql,
    parse_template,
    resolve_json_text,
    resolve_tagged,
    resolve_url,
)
from outcode.values.tagged import Tagged, Template

Answer = Any
"""A JSON value; of a code field a BoundQuery or BoundScript."""


def resolve_inputs(
    task: Task,
    action: Action,
    scope: Scope,
    whole: Scope,
    *,
    allowed_hosts: frozenset[str],
    timezone: tzinfo = UTC,
) -> dict[str, Answer]:
    """Every field's answer, ready for the call; null for those that the form does not show.

    Moments without an offset are meant in ``timezone``.
    ``scope`` is that of the element at hand, ``whole`` the one in which arrays are whole. SQL fields become a
    BoundQuery and JavaScript fields a BoundScript, in which values are parameters and variables, never source text.
    Raises InputProblem and ReferenceProblem with the field in their place.
    """
    answers: dict[str, Answer] = {}
    # Those that show always come first: what they say decides about the others.
    for field in sorted(action.fields, key=lambda field: field.shown_when is not None):
        if field.shown_when is not None and field not in shown_fields(action.fields, answers):
            answers[field.key] = None
            continue
        place = f"inputs.{field.key}"
        try:
            tagged = task.inputs.get(field.key)
            answer = _resolve(field, tagged, whole if isinstance(field, RowsField) else scope, allowed_hosts)
            answers[field.key] = _in_zone(answer, timezone) if isinstance(field, DatetimeField) else answer
        except InputProblem as problem:
            raise problem.at(field=place) from problem
    return answers


def _resolve(field: Field, tagged: Tagged | None, scope: Scope, allowed_hosts: frozenset[str]) -> Answer:
    if not isinstance(tagged, Template):
        return _bound(
            field, accept(field, None if tagged is None else resolve_tagged(tagged, scope, field=f"inputs.{field.key}"))
        )
    template = parse_template(tagged.text)
    match field:
        case CodeField(place="sql", dialect=dialect):
            return bind_sql(template, scope, dialect or "postgresql")
        case CodeField():
            return bind_javascript(template, scope)
        case JsonField() if field.reads_as_json(tagged.text):
            return accept(field, resolve_json_text(template, scope))
        case TextField(place="url"):
            return accept(field, resolve_url(template, scope, allowed_hosts=allowed_hosts))
        case (
            TextField()
            | LongTextField()
            | NumberField()
            | SwitchField()
            | SelectField()
            | MultiSelectField()
            | ChoiceField()
            | DateField()
            | DatetimeField()
            | NoteField()
            | ListField()
            | RowsField()
            | MapField()
            | JsonField()
            | FileField()
        ):
            return accept(field, resolve_tagged(tagged, scope, field=f"inputs.{field.key}"))
        case _:
            assert_never(field)


def _in_zone(moment: str | None, timezone: tzinfo) -> str | None:
    """A moment with its offset; of a local time that comes twice the first."""
    if moment is None:
        return None
    read = datetime.fromisoformat(moment)
    return (read if read.tzinfo is not None else read.replace(tzinfo=timezone)).isoformat()


def _bound(field: Field, value: Json) -> Answer:
    """Code without references is bound, too, so that calls see one form only."""
    match field:
        case CodeField(place="sql") if value is not None:
            return BoundQuery(value, ())
        case CodeField() if value is not None:
            return BoundScript(value, {})
        case _:
            return value


def shown(answers: Mapping[str, Answer]) -> dict[str, Json]:
    """The answers as the journal may show them."""
    return {
        key: value.text if isinstance(value, BoundQuery) else value.code if isinstance(value, BoundScript) else value
        for key, value in answers.items()
    }
