"""Pinned results: data that a person fixed for a task, which test runs use instead of running it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sql

from outcode.database import schema
from outcode.database.database import Connection, Database
from outcode.engine.results import TaskResult
from outcode.runs.payloads import PayloadStore
from outcode.values.problems import NotFound
from outcode.workspace.scope import Scope


@dataclass(frozen=True, slots=True)
class Pin:
    """That a task's result is pinned; ``size`` is in bytes."""

    letter: str
    size: int
    created_at: datetime
    created_by: str


class Pins:
    """Pinned results of a team's flows."""

    def __init__(self, database: Database, payloads: PayloadStore) -> None:
        self._database = database
        self._payloads = payloads

    async def page(self, scope: Scope, flow_id: str) -> list[Pin]:
        """All pins of a flow, by letter."""
        pins, payloads, users = schema.pinned_results, schema.payloads, schema.users
        query = (
            sql.select(pins.c.letter, payloads.c.size, pins.c.created_at, users.c.name.label("created_by"))
            .join(payloads, payloads.c.id == pins.c.result_id)
            .join(users, users.c.id == pins.c.created_by)
            .where(scope.within(pins), pins.c.flow_id == flow_id)
            .order_by(sql.func.length(pins.c.letter), pins.c.letter)
        )
        async with self._database.begin() as connection:
            return [Pin(**row._mapping) for row in await connection.execute(query)]

    async def put(self, scope: Scope, flow_id: str, letter: str, result: TaskResult) -> None:
        """Pin a result, in the place of one that is pinned already; the flow must be the team's."""
        payload = await self._payloads.prepare(scope, result.as_json())
        async with self._database.pool.acquire() as connection, connection.transaction():
            await self._payloads.write(connection, [payload])
            old = await connection.fetchval(
                "SELECT result_id FROM pinned_results WHERE flow_id = $1 AND letter = $2 FOR UPDATE", flow_id, letter
            )
            await connection.execute(
                """
                INSERT INTO pinned_results (organization_id, team_id, flow_id, letter, result_id, created_by)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (flow_id, letter) DO UPDATE SET
                    result_id = excluded.result_id, created_by = excluded.created_by, created_at = now()
                """,
                scope.organization_id,
                scope.team_id,
                flow_id,
                letter,
                payload.id,
                scope.user_id,
            )
            blob = await self._payloads.forget(connection, scope, old) if old else None
        if blob is not None:
            await self._payloads.delete_blob(blob)

    async def remove(self, scope: Scope, flow_id: str, letter: str) -> None:
        """Take a pin away; raises NotFound when there is none."""
        async with self._database.pool.acquire() as connection, connection.transaction():
            old = await connection.fetchval(
                """
                DELETE FROM pinned_results
                WHERE flow_id = $1 AND letter = $2 AND organization_id = $3 AND team_id = $4 RETURNING result_id
                """,
                flow_id,
                letter,
                scope.organization_id,
                scope.team_id,
            )
            if old is None:
                raise NotFound("pin_unknown", task=letter)
            blob = await self._payloads.forget(connection, scope, old)
        if blob is not None:
            await self._payloads.delete_blob(blob)

    async def payload_ids(self, connection: Connection, scope: Scope, flow_id: str) -> dict[str, str]:
        """The payloads of a flow's pins, by letter."""
        rows = await connection.fetch(
            "SELECT letter, result_id FROM pinned_results WHERE flow_id = $1 AND organization_id = $2 AND team_id = $3",
            flow_id,
            scope.organization_id,
            scope.team_id,
        )
        return {row["letter"]: row["result_id"] for row in rows}

    async def result(self, scope: Scope, flow_id: str, letter: str) -> TaskResult:
        """A pinned result; raises NotFound when there is none."""
        async with self._database.pool.acquire() as connection:
            payload_id = (await self.payload_ids(connection, scope, flow_id)).get(letter)
            if payload_id is None:
                raise NotFound("pin_unknown", task=letter)
            return TaskResult.from_json(await self._payloads.get(connection, scope, payload_id))
