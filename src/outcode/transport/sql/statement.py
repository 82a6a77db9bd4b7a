"""What the dialects' parameters have in common: a statement ready to be sent, and places in what the user wrote."""

from __future__ import annotations

from collections.abc import Sequence

from outcode.values.json import Json
from outcode.values.problems import Place


def place_of(statement: str, offset: int) -> Place:
    """Line, column and offset of a character of the statement."""
    before = statement[:offset]
    return Place(line=before.count("\n") + 1, column=offset - (before.rfind("\n") + 1) + 1, offset=offset)


def origin_of(shifts: Sequence[tuple[int, int]], position: int, length: int) -> int:
    """The offset in what was written of one in what is sent.

    ``shifts``: pairs of an offset sent and the offset written that it stems from, each valid up to the next.

    >>> origin_of([(0, 0), (9, 12)], 10, 100)
    13
    """
    sent, written = max(shift for shift in shifts if shift[0] <= position)
    return min(written + position - sent, length)


def texts_in(value: Json) -> list[str]:
    """Every text and number inside a value, to be masked in messages.

    >>> texts_in({"a": [1, "x"], "b": None})
    ['1', 'x']
    """
    match value:
        case list() | tuple():
            return [text for item in value for text in texts_in(item)]
        case dict():
            return [text for item in value.values() for text in texts_in(item)]
        case None | bool():
            return []
        case _:
            return [str(value)]
