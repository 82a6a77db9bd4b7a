"""Rules of good form for a declaration: what a model cannot refuse and a reader of the form would stumble over.

Names are permanent, so their spelling is judged at birth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from outcode.appkit.app import Action, App
from outcode.appkit.base import Words
from outcode.appkit.calls import Request
from outcode.appkit.fields import Field, SelectField
from outcode.appkit.template import Input

MAX_HELP = 70
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def lint(app: App) -> list[str]:
    """Everything that breaks a rule, as ``"query.statement: help is longer than 70 characters in ko"``; empty is good.

    >>> lint(App(slug="x", name="X", category="Mail", description=Words(en="Sends mail.", ko="메일 전송"), actions=()))
    ['x: has no action']
    """
    return list(_app(app))


def _app(app: App) -> Iterator[str]:
    if not _SLUG.fullmatch(app.slug):
        yield f"{app.slug}: slug is not lower case words joined by hyphens"
    yield from _words(app.slug, "description", app.description, translated=True)
    if not app.actions:
        yield f"{app.slug}: has no action"
    yield from _keys(app.slug, [action.key for action in app.actions])
    yield from _keys(app.slug, [kind.key for kind in app.connections])
    for kind in app.connections:
        yield from _words(f"{app.slug}.{kind.key}", "label", kind.label)
        yield from _fields(f"{app.slug}.{kind.key}", kind.fields)
    for action in app.actions:
        yield from _action(action)


def _action(action: Action) -> Iterator[str]:
    yield from _words(action.key, "description", action.description, translated=True)
    yield from _fields(action.key, action.fields)
    known = {field.key for field in action.fields}
    taken = {name for part in (action.call, action.outputs) for name in _taken(part)}
    for name in sorted(taken - known):
        yield f"{action.key}: the call takes the field {name!r}, and there is none"
    # What an answer is read by cannot be seen from outside.
    unseen = isinstance(action.call, Request) and action.call.after is not None
    for name in () if unseen else sorted(known - taken):
        yield f"{action.key}.{name}: no part of the call takes this field"
    for output in (*action.outputs.fields, *action.outputs.meta):
        yield from _words(f"{action.key} output {output.path}", "label", output.label)
    yield from _unique(f"{action.key}: output", [output.path for output in action.outputs.fields])


def _fields(owner: str, fields: tuple[Field, ...]) -> Iterator[str]:
    yield from _keys(owner, [field.key for field in fields])
    for field in fields:
        yield from _field(f"{owner}.{field.key}", field)


def _field(place: str, field: Field) -> Iterator[str]:
    yield from _words(place, "label", field.label)
    for language, text in field.label:
        if text.rstrip().endswith(("?", "?")):
            yield f"{place}: label ends in a question mark in {language}"
    if field.help is not None:
        yield from _words(place, "help", field.help, translated=True)
        for language, text in field.help:
            if len(text) > MAX_HELP:
                yield f"{place}: help is longer than {MAX_HELP} characters in {language}"
    if field.required and field.advanced:
        yield f"{place}: is required, so it cannot be advanced"
    if isinstance(field, SelectField):
        values = [option.value for option in field.options]
        yield from _unique(f"{place}: option", values)
        if field.default is not None and field.default not in values:
            yield f"{place}: default {field.default!r} is not among the options"
        for option in field.options:
            yield from _words(f"{place} option {option.value}", "label", option.label)


def _words(place: str, part: str, words: Words, *, translated: bool = False) -> Iterator[str]:
    for language, text in words:
        if not text.strip():
            yield f"{place}: {part} is empty in {language}"
    if translated and words.en == words.ko:
        yield f"{place}: {part} is the same text in both languages"


def _keys(owner: str, keys: list[str]) -> Iterator[str]:
    for key in keys:
        if not _KEY.fullmatch(key):
            yield f"{owner}: key {key!r} is not lower case letters, digits and underscores"
    yield from _unique(f"{owner}: key", keys)


def _unique(what: str, names: list[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{what} {name!r} is there twice"


def _taken(part: Any) -> Iterator[str]:
    """The keys of the fields that a piece of a declaration takes the values of."""
    if isinstance(part, Input):
        yield part.field
    elif isinstance(part, Request):
        yield from _PLACEHOLDER.findall(part.url) if isinstance(part.url, str) else ()
    if isinstance(part, BaseModel):
        part = [value for _, value in part]
    elif isinstance(part, Mapping):
        part = list(part.values())
    if isinstance(part, tuple | list):
        for item in part:
            yield from _taken(item)
