"""Fields of any form: of an action, a trigger, a connection."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from outcode.appkit.accept import accept
from outcode.appkit.fields import (
    ChoiceField,
    Field,
    MultiSelectField,
    NoteField,
    NumberField,
    SelectField,
    SwitchField,
)
from outcode.appkit.lint.taken import inputs_of, is_path
from outcode.appkit.lint.words import help_findings, label_findings, words_findings
from outcode.values.problems import InputProblem

_KEY = re.compile(r"[a-z][a-z0-9_]*")


def fields_findings(owner: str, fields: tuple[Field, ...]) -> Iterator[str]:
    """Of a whole form, in the order in which it is shown."""
    yield from key_findings(owner, [field.key for field in fields])
    for position, field in enumerate(fields):
        place = f"{owner}.{field.key}"
        yield from _field(place, field)
        yield from _shown_when(place, field, fields)
        if isinstance(field, ChoiceField):
            yield from _choices(place, field, fields[:position])


def key_findings(owner: str, keys: Sequence[str]) -> Iterator[str]:
    """Of permanent names."""
    for key in keys:
        if not _KEY.fullmatch(key):
            yield f"{owner}: key {key!r} is not lower case letters, digits and underscores"
    yield from unique_findings(f"{owner}: key", keys)


def unique_findings(what: str, names: Sequence[str]) -> Iterator[str]:
    """Of names that must differ."""
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{what} {name!r} is there twice"


def _field(place: str, field: Field) -> Iterator[str]:
    yield from label_findings(place, field.label)
    if field.help is not None:
        yield from (
            help_findings(place, field.help, longest=None)
            if isinstance(field, NoteField)
            else help_findings(place, field.help)
        )
    elif isinstance(field, NoteField):
        yield f"{place}: a note without help says nothing"
    if field.required and field.advanced:
        yield f"{place}: is required, so it cannot be advanced"
    match field:
        case SelectField() | MultiSelectField():
            yield from _options(place, field)
        case NumberField(minimum=low, maximum=high) if low is not None and high is not None and low > high:
            yield f"{place}: minimum is above maximum"
    if field.default is not None and not isinstance(field, SelectField | NoteField):
        try:
            accept(field, field.default)
        except InputProblem as problem:
            yield f"{place}: default {field.default!r} is not taken: {problem.message()}"


def _options(place: str, field: SelectField | MultiSelectField) -> Iterator[str]:
    values = [option.value for option in field.options]
    if not values:
        yield f"{place}: has no options"
    yield from unique_findings(f"{place}: option", values)
    if isinstance(field, SelectField) and field.default is not None and field.default not in values:
        yield f"{place}: default {field.default!r} is not among the options"
    for option in field.options:
        yield from words_findings(f"{place} option {option.value}", "label", option.label)


def _shown_when(place: str, field: Field, fields: tuple[Field, ...]) -> Iterator[str]:
    if field.shown_when is None:
        return
    name = field.shown_when.field
    other = next((each for each in fields if each.key == name), None)
    if other is None or other is field:
        yield f"{place}: shown_when names {name!r}, and there is no such other field"
        return
    match other:
        case SelectField():
            known: set[str | bool] = {option.value for option in other.options}
        case SwitchField():
            known = {True, False}
        case _:
            yield f"{place}: shown_when names {name!r}, which is neither a select nor a switch"
            return
    if not field.shown_when.values:
        yield f"{place}: shown_when has no values, so the field never shows"
    for value in field.shown_when.values:
        if value not in known:
            yield f"{place}: shown_when waits for {value!r}, which {name!r} cannot be"


def _choices(place: str, field: ChoiceField, before: tuple[Field, ...]) -> Iterator[str]:
    choices = field.choices
    earlier = {each.key for each in before}
    for name in choices.depends_on:
        if name not in earlier:
            yield f"{place}: depends on {name!r}, and there is no such field before it"
    for name in sorted(set(inputs_of(choices.call)) - set(choices.depends_on)):
        yield f"{place}: the choices take {name!r} without depending on it"
    for name in sorted(set(choices.depends_on) - set(inputs_of(choices.call))):
        yield f"{place}: the choices depend on {name!r} and do not take it"
    for part in ("rows", "value", "label"):
        if not is_path(getattr(choices, part)):
            yield f"{place}: {part} of the choices is not a path"
    yield from words_findings(place, "empty text of the choices", choices.empty, translated=True)
