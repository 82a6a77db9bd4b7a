"""Where in a YAML file each key and value of a document stands, so that every problem can name its line and column."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from re import compile as pattern

Path = tuple[str | int, ...]
"""Keys and list indexes from the document's root: ``("tasks", "b", "after", 0)``."""

_LINE_BREAK = pattern(r"\r\n|\n|\r")


def dotted(path: Path) -> str:
    """A path as people read it, the same form in which ``outcode.values.tagged.templates`` names its places.

    >>> dotted(("tasks", "b", "after", 0))
    'tasks.b.after[0]'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one value stands, in characters from the file's start; ``style`` is YAML's sign for it (``|``, ``"`` …)."""

    key: int
    start: int
    end: int
    style: str
    value: str | None = None
    """The text of a scalar."""


class Positions:
    """Lines and columns, counted from 1, by dotted path.

    >>> Positions("name: Hello", {"name": Spot(0, 6, 11, "", "Hello")}).find("name", offset=2)
    (1, 9)
    """

    def __init__(self, text: str, spots: Mapping[str, Spot]) -> None:
        self._text = text
        self._spots = spots
        self._starts = line_starts(text)

    def find(self, path: str, *, offset: int | None = None, at_key: bool = False) -> tuple[int, int]:
        """The line and column of a value, of its key, or of the character ``offset`` inside its text.

        What is not in the file (a missing key) is looked for at the nearest key above it; the root is at 1, 1.
        An offset is followed where the text stands in the file as it is (plain, quoted without escapes, ``|`` block);
        elsewhere the value's start is given.
        """
        spot = self._spots.get(path)
        while spot is None and path:
            path, at_key, offset = path[: max(path.rfind("."), path.rfind("["), 0)], True, None
            spot = self._spots.get(path)
        if spot is None:
            return 1, 1
        if at_key:
            return self.at(spot.key)
        return self.at(spot.start if offset is None else self._inside(spot, offset))

    def at(self, index: int) -> tuple[int, int]:
        """The line and column of a character of the file."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def line_of(self, index: int) -> tuple[int, str]:
        """The line in which a character stands: the index of its first character, and its text."""
        number = bisect_right(self._starts, index)
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self._text)
        return start, self._text[start:end].rstrip("\r\n")

    def _inside(self, spot: Spot, offset: int) -> int:
        value = spot.value or ""
        raw = self._text[spot.start : spot.end]
        if spot.style in ("'", '"'):
            return spot.start + 1 + offset if raw[1:-1] == value else spot.start
        if spot.style != "|":
            return spot.start + offset if raw == value else spot.start
        number = value.count("\n", 0, offset)
        column = offset - (value.rfind("\n", 0, offset) + 1)
        wanted = value.split("\n")[number]
        first_line = bisect_right(self._starts, spot.start)
        if first_line + number >= len(self._starts):
            return spot.start
        line_start, line = self.line_of(self._starts[first_line + number])
        return line_start + len(line) - len(wanted) + column if line.endswith(wanted) else spot.start


def line_starts(text: str) -> list[int]:
    """The index of every line's first character; lines end as editors count them."""
    return [0, *(found.end() for found in _LINE_BREAK.finditer(text))]
