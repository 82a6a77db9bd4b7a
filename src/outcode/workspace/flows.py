"""Where a team's flows and their versions are kept; what a flow says is the room ``flows``' business.

A version is a stored document (JSON) under a number; it never changes, and runs point at it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from outcode.database import schema
from outcode.database.database import Database
from outcode.values.json import Json
from outcode.values.problems import Conflict, NotFound, Place
from outcode.workspace.scope import Scope, new_id


@dataclass(frozen=True, slots=True)
class FlowVersion:
    """Which flow, in which version: what a run is started from."""

    flow_id: str
    flow_name: str
    version_id: str


@dataclass(frozen=True, slots=True)
class StoredFlow:
    """A flow with its current version's document."""

    id: str
    kind: str
    name: str
    webhook_name: str | None
    version: int
    version_id: str
    document: dict[str, Json]
    updated_at: datetime

    @property
    def current(self) -> FlowVersion:
        """The version that runs are started from."""
        return FlowVersion(self.id, self.name, self.version_id)


@dataclass(frozen=True, slots=True)
class LiveFlow:
    """What the triggers of a flow run from now on: this version's document, unless the flow is off."""

    id: str
    active: bool
    version_id: str
    document: dict[str, Json]


Follower = Callable[[AsyncConnection, Scope, LiveFlow], Awaitable[None]]
"""Follows what goes live, within the same transaction: whoever keeps rows of its own for a trigger, such as schedules.

What it raises undoes both.
"""


class FlowStore:
    """Reads and writes a team's flows."""

    def __init__(self, database: Database, followers: Sequence[Follower] = ()) -> None:
        self._database = database
        self._followers = followers

    async def create(self, scope: Scope, document: dict[str, Json], webhook_name: str | None) -> StoredFlow:
        """Store a new flow as version 1; raises Conflict when its name or webhook name is taken."""
        flow_id = new_id()
        values = {
            "id": flow_id,
            "kind": document["kind"],
            "name": document["name"],
            "webhook_name": _nfc(webhook_name),
            "version": 1,
            "created_by": scope.user_id,
        }
        async with self._database.begin() as connection:
            with _names_free(document["name"], webhook_name):
                await connection.execute(sql.insert(schema.flows).values(scope.owned(values)))
            version_id = await self._add_version(connection, scope, flow_id, 1, document)
            await self._went_live(
                connection, scope, LiveFlow(flow_id, active=True, version_id=version_id, document=document)
            )
        return await self.find(scope, flow_id)

    async def change(
        self, scope: Scope, flow_id: str, document: dict[str, Json], webhook_name: str | None, *, edited_version: int
    ) -> StoredFlow:
        """Store the next version; raises Conflict when ``edited_version`` is no longer the current one."""
        table = schema.flows
        async with self._database.begin() as connection:
            with _names_free(document["name"], webhook_name):
                changed = await connection.execute(
                    scope.update(table)
                    .where(table.c.id == flow_id, table.c.version == edited_version)
                    .values(
                        name=document["name"],
                        webhook_name=_nfc(webhook_name),
                        version=edited_version + 1,
                        updated_at=sql.func.now(),
                    )
                )
            if changed.rowcount == 1:
                version_id = await self._add_version(connection, scope, flow_id, edited_version + 1, document)
                await self._went_live(
                    connection, scope, LiveFlow(flow_id, active=True, version_id=version_id, document=document)
                )
        found = await self.find(scope, flow_id)
        if changed.rowcount != 1:
            raise Conflict("flow_changed", current=found.version, edited=edited_version)
        return found

    async def save_by_name(self, scope: Scope, document: dict[str, Json], webhook_name: str | None) -> StoredFlow:
        """Store a flow, as the next version of the one with its name where there is one."""
        known = await self.find_by_name(scope, document["name"])
        if known is None:
            return await self.create(scope, document, webhook_name)
        return await self.change(scope, known.id, document, webhook_name, edited_version=known.version)

    async def find(self, scope: Scope, flow_id: str) -> StoredFlow:
        """A flow of the team; raises NotFound otherwise."""
        async with self._database.begin() as connection:
            query = self._query(scope).where(schema.flows.c.id == flow_id)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("flow_unknown")
        return StoredFlow(**row._mapping)

    async def find_by_name(self, scope: Scope, name: str) -> StoredFlow | None:
        """The flow of the team with that name, or None."""
        async with self._database.begin() as connection:
            row = (await connection.execute(self._query(scope).where(schema.flows.c.name == name))).one_or_none()
        return StoredFlow(**row._mapping) if row else None

    async def find_webhook(self, scope: Scope, name: str) -> StoredFlow | None:
        """The flow of the team with that webhook name, or None."""
        async with self._database.begin() as connection:
            row = (
                await connection.execute(self._query(scope).where(schema.flows.c.webhook_name == name))
            ).one_or_none()
        return StoredFlow(**row._mapping) if row else None

    async def team_of_webhook(self, organization_id: str, name: str) -> str | None:
        """The team whose flow has that webhook name in the organization, or None."""
        table = schema.flows
        async with self._database.begin() as connection:
            found = await connection.execute(
                sql.select(table.c.team_id).where(
                    table.c.organization_id == organization_id, table.c.webhook_name == name
                )
            )
            return found.scalar_one_or_none()

    async def page(self, scope: Scope, *, limit: int, before: str | None = None) -> list[StoredFlow]:
        """Up to ``limit`` flows, newest first; ``before`` is the id after which to go on."""
        flows = schema.flows
        query = self._query(scope).order_by(flows.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(flows.c.id < before)
        async with self._database.begin() as connection:
            return [StoredFlow(**row._mapping) for row in await connection.execute(query)]

    async def remove(self, scope: Scope, flow_id: str) -> None:
        """Delete a flow and its versions, except those that runs are made of: runs stay, waiting ones included.

        Raises NotFound outside the team.
        """
        table, versions, runs = schema.flows, schema.flow_versions, schema.runs
        used = sql.exists().where(runs.c.version_id == versions.c.id)
        async with self._database.begin() as connection:
            await connection.execute(scope.select(table, table.c.id).where(table.c.id == flow_id).with_for_update())
            await connection.execute(
                scope.update(versions).where(versions.c.flow_id == flow_id, used).values(flow_id=None)
            )
            gone = await connection.execute(scope.delete(table).where(table.c.id == flow_id))
        if gone.rowcount != 1:
            raise NotFound("flow_unknown")

    async def add_unsaved(self, scope: Scope, document: dict[str, Json]) -> str:
        """Keep the document of a run that belongs to no saved flow; returns the version's id."""
        async with self._database.begin() as connection:
            return await self._add_version(connection, scope, None, 0, document)

    async def _add_version(
        self, connection: AsyncConnection, scope: Scope, flow_id: str | None, number: int, document: dict[str, Json]
    ) -> str:
        version_id = new_id()
        values = {
            "id": version_id,
            "flow_id": flow_id,
            "number": number,
            "document": document,
            "created_by": scope.user_id,
        }
        await connection.execute(sql.insert(schema.flow_versions).values(scope.owned(values)))
        return version_id

    async def _went_live(self, connection: AsyncConnection, scope: Scope, flow: LiveFlow) -> None:
        for follow in self._followers:
            await follow(connection, scope, flow)

    @staticmethod
    def _query(scope: Scope) -> sql.Select[tuple[object, ...]]:
        flows, versions = schema.flows, schema.flow_versions
        current = sql.and_(versions.c.flow_id == flows.c.id, versions.c.number == flows.c.version)
        return (
            sql.select(
                flows.c.id,
                flows.c.kind,
                flows.c.name,
                flows.c.webhook_name,
                flows.c.version,
                versions.c.id.label("version_id"),
                versions.c.document,
                flows.c.updated_at,
            )
            .join(versions, current)
            .where(scope.within(flows))
        )


def _nfc(webhook_name: str | None) -> str | None:
    """The form in which names are looked up, however they were typed: macOS decomposes Hangul."""
    return unicodedata.normalize("NFC", webhook_name) if webhook_name else None


@contextmanager
def _names_free(name: Json, webhook_name: str | None) -> Iterator[None]:
    """Turns a broken uniqueness rule into a Conflict that says which name is taken."""
    try:
        yield
    except IntegrityError as error:
        if "webhook_name" in str(error.orig):
            raise Conflict("webhook_name_taken", Place(field="trigger.name"), name=webhook_name) from error
        if "uq_flows_team_id_name" in str(error.orig):
            raise Conflict("flow_name_taken", Place(field="name"), name=name) from error
        raise
