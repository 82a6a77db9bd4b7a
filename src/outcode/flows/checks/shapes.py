"""An input as far as it is known before a run: its literal parts, with a mark for what a reference will give."""

from __future__ import annotations

from outcode.values.json import Json
from outcode.values.tagged import LATER, List, Literal, Object, Tagged, Template


def shape(tagged: Tagged) -> Json:
    """The value, ``LATER`` in place of every text that holds references.

    >>> shape(List(items=(Template(text="{{a.x}}"), Literal(value=5))))
    [{{…}}, 5]
    """
    match tagged:
        case Literal(value=value):
            return value
        case Template():
            return LATER
        case List(items=items):
            return [shape(item) for item in items]
        case Object(entries=entries):
            return {key: shape(item) for key, item in entries.items()}
