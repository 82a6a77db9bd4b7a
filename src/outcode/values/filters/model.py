"""A filter as it is stored: conditions joined by *all* or *any*, at most three levels deep.

{"match": "all", "members": [
    {"column": "total", "type": "number", "operator": "greater", "value": 100},
    {"match": "any", "members": [{"column": "city", "operator": "is", "value": "Seoul"}, ...]}]}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from outcode.values.filters.operators import OperatorName, Unit
from outcode.values.json import Json
from outcode.values.types import ColumnType, TextType

MAX_DEPTH = 3
MAX_CONDITIONS = 500


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Condition(_Part):
    """One comparison of a column's typed cells.

    ``type`` may be written as its kind alone (``"number"``). ``value_to`` is the upper end of *between*, included;
    ``unit`` goes with *in the last* and *in the next*; ``case_sensitive`` with text.
    """

    column: str = Field(min_length=1, max_length=1000)
    type: ColumnType = TextType()
    operator: OperatorName
    value: Json = None
    value_to: Json = None
    unit: Unit = "days"
    case_sensitive: bool = False

    @field_validator("type", mode="before")
    @classmethod
    def _kind_alone(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value


def _tag(value: Any) -> str:
    is_group = "members" in value or "match" in value if isinstance(value, dict) else isinstance(value, Group)
    return "group" if is_group else "condition"


class Group(_Part):
    """Members of which all, or any one, must match; without members it matches every row (``any``: none)."""

    match: Literal["all", "any"] = "all"
    members: tuple[
        Annotated[Annotated[Condition, Tag("condition")] | Annotated[Group, Tag("group")], Discriminator(_tag)], ...
    ]


Filter = Condition | Group


def conditions_of(member: Filter, path: str = "") -> Iterator[tuple[str, Condition]]:
    """Every condition with its path, such as ``members[0].members[1]``."""
    if isinstance(member, Condition):
        yield path, member
        return
    for number, inner in enumerate(member.members):
        yield from conditions_of(inner, f"{path}.members[{number}]" if path else f"members[{number}]")


def depth_of(member: Filter) -> int:
    """How many groups stand inside each other.

    >>> depth_of(Group(members=(Group(members=()),)))
    2
    """
    return 0 if isinstance(member, Condition) else 1 + max((depth_of(inner) for inner in member.members), default=0)
