"""What a table task answers: rows, and around them the counts and the cells that could not be worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from outcode.values.json import Json, dumps
from outcode.values.problems import InputProblem
from outcode.values.references.suggestions import shortened
from outcode.values.tables.carrier import Row

MAX_ERRORS = 1_000
_LONGEST_RAW = 200


@dataclass(slots=True)
class CellErrors:
    """The cells that have no value: the first 1,000 one by one, all of them counted by column."""

    counts: dict[str, int] = field(default_factory=dict)
    listed: list[dict[str, Json]] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether further cells are only counted."""
        return len(self.listed) >= MAX_ERRORS

    def count(self, column: str, cells: int) -> None:
        """Count cells of a column."""
        if cells:
            self.counts[column] = self.counts.get(column, 0) + cells

    def show(self, row: int, column: str, raw: Json, code: str, details: Mapping[str, Json]) -> None:
        """List a cell (``row`` counts from 0) unless the list is full."""
        if not self.is_full:
            problem = {"code": code, "details": dict(details)}
            self.listed.append({"row": row + 1, "column": column, "raw": _short(raw), "problem": problem})


@dataclass(frozen=True, slots=True)
class TableResult:
    """``rows`` is the task's result, ``meta`` what stands around it:

    ``row_count``, ``input_count``, ``error_count``, ``errors_by_column`` ``{column: count}`` and ``errors``, the first
    1,000 ``{row, column, raw, problem: {code, details}}`` in which ``row`` counts from 1.
    """

    rows: list[Row]
    meta: dict[str, Json]

    @classmethod
    def of(cls, rows: list[Row], input_count: int, errors: CellErrors | None = None) -> TableResult:
        """A result with its counts."""
        found = errors or CellErrors()
        meta: dict[str, Json] = {
            "row_count": len(rows),
            "input_count": input_count,
            "error_count": sum(found.counts.values()),
            "errors_by_column": found.counts,
            "errors": found.listed,
        }
        return cls(rows, meta)


def _short(raw: Json) -> Json:
    if isinstance(raw, list | dict):
        try:
            raw = dumps(raw)
        except InputProblem:
            raw = "…"
    return shortened(raw, _LONGEST_RAW) if isinstance(raw, str) else raw
