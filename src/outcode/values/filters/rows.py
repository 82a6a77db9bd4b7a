"""How a column's name finds its cell in a row: as a key, or else, dotted, as a path into nested objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from outcode.values.json import Json

MAX_NAMES = 1_000


def cell_at(row: Mapping[str, Json], name: str) -> Json:
    """The cell of that column; None where the row has none.

    A key that holds dots comes before a path of the same spelling.

    >>> cell_at({"customer": {"city": "Seoul"}}, "customer.city")
    'Seoul'
    """
    if name in row or "." not in name:
        return row.get(name)
    value: Json = row
    for key in name.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def column_names(rows: Sequence[Mapping[str, Json]]) -> list[str]:
    """The names of all columns in the order of their first appearance.

    >>> column_names([{"b": 1}, {"a": 2, "b": 3}])
    ['b', 'a']
    """
    return list(dict.fromkeys(key for row in rows for key in row))


def known_names(columns: Iterable[str]) -> list[str]:
    """The first names, for a message."""
    return list(islice(columns, 12)) or ["–"]
