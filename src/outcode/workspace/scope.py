"""Whose rows a query means, said in one place: all reading and writing of team data starts from a :class:`Scope`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
import uuid_utils


def new_id() -> str:
    """A new UUID version 7: ids sort in order of creation."""
    return str(uuid_utils.uuid7())


@dataclass(frozen=True, slots=True)
class Scope:
    """The team somebody works in, and who it is.

    >>> scope = Scope(organization_id="o", team_id="t", user_id="u")
    >>> scope.owned({"name": "x"})["team_id"]
    't'
    """

    organization_id: str
    team_id: str
    user_id: str

    def within(self, table: sql.Table) -> sql.ColumnElement[bool]:
        """The condition that a row belongs to this team."""
        return sql.and_(table.c.organization_id == self.organization_id, table.c.team_id == self.team_id)

    def select(self, table: sql.Table, *columns: sql.ColumnElement[Any]) -> sql.Select[Any]:
        """A query over this team's rows of one table; all columns when none is named."""
        return sql.select(*(columns or tuple(table.c))).select_from(table).where(self.within(table))

    def update(self, table: sql.Table) -> sql.Update:
        """A change of this team's rows; add a narrower ``where``."""
        return sql.update(table).where(self.within(table))

    def delete(self, table: sql.Table) -> sql.Delete:
        """A deletion among this team's rows; add a narrower ``where``."""
        return sql.delete(table).where(self.within(table))

    def owned(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values of a new row of this team."""
        return {"organization_id": self.organization_id, "team_id": self.team_id, **values}
