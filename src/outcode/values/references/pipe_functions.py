"""What the pipes do: pure functions of a value and arguments whose types were checked before.

A function raises ReferenceProblem without place; whoever applies the pipe adds the pipe's name and the reference.
"""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references import numbers
from outcode.values.references.rendering import MAX_TEXT_LENGTH, is_file, render, type_name


def replace(text: str, old: str, new: str) -> str:
    """Every ``old`` replaced by ``new``."""
    if len(new) > len(old) and len(text) + text.count(old) * (len(new) - len(old)) > MAX_TEXT_LENGTH:
        raise ReferenceProblem("result_too_large", limit=MAX_TEXT_LENGTH)
    return text.replace(old, new)


def join(items: list[Json], separator: str = ",") -> str:
    """The elements as text, one after the other."""
    rendered: list[str] = []
    size = 0
    for item in items:
        rendered.append(render(item))
        size += len(rendered[-1]) + len(separator)
        if size > MAX_TEXT_LENGTH + len(separator):
            raise ReferenceProblem("result_too_large", limit=MAX_TEXT_LENGTH)
    return separator.join(rendered)


def first(items: list[Json]) -> Json:
    """The first element, null of an empty list."""
    return items[0] if items else None


def last(items: list[Json]) -> Json:
    """The last element, null of an empty list."""
    return items[-1] if items else None


def number(value: str | int | Decimal) -> int | Decimal:
    """A text as number; a number stays what it is."""
    return numbers.read_number(value) if isinstance(value, str) else numbers.canonical(value)


def cut(value: str | list[Json], start: int, end: int | None = None) -> str | list[Json]:
    """Characters or elements from ``start`` up to, not including, ``end``; negative counts from the end."""
    return value[start:end]


def total(items: list[Json]) -> int | Decimal:
    """The sum of a list of numbers; numbers written as text count too."""
    found: list[int | Decimal] = []
    for position, item in enumerate(items):
        if numbers.is_number(item):
            found.append(item)
        elif type(item) is str:
            found.append(numbers.read_number(item))
        else:
            raise ReferenceProblem("pipe_wrong_element", index=position, got=type_name(item), expected="number")
    return numbers.total(found)


def unique(items: list[Json]) -> list[Json]:
    """Each element once, in the order of first appearance; 1 and 1.0 are equal, 1 and true are not."""
    seen: set[object] = set()
    kept: list[Json] = []
    try:
        for item in items:
            if (mark := _comparable(item)) not in seen:
                seen.add(mark)
                kept.append(item)
    except RecursionError as error:
        raise ReferenceProblem("value_too_deep") from error
    return kept


def _comparable(value: Json) -> object:
    match type_name(value):
        case "list":
            return ("list", tuple(_comparable(item) for item in value))
        case "object" | "file":
            return ("object", frozenset((key, _comparable(item)) for key, item in value.items()))
        case "number":
            return ("number", numbers.canonical(value))
        case name:
            return (name, value)


def urlencode(value: Json) -> str:
    """A value as text, percent-encoded, ``/`` included."""
    if is_file(value):
        raise ReferenceProblem("file_as_text")
    return quote(render(value), safe="", errors="replace")
