"""The limits of one run of a statement, as the task's fields give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from outcode.appkit import Input, Query
from outcode.appkit.template import literal_or_input
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """The limits of one run. ``parameters``: the field of that name, a list for placeholders or an object for names."""

    max_rows: int = 1000
    timeout_seconds: int = 30
    read_only: bool = False
    parameters: Json = None

    @classmethod
    def of(cls, call: Query, inputs: Mapping[str, Json]) -> QueryOptions:
        """The options of a declared call once its inputs are known; an empty input means the default.

        Raises InputProblem ``sql_field_invalid`` for a limit below 1.
        """
        usual = cls()
        return cls(
            max_rows=_limit(call.max_rows, inputs, "max_rows", usual.max_rows),
            timeout_seconds=_limit(call.timeout_seconds, inputs, "timeout_seconds", usual.timeout_seconds),
            read_only=literal_or_input(call.read_only, inputs) is True,
            parameters=literal_or_input(call.parameters, inputs),
        )


def _limit(declared: int | Input, inputs: Mapping[str, Json], name: str, default: int) -> int:
    value = literal_or_input(declared, inputs)
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != int(value) or value < 1:
        raise InputProblem("sql_field_invalid", Place(field=f"inputs.{name}"), name=name, expected="≥ 1")
    return int(value)
