"""Reading and making values by the paths of declarations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from outcode.transport.answer import steps_of

MISSING = object()


def at(value: Any, path: str) -> Any:
    """What stands at a path, or MISSING."""
    for step in steps_of(path):
        match step, value:
            case int(), list() if step < len(value):
                value = value[step]
            case str(), dict() if step in value:
                value = value[step]
            case _:
                return MISSING
    return value


def put(value: Any, path: str, new: Any) -> Any:
    """A copy of a value with something else at a path; what is missing on the way is made."""
    return _put(value, list(steps_of(path)), new)


def _put(value: Any, steps: list[str | int], new: Any) -> Any:
    if not steps:
        return new
    head, *rest = steps
    if isinstance(head, int):
        items = list(value) if isinstance(value, list) else []
        items += [None] * (head + 1 - len(items))
        items[head] = _put(items[head], rest, new)
        return items
    members = dict(value) if isinstance(value, dict) else {}
    members[head] = _put(members.get(head), rest, new)
    return members


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key path of an object with its value, outer ones first; lists are not entered."""
    if isinstance(value, dict):
        for key, item in value.items():
            name = key if key.replace("_", "a").replace("-", "a").replace("$", "a").isalnum() else f'["{key}"]'
            inner = name if not path else path + (name if name.startswith("[") else f".{name}")
            yield inner, item
            yield from leaves(item, inner)
