"""The next request of a webhook, kept as a sample instead of starting the flow: what comes, seen before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert

from outcode.database import schema
from outcode.database.database import Database
from outcode.values import json
from outcode.values.json import Json
from outcode.workspace.scope import Scope

ARMED_FOR = timedelta(minutes=10)
"""Whoever forgets that a webhook is armed loses one delivery at most, and none after this time."""


@dataclass(frozen=True, slots=True)
class Capture:
    """``sample`` is what ``{{trigger}}`` would have been, None until one is kept; ``armed_until``: while it waits."""

    armed_until: datetime | None
    captured_at: datetime | None
    sample: dict[str, Json] | None


class CaptureStore:
    """Keeps one sample for each webhook."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def arm(self, scope: Scope, flow_id: str) -> Capture:
        """Have the next delivery kept, for ten minutes from now; a sample from before stays until then."""
        table = schema.webhook_captures
        until = sql.func.now() + ARMED_FOR
        statement = insert(table).values(scope.owned({"flow_id": flow_id, "armed_until": until}))
        async with self._database.begin() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=[table.c.flow_id], set_={"armed_until": until})
            )
        return await self.find(scope, flow_id)

    async def keep(self, scope: Scope, flow_id: str, sample: Mapping[str, Json]) -> bool:
        """Keep a delivery and disarm; False when another one was kept first, or the time was over."""
        table = schema.webhook_captures
        values = {"armed_until": None, "sample": json.dump_bytes(dict(sample)), "captured_at": sql.func.now()}
        async with self._database.begin() as connection:
            kept = await connection.execute(
                scope.update(table)
                .where(table.c.flow_id == flow_id, table.c.armed_until > sql.func.now())
                .values(values)
            )
        return bool(kept.rowcount)

    async def find(self, scope: Scope, flow_id: str) -> Capture:
        """How it stands with a flow's sample; a flow that was never armed has none."""
        table = schema.webhook_captures
        armed = sql.case((table.c.armed_until > sql.func.now(), table.c.armed_until)).label("armed_until")
        query = scope.select(table, armed, table.c.captured_at, table.c.sample).where(table.c.flow_id == flow_id)
        async with self._database.begin() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return Capture(None, None, None)
        return Capture(row.armed_until, row.captured_at, None if row.sample is None else json.loads(row.sample))

    async def remove(self, scope: Scope, flow_id: str) -> None:
        """Disarm, and forget the sample."""
        table = schema.webhook_captures
        async with self._database.begin() as connection:
            await connection.execute(scope.delete(table).where(table.c.flow_id == flow_id))
