"""Join / Lookup: rows and other rows that have the same keys."""

from __future__ import annotations

import polars as pl

from outcode.values.filters import cell_at, column_names
from outcode.values.problems import TooLarge
from outcode.values.tables.carrier import Row, check_column
from outcode.values.tables.options import MAX_ROWS, JoinOptions
from outcode.values.tables.order import key_series
from outcode.values.tables.result import TableResult


def join_rows(options: JoinOptions, rows: list[Row], others: list[Row]) -> TableResult:
    """Rows with their partners' cells added, one row for each partner, in the order of the rows, then of the partners.

    Keys are the same by value (1 and 1.0, text after NFC); an empty key has no partner. Every column of the other rows
    is added, null without a partner; a key of the same name on both sides is there once. Raises TooLarge beyond a
    million rows.
    """
    known, other_known = column_names(rows), column_names(others)
    for number, key in enumerate(options.keys):
        check_column(key.left, rows, known, f"keys[{number}].left")
        check_column(key.right, others, other_known, f"keys[{number}].right")
    partners = _partners(options, rows, others)
    if options.kind == "anti":
        lonely = [row for row, found in zip(rows, partners, strict=True) if not found]
        return TableResult.of(lonely, len(rows))
    count = sum(len(found) for found in partners)
    if count > MAX_ROWS:
        raise TooLarge("join_too_large", count=count, limit=MAX_ROWS)
    names = _names(options, known, other_known)
    nothing = dict.fromkeys(names.values())
    joined: list[Row] = []
    for row, found in zip(rows, partners, strict=True):
        if not found and options.kind == "left":
            joined.append({**row, **nothing})
        for position in found:
            other = others[position]
            joined.append({**row, **{new: other.get(old) for old, new in names.items()}})
    return TableResult.of(joined, len(rows))


def _partners(options: JoinOptions, rows: list[Row], others: list[Row]) -> list[list[int]]:
    """The positions of each row's partners."""
    left, right = [], []
    for number, key in enumerate(options.keys):
        cells = [cell_at(row, key.left) for row in rows] + [cell_at(other, key.right) for other in others]
        both = key_series(cells, empty_is_null=True).alias(str(number))
        left.append(both.head(len(rows)))
        right.append(both.tail(len(others)))
    names = [series.name for series in left]
    partners = pl.DataFrame(right).with_row_index("row").drop_nulls(names).group_by(names).agg(pl.col("row").sort())
    found = pl.DataFrame(left).join(partners, on=names, how="left", maintain_order="left")["row"]
    return [positions or [] for positions in found.to_list()]


def _names(options: JoinOptions, known: list[str], other_known: list[str]) -> dict[str, str]:
    """The columns of the other rows by the name under which they are added."""
    shared = {key.right for key in options.keys if key.left == key.right}
    taken = set(known)
    names: dict[str, str] = {}
    for name in other_known:
        if name not in shared:
            new = name
            while new in taken:
                new = options.prefix + new
            names[name] = new
            taken.add(new)
    return names
