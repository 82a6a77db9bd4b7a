"""A formula worked out for a whole frame: by Polars where it is exact, else row by row, each distinct row once.

Exact means: numbers are whole numbers with a scale (12.50 is 1250 and 2) of at most 38 digits, and the largest that can
come out is known before; Polars' own decimal arithmetic rounds products and wraps around when it overflows.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

import polars as pl

from outcode.values.filters.equality import identity
from outcode.values.filters.rows import cell_at
from outcode.values.filters.texts import composed_column
from outcode.values.formulas.evaluate import evaluate
from outcode.values.formulas.syntax import Binary, Column, Constant, Formula, If, Negative, Node, Operator
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references.rendering import MAX_TEXT_LENGTH

LIMIT = 10**38
_INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Int128)


@dataclass(frozen=True, slots=True)
class Computed:
    """A formula's column: its values, and by row (from 0) the problems of those that have none."""

    values: pl.Series
    problems: dict[int, InputProblem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """A column on the way: ``number`` as whole numbers of that scale, ``text``, or ``boolean``."""

    kind: Literal["number", "text", "boolean"]
    series: pl.Series
    scale: int = 0

    @property
    def bound(self) -> int:
        """The largest absolute whole number in it."""
        low, high = self.series.min(), self.series.max()
        return max(abs(low), abs(high)) if isinstance(low, int) and isinstance(high, int) else 0

    def scaled(self, scale: int) -> _Part | None:
        """The same numbers at a larger scale, None where they may not fit."""
        if scale == self.scale:
            return self
        factor = 10 ** (scale - self.scale)
        if self.bound * factor >= LIMIT:
            return None
        return _Part("number", self.series * _whole(factor), scale)


def evaluate_frame(formula: Formula, frame: pl.DataFrame) -> Computed:
    """The formula's values for every row of a frame whose columns are named as the formula names them.

    Columns may be of type Object (cells of many kinds). The values are what :func:`evaluate` gives row by row: as
    Decimal, String or Boolean column where all rows are of that kind, else as an Object column.
    """
    part = _part(formula.root, frame)
    if part is None:
        return _by_row(formula, frame)
    if part.kind == "number":
        return Computed(part.series.reinterpret(dtype=pl.Decimal(38, part.scale)))
    return Computed(part.series)


def _by_row(formula: Formula, frame: pl.DataFrame) -> Computed:
    names = list(dict.fromkeys(column.name for column in formula.columns))
    cells = [_cells(frame, name) for name in names]
    known: dict[Hashable, Json | InputProblem] = {}
    values: list[Json] = []
    problems: dict[int, InputProblem] = {}
    for number, row in enumerate(zip(*cells, strict=True) if cells else ((),) * frame.height):
        key = tuple(_key(cell) for cell in row)
        if key not in known:
            try:
                known[key] = evaluate(formula, dict(zip(names, row, strict=True)))
            except InputProblem as problem:
                known[key] = problem
        found = known[key]
        values.append(None if isinstance(found, InputProblem) else found)
        if isinstance(found, InputProblem):
            problems[number] = found
    return Computed(pl.Series("", values, dtype=pl.Object), problems)


def _key(cell: Json) -> Hashable:
    """What tells cells apart that a formula could tell apart: of lists and objects only the very same one is equal."""
    return ("object", id(cell)) if isinstance(cell, list | dict) else cell if type(cell) is str else identity(cell)


def _cells(frame: pl.DataFrame, name: str) -> list[Json]:
    """A column's cells; a dotted name leads into the objects of the column that its first part names."""
    if name in frame.columns:
        return frame[name].to_list()
    head, _, rest = name.partition(".")
    if rest and head in frame.columns:
        return [cell_at({head: cell}, name) for cell in frame[head].to_list()]
    return [None] * frame.height


def _part(node: Node, frame: pl.DataFrame) -> _Part | None:
    match node:
        case Constant(value=value):
            return _constant(value, frame.height)
        case Column(name=name):
            return _column(frame[name]) if name in frame.columns else None
        case Negative(operand=operand):
            part = _part(operand, frame)
            return _Part("number", _whole(0) - part.series, part.scale) if part and part.kind == "number" else None
        case Binary(operator=operator, left=left, right=right):
            first, second = _part(left, frame), _part(right, frame)
            return _combined(operator, first, second) if first and second else None
        case If(condition=condition, then=then, otherwise=otherwise):
            wanted, first, second = _part(condition, frame), _part(then, frame), _part(otherwise, frame)
            return _chosen(wanted, first, second) if wanted and first and second else None
        case _:
            return None


def _constant(value: Json, height: int) -> _Part | None:
    match value:
        case bool():
            return _Part("boolean", pl.Series("", [value]).new_from_index(0, height))
        case str():
            return _Part("text", pl.Series("", [value]).new_from_index(0, height))
        case int() | Decimal():
            scale = max(0, -int(Decimal(value).as_tuple().exponent))
            whole = int(Decimal(value).scaleb(scale)) if scale else int(value)
            fits = abs(whole) < LIMIT and scale <= 38
            return _Part("number", _whole(whole).new_from_index(0, height), scale) if fits else None
        case _:
            return None


def _column(series: pl.Series) -> _Part | None:
    match series.dtype:
        case pl.Decimal(scale=scale):
            return _Part("number", series.to_physical(), int(scale or 0))
        case pl.String:
            return _Part("text", series)
        case pl.Boolean:
            return _Part("boolean", series)
        case dtype if dtype in _INTEGERS:
            return _Part("number", series.cast(pl.Int128))
        case _:
            return None


def _combined(operator: Operator, left: _Part, right: _Part) -> _Part | None:
    kinds = {left.kind, right.kind}
    if operator == "&":
        return _joined(left, right)
    if kinds == {"number"}:
        return _calculated(operator, left, right)
    if kinds == {"text"} and operator not in {"+", "-", "*", "/"}:
        return _compared(operator, composed_column(left.series), composed_column(right.series))
    if kinds == {"boolean"} and operator in {"=", "!="}:
        return _compared(operator, left.series, right.series)
    return None


def _calculated(operator: Operator, left: _Part, right: _Part) -> _Part | None:
    if operator == "/":
        return None
    if operator == "*":
        if left.bound * right.bound >= LIMIT or left.scale + right.scale > 38:
            return None
        return _Part("number", left.series * right.series, left.scale + right.scale)
    scale = max(left.scale, right.scale)
    first, second = left.scaled(scale), right.scaled(scale)
    if first is None or second is None:
        return None
    if operator not in {"+", "-"}:
        return _compared(operator, first.series, second.series)
    if first.bound + second.bound >= LIMIT:
        return None
    return _Part("number", first.series + second.series if operator == "+" else first.series - second.series, scale)


def _compared(operator: Operator, left: pl.Series, right: pl.Series) -> _Part | None:
    match operator:
        case "=":
            found = left.eq_missing(right)
        case "!=":
            found = left.ne_missing(right)
        case "<":
            found = left < right
        case "<=":
            found = left <= right
        case ">":
            found = left > right
        case _:
            found = left >= right
    return _Part("boolean", found)


def _joined(left: _Part, right: _Part) -> _Part | None:
    first, second = _written(left), _written(right)
    if first is None or second is None:
        return None
    longest = sum(int(str(series.str.len_bytes().max() or 0)) for series in (first, second))
    return _Part("text", first + second) if longest <= MAX_TEXT_LENGTH else None


def _written(part: _Part) -> pl.Series | None:
    if part.kind == "text":
        return part.series.fill_null("")
    if part.kind == "number" and part.scale == 0:
        return part.series.cast(pl.String).fill_null("")
    return None


def _chosen(condition: _Part, then: _Part, otherwise: _Part) -> _Part | None:
    if condition.kind != "boolean" or then.kind != otherwise.kind:
        return None
    scale = max(then.scale, otherwise.scale)
    first, second = (then, otherwise) if then.kind != "number" else (then.scaled(scale), otherwise.scaled(scale))
    if first is None or second is None:
        return None
    taken = condition.series.fill_null(value=False)
    return _Part(then.kind, first.series.zip_with(taken, second.series), scale)


def _whole(number: int) -> pl.Series:
    return pl.Series("", [number], dtype=pl.Int128)
