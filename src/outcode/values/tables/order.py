"""Cells as keys and as ranks: what makes two rows belong together, and which comes first."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from unicodedata import normalize

import polars as pl

from outcode.values.filters import identity
from outcode.values.filters.texts import composed_column
from outcode.values.json import Json, dumps
from outcode.values.references import numbers
from outcode.values.tables.carrier import cells_from, series_of
from outcode.values.types import TypedColumn, is_empty, write_column


@dataclass(frozen=True, slots=True)
class Ranked:
    """A column as positions in the order of its distinct values: ``cells[rank]`` shows one; null of empty cells."""

    ranks: pl.Series
    cells: list[Json]


def key_series(cells: Sequence[Json], *, empty_is_null: bool = False) -> pl.Series:
    """Something that is equal where the cells are: numbers by value, text after NFC, and 1 is neither "1" nor true.

    ``empty_is_null`` makes text of spaces only a null, which no join matches.
    """
    wanted = [None if is_empty(cell) else cell for cell in cells] if empty_is_null else cells
    series = series_of(wanted)
    if series.dtype == pl.String:
        return composed_column(series)
    if series.dtype != pl.Object:
        return series
    known: dict[Hashable, int] = {}
    codes = [None if cell is None else known.setdefault(identity(cell), len(known)) for cell in wanted]
    return pl.Series("", codes, dtype=pl.UInt32)


def ranked(cells: Sequence[Json]) -> Ranked:
    """The ranks of raw cells: numbers first, then text by code points, then the rest."""
    series = series_of([None if is_empty(cell) else cell for cell in cells])
    if series.dtype == pl.Object:
        return _ranked_objects(series.to_list())
    ordered = composed_column(series) if series.dtype == pl.String else series
    ranks = ordered.rank("dense") - 1
    return Ranked(ranks, _representatives(ranks, series))


def ranked_column(column: TypedColumn) -> Ranked:
    """The ranks of typed values; what shows one is its JSON form."""
    ranks = column.values.rank("dense") - 1
    distinct = ranks.is_first_distinct() & ranks.is_not_null()
    picked = TypedColumn(
        column.column_type,
        column.values.filter(distinct),
        column.errors.filter(distinct),
        None if column.has_time is None else column.has_time.filter(distinct),
        column.timezone,
    )
    return Ranked(ranks, _in_order(ranks.filter(distinct), write_column(picked)))


def _representatives(ranks: pl.Series, series: pl.Series) -> list[Json]:
    distinct = ranks.is_first_distinct() & ranks.is_not_null()
    return _in_order(ranks.filter(distinct), cells_from(series.filter(distinct)))


def _in_order(ranks: pl.Series, cells: list[Json]) -> list[Json]:
    found: list[Json] = [None] * len(cells)
    for rank, cell in zip(ranks.to_list(), cells, strict=True):
        found[rank] = cell
    return found


def _ranked_objects(cells: list[Json]) -> Ranked:
    first: dict[Hashable, Json] = {}
    keys = [None if cell is None else identity(cell) for cell in cells]
    for key, cell in zip(keys, cells, strict=True):
        if key is not None:
            first.setdefault(key, cell)
    ordered = sorted(first.items(), key=lambda item: _sort_key(item[1]))
    rank_of = {key: rank for rank, (key, _) in enumerate(ordered)}
    ranks = [None if key is None else rank_of[key] for key in keys]
    return Ranked(pl.Series("", ranks, dtype=pl.UInt32), [cell for _, cell in ordered])


def _sort_key(cell: Json) -> tuple[int, Json]:
    if numbers.is_number(cell):
        return 0, cell
    if isinstance(cell, str):
        return 1, normalize("NFC", cell)
    return (2, cell) if isinstance(cell, bool) else (3, dumps(cell))
