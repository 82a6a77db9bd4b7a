"""Reading a cell as true or false."""

from __future__ import annotations

from decimal import Decimal

from outcode.values.json import Json
from outcode.values.types.cells import SPACES, kind_of
from outcode.values.types.errors import CellProblem, about

TRUE_WORDS = frozenset({"true", "t", "yes", "y", "on", "1", "예", "네", "참"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "off", "0", "아니오", "아니요", "거짓"})


def read_boolean(raw: Json) -> bool | CellProblem:
    """A boolean that is not empty; numbers only if they are 1 or 0.

    >>> read_boolean("예"), read_boolean("N"), read_boolean(2).code
    (True, False, 'cell_boolean_unreadable')
    """
    match raw:
        case bool():
            return raw
        case str():
            word = raw.strip(SPACES).lower()
            if word in TRUE_WORDS or word in FALSE_WORDS:
                return word in TRUE_WORDS
            return about("cell_boolean_unreadable", raw.strip(SPACES))
        case int() | Decimal():
            return bool(raw) if raw in {0, 1} else about("cell_boolean_unreadable", str(raw))
        case _:
            return CellProblem("cell_boolean_other_kind", {"found": kind_of(raw)})
