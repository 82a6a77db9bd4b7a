"""A result as samples: the keys inside it that can be referred to, each with a value short enough for a list.

However large a result is, only a little of it is looked at. What is declared sensitive, or stands under a name such as
``token``, is masked, also inside an object that is shown as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from outcode.values.json import Json, dumps
from outcode.values.problems import InputProblem
from outcode.values.redaction import MASK, SENSITIVE_HEADERS, SENSITIVE_KEYS
from outcode.values.references import Each, Key, Step, render
from outcode.values.references.rendering import type_name
from outcode.values.references.suggestions import shortened

MAX_FOUND = 200
MAX_DEPTH = 4
LONGEST_SAMPLE = 80
LONGEST_KEY = 200
_MOST_KEYS = 100
_MOST_ITEMS = 5
_TYPES = {"null": "any", "date": "datetime"}
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A place inside a result: how it is reached, its type and its sample; ``names`` are the keys of ``steps``."""

    steps: tuple[Step, ...]
    names: Names
    type: str
    sample: str


def found_in(value: Json, sensitive: frozenset[Names] = frozenset(), *, within: Names = ()) -> Iterator[Found]:
    """The value itself, then everything inside it; ``within`` are the keys in front, ``sensitive`` paths of keys.

    >>> [(each.names, each.type, each.sample) for each in found_in({"id": 5, "token": "x"})][1:]
    [(('id',), 'number', '5'), (('token',), 'text', '••••')]
    """
    steps = tuple(Key(name) for name in within)
    return islice(_walked(value, steps, within, sensitive, MAX_DEPTH), MAX_FOUND)


def shown(value: Json, names: Names = (), sensitive: frozenset[Names] = frozenset()) -> str:
    """A value as people read it, at most ``LONGEST_SAMPLE`` characters, what is sensitive masked.

    >>> shown("Ann"), shown(None), shown([1, {"password": "x"}])
    ('Ann', 'null', '[1,{"password":"••••"}]')
    """
    if _is_sensitive(names, sensitive) and value is not None:
        return MASK
    preview = _preview(value, names, sensitive, MAX_DEPTH)
    try:
        written = dumps(preview) if preview is None or isinstance(preview, list | dict) else render(preview)
    except InputProblem:
        written = "…"
    return shortened(written, LONGEST_SAMPLE)


def sample_type(value: Json) -> str:
    """The type of a sample: text, number, boolean, datetime, object, list, file, any.

    >>> sample_type(5), sample_type(None)
    ('number', 'any')
    """
    name = type_name(value)
    return _TYPES.get(name, name)


def _walked(
    value: Json, steps: tuple[Step, ...], names: Names, sensitive: frozenset[Names], depth: int
) -> Iterator[Found]:
    through_list = any(isinstance(step, Each) for step in steps)
    yield Found(steps, names, "list" if through_list else sample_type(value), shown(value, names, sensitive))
    if depth == 0 or _is_sensitive(names, sensitive):
        return
    if isinstance(value, list) and value:
        value, steps = value[0], (*steps, Each())
    if isinstance(value, dict):
        for key in islice((key for key in value if len(key) <= LONGEST_KEY), _MOST_KEYS):
            yield from _walked(value[key], (*steps, Key(key)), (*names, key), sensitive, depth - 1)


def _preview(value: Json, names: Names, sensitive: frozenset[Names], depth: int) -> Json:
    match value:
        case str():
            return value[: LONGEST_SAMPLE + 1]
        case list() | dict() if depth == 0:
            return "…"
        case list():
            return [_preview(item, names, sensitive, depth - 1) for item in value[:_MOST_ITEMS]]
        case dict():
            return {
                shortened(key): MASK
                if _is_sensitive((*names, key), sensitive) and value[key] is not None
                else _preview(value[key], (*names, key), sensitive, depth - 1)
                for key in islice(value, _MOST_ITEMS)
            }
        case _:
            return value


def _is_sensitive(names: Names, sensitive: frozenset[Names]) -> bool:
    if not names:
        return False
    last = names[-1].lower()
    return last in SENSITIVE_KEYS or last in SENSITIVE_HEADERS or names in sensitive
