"""The schedules of flows: one row a flow that starts by itself, kept in step with what of it is live.

When such a flow is due is not known here: a row that is new, changed or switched on again is marked as not planned, and
``next_at`` is then the moment from which on its times count. The scheduler plans it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from outcode.database import schema
from outcode.database.database import Database
from outcode.values.json import Json
from outcode.workspace.flows import LiveFlow
from outcode.workspace.scope import Scope


@dataclass(frozen=True, slots=True)
class LastFired:
    """The run that a schedule started last."""

    id: str
    state: str
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class ScheduleInfo:
    """A flow's schedule.

    ``next_at`` is its next time, or where it is not ``planned`` yet, the moment after which that comes. ``due_seconds``
    says how long it has been due, negative before. ``not_run`` is a journaled problem: why there was no run at
    ``not_run_at``, the last planned time without one.
    """

    id: str
    name: str
    trigger: dict[str, Json]
    timezone: str
    active: bool
    planned: bool
    next_at: datetime
    due_seconds: float
    fired_at: datetime | None
    last_run: LastFired | None
    not_run_at: datetime | None
    not_run: dict[str, Any] | None


async def follow_schedule(connection: AsyncConnection, scope: Scope, flow: LiveFlow) -> None:
    """Keep the schedule of a flow in step with its live version, within the transaction that makes it live.

    Times that are due stay due while nothing changes about when the flow starts; otherwise times count from now on.
    """
    table = schema.schedules
    trigger: Any = flow.document.get("trigger") or {}
    if trigger.get("kind") != "schedule":
        await connection.execute(scope.delete(table).where(table.c.flow_id == flow.id))
        return
    values = {
        "version_id": flow.version_id,
        "trigger": trigger,
        "inputs": flow.document.get("inputs") or {},
        "active": flow.active,
        "created_by": scope.user_id,
    }
    statement = insert(table).values(scope.owned({"flow_id": flow.id, **values}))
    new = statement.excluded
    same_times = table.c.active & new.active & (_times(table.c.trigger) == _times(new.trigger))
    again = {
        "planned": sql.case((same_times, table.c.planned), else_=sql.false()),
        "next_at": sql.case((same_times, table.c.next_at), else_=sql.func.now()),
    }
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["flow_id"], set_={name: new[name] for name in values} | again)
    )


def _times(trigger: sql.ColumnElement[Any]) -> sql.ColumnElement[Any]:
    """What of a trigger says when it fires."""
    return trigger.op("-")(sql.cast(["overlap", "missed"], ARRAY(sql.Text)))


class ScheduleStore:
    """Reads a team's schedules."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, scope: Scope, *, limit: int, before: str | None = None) -> list[ScheduleInfo]:
        """Up to ``limit`` schedules, those of the newest flows first; ``before`` is the flow after which to go on."""
        table, flows, runs, organizations = schema.schedules, schema.flows, schema.runs, schema.organizations
        due = sql.func.extract("epoch", sql.func.clock_timestamp() - table.c.next_at)
        query = (
            sql.select(
                table.c.flow_id.label("id"),
                flows.c.name,
                table.c.trigger,
                organizations.c.timezone,
                table.c.active,
                table.c.planned,
                table.c.next_at,
                sql.cast(due, sql.Double).label("due_seconds"),
                table.c.fired_at,
                table.c.not_run_at,
                table.c.not_run,
                *(runs.c[name].label(f"run_{name}") for name in LastFired.__dataclass_fields__),
            )
            .join(flows, flows.c.id == table.c.flow_id)
            .join(organizations, organizations.c.id == table.c.organization_id)
            .outerjoin(runs, sql.and_(runs.c.flow_id == table.c.flow_id, runs.c.planned_at == table.c.fired_at))
            .where(scope.within(table))
            .order_by(table.c.flow_id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(table.c.flow_id < before)
        async with self._database.begin() as connection:
            return [_info(dict(row._mapping)) for row in await connection.execute(query)]

    async def now(self) -> datetime:
        """The moment by the database's clock, which is the one that schedules go by."""
        async with self._database.begin() as connection:
            found: datetime = (await connection.execute(sql.select(sql.func.clock_timestamp()))).scalar_one()
        return found


def _info(row: dict[str, Any]) -> ScheduleInfo:
    run = {name: row.pop(f"run_{name}") for name in LastFired.__dataclass_fields__}
    return ScheduleInfo(**row, last_run=LastFired(**run) if run["id"] else None)
