"""What a field accepts: one answer checked and brought into its form, by the field's declaration.

The same rules hold for a literal when a flow is saved, for a resolved value when it runs, and for a connection's form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import assert_never

from outcode.appkit.base import Words
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
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, ProblemList

_LONGEST_EXPONENT = 1000
_LONGEST_NUMBER_BITS = 4000
_SWITCH_TEXTS = {"true": True, "false": False}
_WANTED = {
    "text": Words(en="text", ko="텍스트"),
    "number": Words(en="a number", ko="숫자"),
    "whole": Words(en="a whole number", ko="정수"),
    "switch": Words(en="true or false", ko="true 또는 false"),
    "date": Words(en="a date such as 2026-11-22", ko="2026-11-22 같은 날짜"),
    "datetime": Words(en="a date and time in ISO 8601", ko="ISO 8601 날짜와 시각"),
    "list": Words(en="a list", ko="목록"),
    "rows": Words(en="a list of rows", ko="행 목록"),
    "map": Words(en="names with values", ko="이름과 값"),
    "object": Words(en="an object", ko="객체"),
    "file": Words(en="a file", ko="파일"),
}
_TYPES = {
    "null": Words(en="nothing (null)", ko="빈 값(null)"),
    "switch": Words(en="true/false", ko="true/false"),
    "number": Words(en="a number", ko="숫자"),
    "text": Words(en="text", ko="텍스트"),
    "list": Words(en="a list", ko="목록"),
    "object": Words(en="an object", ko="객체"),
}


def is_empty(value: Json) -> bool:
    """Whether an answer counts as not given.

    >>> is_empty(None), is_empty(""), is_empty(0)
    (True, True, False)
    """
    return value is None or value == ""


def shown_fields(fields: Iterable[Field], answers: Mapping[str, Json]) -> list[Field]:
    """The fields that a form with these answers shows; one that hangs on a hidden field is hidden, too."""
    every = {field.key: field for field in fields}

    def is_shown(field: Field) -> bool:
        when = field.shown_when
        other = every.get(when.field) if when is not None else None
        if when is None or other is None:
            return True
        value = answers.get(other.key)
        return (other.default if is_empty(value) else value) in when.values and is_shown(other)

    return [field for field in every.values() if is_shown(field)]


def accept_answers(fields: Iterable[Field], answers: Mapping[str, Json], *, within: str = "") -> dict[str, Json]:
    """All answers in their form, defaults filled in; raises one ProblemList with every wrong one.

    Fields that the form does not show are neither asked nor part of what is answered.

    ``within`` is the dotted path in front of the field keys in the problems' places, such as ``inputs``.
    """
    accepted: dict[str, Json] = {}
    problems: list[Problem] = []
    for field in shown_fields(fields, answers):
        try:
            accepted[field.key] = accept(field, answers.get(field.key))
        except InputProblem as problem:
            problems.append(problem.at(field=f"{within}.{field.key}" if within else field.key))
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemList(problems)
    return accepted


def accept(field: Field, value: Json) -> Json:
    """One answer in the field's form, or its default; raises InputProblem saying what the field takes.

    >>> accept(NumberField(key="n", label=Words(en="N", ko="수")), "5")
    5
    """
    if is_empty(value):
        if field.required and is_empty(field.default):
            raise InputProblem("field_required", label=field.label.model_dump())
        return field.default
    match field:
        case TextField() | LongTextField() | CodeField():
            return _text(field, value)
        case NumberField():
            return _number(field, value)
        case SwitchField():
            return _switch(field, value)
        case SelectField():
            return _option(field, value)
        case MultiSelectField():
            return _options(field, value)
        case ChoiceField():
            return _choice(field, value)
        case DateField():
            return _date(field, value)
        case DatetimeField():
            return _datetime(field, value)
        case NoteField():
            return None
        case ListField():
            return _list(field, value)
        case RowsField():
            return _rows(field, value)
        case MapField():
            return _map(field, value)
        case JsonField():
            return _json(field, value)
        case FileField():
            return _file(field, value)
        case _:
            assert_never(field)


def type_name(value: Json) -> str:
    """The short name of a value's type: null, switch, number, text, list or object.

    >>> type_name(True), type_name(Decimal("1.5")), type_name({})
    ('switch', 'number', 'object')
    """
    match value:
        case None:
            return "null"
        case bool():
            return "switch"
        case int() | Decimal():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case _:
            return "object"


def _wrong(field: Field, value: Json, *wanted: str) -> Json:
    raise InputProblem(
        "field_type_wrong",
        label=field.label.model_dump(),
        wanted=[_WANTED[name].model_dump() for name in wanted],
        got=_TYPES[type_name(value)].model_dump(),
    )


def _text(field: TextField | LongTextField | CodeField, value: Json) -> Json:
    if isinstance(value, bool | int | Decimal):
        value = json.dumps(value)
    if not isinstance(value, str):
        return _wrong(field, value, "text")
    if len(value) > field.max_length:
        raise InputProblem("field_too_long", label=field.label.model_dump(), limit=field.max_length, length=len(value))
    return value


def _number(field: NumberField, value: Json) -> Json:
    if isinstance(value, str):
        try:
            value = Decimal(value.strip())
        except InvalidOperation:
            return _wrong(field, value, "number")
        value = int(value) if _is_bounded(value) and value == value.to_integral_value() else value
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not _is_bounded(value):
        return _wrong(field, value, "number")
    if field.whole and value != int(value):
        return _wrong(field, value, "whole")
    low, high = field.minimum, field.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise InputProblem(
            "field_out_of_range",
            label=field.label.model_dump(),
            value=value,
            minimum="-∞" if low is None else low,
            maximum="∞" if high is None else high,
        )
    return int(value) if field.whole else value


def _is_bounded(value: int | Decimal) -> bool:
    """Whether a number can be worked with: ``1e30000000`` is short to write and would take minutes to turn around."""
    if isinstance(value, int):
        return value.bit_length() < _LONGEST_NUMBER_BITS
    return value.is_finite() and abs(value.adjusted()) < _LONGEST_EXPONENT


def _switch(field: SwitchField, value: Json) -> Json:
    if isinstance(value, str):
        value = _SWITCH_TEXTS.get(value.strip().lower(), value)
    return value if isinstance(value, bool) else _wrong(field, value, "switch")


def _option(field: SelectField, value: Json) -> Json:
    options = [option.value for option in field.options]
    if value not in options:
        raise InputProblem(
            "field_not_an_option", label=field.label.model_dump(), value=str(value)[:100], options=options
        )
    return value


def _options(field: MultiSelectField, value: Json) -> Json:
    if not isinstance(value, list):
        return _wrong(field, value, "list")
    options = [option.value for option in field.options]
    for item in value:
        if item not in options:
            raise InputProblem(
                "field_not_an_option", label=field.label.model_dump(), value=str(item)[:100], options=options
            )
    return value


def _choice(field: ChoiceField, value: Json) -> Json:
    """Ids are texts or numbers; the list behind them is the other side's, so any is taken."""
    if not field.multiple:
        return value if isinstance(value, str | int) and not isinstance(value, bool) else _wrong(field, value, "text")
    if not isinstance(value, list) or not all(isinstance(item, str | int) for item in value):
        return _wrong(field, value, "list")
    return value


def _date(field: DateField, value: Json) -> Json:
    if not isinstance(value, str):
        return _wrong(field, value, "date")
    try:
        # A datetime is a date with more; its day is the one that is written there.
        return datetime.fromisoformat(value.strip()).date().isoformat()
    except ValueError:
        return _wrong(field, value, "date")


def _datetime(field: DatetimeField, value: Json) -> Json:
    if not isinstance(value, str):
        return _wrong(field, value, "datetime")
    try:
        return datetime.fromisoformat(value.strip()).isoformat()
    except ValueError:
        return _wrong(field, value, "datetime")


def _list(field: ListField, value: Json) -> Json:
    if not isinstance(value, list):
        return _wrong(field, value, "list")
    return _bounded(field, value, field.max_items)


def _rows(field: RowsField, value: Json) -> Json:
    if not isinstance(value, list):
        return _wrong(field, value, "rows")
    return value


def _file(field: FileField, value: Json) -> Json:
    return value if isinstance(value, dict) and isinstance(value.get("fileId"), str) else _wrong(field, value, "file")


def _map(field: MapField, value: Json) -> Json:
    if isinstance(value, dict):
        return _bounded(field, value, field.max_items)
    pairs = isinstance(value, list) and all(isinstance(item, dict) and {"key", "value"} == set(item) for item in value)
    return _bounded(field, value, field.max_items) if pairs else _wrong(field, value, "map")


def _bounded(field: Field, value: Json, limit: int) -> Json:
    if len(value) > limit:
        raise InputProblem("field_too_many", label=field.label.model_dump(), limit=limit, count=len(value))
    return value


def _json(field: JsonField, value: Json) -> Json:
    if field.accepts is None:
        return value
    if isinstance(value, str) and "text" not in field.accepts:
        try:
            value = json.loads(value)
        except InputProblem as problem:
            raise problem.at(field=field.key) from problem
    kind = type_name(value)
    return value if kind in field.accepts else _wrong(field, value, *field.accepts)
