"""What each table task asks for, as frozen models; :mod:`outcode.values.filters.reading` reads them from JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from outcode.values.filters import Filter
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.types import ColumnType

Operation = Literal["filter", "set_columns", "transform_type", "sort", "group", "remove_duplicates", "limit", "join"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
Function = Literal["count", "sum", "average", "min", "max", "first", "last"]
MAX_ROWS = 1_000_000


def _kind_alone(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def _column_alone(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _same_name(value: Any) -> Any:
    return {"left": value, "right": value} if isinstance(value, str) else value


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


Name = Annotated[str, Field(min_length=1, max_length=1000)]
Type = Annotated[ColumnType, BeforeValidator(_kind_alone)]
"""A column type; its kind alone (``"number"``) means that type with no options set."""


class FilterOptions(_Options):
    """Keep the rows that match."""

    conditions: Filter


class SetColumn(_Options):
    """One column, added or replaced: by a formula, or by the same value in every row."""

    name: Name
    formula: str | None = None
    value: Json = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.formula is None) == ("value" not in self.model_fields_set):
            raise InputProblem("set_column_formula_or_value", name=self.name)
        return self


class SetColumnsOptions(_Options):
    """Add or replace columns, one after the other: a formula may use those set before it."""

    columns: tuple[SetColumn, ...] = Field(min_length=1, max_length=500)


class TransformColumn(_Options):
    """One column to be read as a type."""

    column: Name
    type: Type


class TransformTypeOptions(_Options):
    """Put the typed value in the place of the raw one."""

    columns: tuple[TransformColumn, ...] = Field(min_length=1, max_length=500)


class SortKey(_Options):
    """One column to sort by; written as its name alone it means ascending.

    Without ``type`` numbers come before texts, these in the order of Unicode's code points.
    """

    column: Name
    order: Literal["ascending", "descending"] = "ascending"
    type: Type | None = None


class SortOptions(_Options):
    """Sort by the first key, among equals by the second, and so on; empty cells come last in either order."""

    keys: tuple[Annotated[SortKey, BeforeValidator(_column_alone)], ...] = Field(min_length=1, max_length=50)


class Summary(_Options):
    """One number or cell of each group.

    ``column`` may be left out for ``count`` (of rows). ``name``: the new column, by default ``sum_total``. ``type``:
    how cells are read, by default as numbers for ``sum`` and ``average``, and as they are for the others.
    """

    function: Function
    column: Name | None = None
    name: Name | None = None
    type: Type | None = None

    @model_validator(mode="after")
    def _has_column(self) -> Self:
        if self.column is None and self.function != "count":
            raise InputProblem("summary_column_missing", function=self.function)
        return self

    @property
    def output(self) -> str:
        """The name of the new column."""
        return self.name or (f"{self.function}_{self.column}" if self.column else self.function)


class GroupOptions(_Options):
    """One row for each combination of the keys' cells; without keys one row for all."""

    keys: tuple[Name, ...] = Field(default=(), max_length=50)
    summaries: tuple[Summary, ...] = Field(default=(), max_length=200)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [*self.keys, *(summary.output for summary in self.summaries)]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise InputProblem("summary_name_twice", name=twice)
        return self


class RemoveDuplicatesOptions(_Options):
    """Of the rows whose keys are the same keep one; without keys the whole row counts."""

    keys: tuple[Name, ...] = Field(default=(), max_length=50)
    keep: Literal["first", "last"] = "first"


class LimitOptions(_Options):
    """Keep ``count`` rows after leaving out the first ``offset``."""

    count: int = Field(ge=0)
    offset: int = Field(default=0, ge=0)


class JoinKey(_Options):
    """A column of the rows and one of the other rows; one name alone stands for both."""

    left: Name
    right: Name


class JoinOptions(_Options):
    """Rows that have partners (``inner``), all rows (``left``), or those without (``anti``).

    A column of the other rows whose name is taken gets ``prefix`` before it.
    """

    keys: tuple[Annotated[JoinKey, BeforeValidator(_same_name)], ...] = Field(min_length=1, max_length=20)
    kind: Literal["inner", "left", "anti"] = "left"
    prefix: Annotated[str, Field(min_length=1, max_length=100)] = "other_"


Options = (
    FilterOptions
    | SetColumnsOptions
    | TransformTypeOptions
    | SortOptions
    | GroupOptions
    | RemoveDuplicatesOptions
    | LimitOptions
    | JoinOptions
)
MODELS: dict[Operation, type[Options]] = {
    "set_columns": SetColumnsOptions,
    "transform_type": TransformTypeOptions,
    "sort": SortOptions,
    "group": GroupOptions,
    "remove_duplicates": RemoveDuplicatesOptions,
    "limit": LimitOptions,
    "join": JoinOptions,
}
"""All but ``filter``, whose conditions have a reader of their own."""
