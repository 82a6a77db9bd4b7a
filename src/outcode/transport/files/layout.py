"""Sheet rows → named rows: which line holds the names, which lines and columns are wanted, which are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Protocol

from outcode.transport.files.names import unique_names
from outcode.transport.files.options import SheetOptions, column_letters, column_number
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place

ROW_KEY, ERRORS_KEY = "_row", "_errors"


class Grid(Protocol):
    """A sheet as its reader sees it: raw cells by row, each row from column A on."""

    sheet: str
    sheet_names: Sequence[str]
    ragged_rows: bool
    """Whether rows may differ in length (.csv); then a difference is a fault of the file."""

    def rows(self) -> Iterator[tuple[int, Sequence[object]]]: ...

    def empty(self, cell: object) -> bool: ...

    def value(self, cell: object) -> Json: ...

    def errors(self, row: int) -> Mapping[int, str]: ...


@dataclass(slots=True)
class Layout:
    """Reads a grid by the options; after :meth:`rows` is exhausted ``headers`` and ``total_rows`` are known."""

    grid: Grid
    options: SheetOptions
    headers: list[str] = field(default_factory=list)
    total_rows: int = 0
    _positions: list[int] = field(default_factory=list)
    _width: int | None = None

    def rows(self) -> Iterator[list[Json]]:
        """The wanted rows as ``[row number, [cells], errors or None]``; raises InputProblem for missing columns."""
        options = self.options
        end = options.offset + options.limit
        for number, cells in self.grid.rows():
            if options.end_row is not None and number > options.end_row:
                break
            if number == options.header_row:
                self._name(cells)
            if number < options.start_row or (options.header_row and not self._positions):
                continue
            if not self._positions:
                self._name(cells)
            self._check_width(number, cells)
            errors = self._errors(number)
            if options.skip_empty and not errors and self._all_empty(cells):
                continue
            self.total_rows += 1
            if options.offset < self.total_rows <= end:
                values = [self.grid.value(cells[at]) if at < len(cells) else None for at in self._positions]
                if errors:
                    values = [
                        None if name in errors else value for name, value in zip(self.headers, values, strict=True)
                    ]
                yield [number, values, errors or None]

    def _name(self, cells: Sequence[object]) -> None:
        options = self.options
        self._width = len(cells)
        last = min(options.last_column or len(cells), len(cells))
        span = range(options.first_column - 1, last)
        labels = [self._label(cells[at], at) if options.header_row else column_letters(at + 1) for at in span]
        names = unique_names(labels, reserved=(ROW_KEY, ERRORS_KEY))
        chosen = [self._find(column, names) for column in options.columns] or list(range(len(names)))
        self.headers = [names[index] for index in chosen]
        self._positions = [span[index] for index in chosen]

    def _label(self, cell: object, at: int) -> str:
        value = self.grid.value(cell)
        text = "" if value is None else str(value).strip()
        return text or column_letters(at + 1)

    def _find(self, column: str, names: list[str]) -> int:
        if column in names:
            return names.index(column)
        if column.isascii() and column.isalpha() and column.isupper() and column_number(column) <= len(names):
            return column_number(column) - 1
        near = get_close_matches(column, names, 1)
        code = "sheet_column_missing_near" if near else "sheet_column_missing"
        details: dict[str, Any] = {"nearest": near[0]} if near else {}
        raise InputProblem(code, Place(field="inputs.columns"), column=column, columns=names[:50], **details)

    def _check_width(self, number: int, cells: Sequence[object]) -> None:
        if self.grid.ragged_rows and cells and len(cells) != self._width:
            raise InputProblem("csv_ragged", Place(row=number), row=number, found=len(cells), expected=self._width)

    def _errors(self, number: int) -> dict[str, str]:
        found = self.grid.errors(number)
        if not found:
            return {}
        return {name: found[at] for name, at in zip(self.headers, self._positions, strict=True) if at in found}

    def _all_empty(self, cells: Sequence[object]) -> bool:
        return all(at >= len(cells) or self.grid.empty(cells[at]) for at in self._positions)
