"""Where a team's flows and their versions are kept; what a flow says is the room ``flows``' business.

A version is a stored document (JSON) under a number; it never changes, and runs point at it. The newest version is the
*draft*, which people edit and run by hand; triggers run the *published* one, while the flow is *active*.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from outcode.database import schema
from outcode.database.database import Database
from outcode.values.json import Json
from outcode.values.problems import Conflict, NotFound, Place
from outcode.workspace.scope import Scope, new_id
from outcode.workspace.webhook_names import claim_name, composed, refuse_taken_name


@dataclass(frozen=True, slots=True)
class FlowVersion:
    """Which flow, in which version: what a run is started from."""

    flow_id: str
    flow_name: str
    version_id: str


@dataclass(frozen=True, slots=True)
class StoredFlow:
    """A flow with its draft's document; ``version`` and ``version_id`` are the draft's, too."""

    id: str
    kind: str
    name: str
    webhook_name: str | None
    active: bool
    version: int
    version_id: str
    document: dict[str, Json]
    updated_at: datetime
    published_number: int | None
    published_id: str | None
    published_at: datetime | None

    @property
    def draft(self) -> FlowVersion:
        """The version that is edited, and run by hand."""
        return FlowVersion(self.id, self.name, self.version_id)

    @property
    def published(self) -> FlowVersion | None:
        """The version that triggers run; None before the first publishing."""
        return None if self.published_id is None else FlowVersion(self.id, self.name, self.published_id)


@dataclass(frozen=True, slots=True)
class LiveFlow:
    """What the triggers of a flow run from now on: the published version's document, unless the flow is off."""

    id: str
    active: bool
    version_id: str
    document: dict[str, Json]


Follower = Callable[[AsyncConnection, Scope, LiveFlow], Awaitable[None]]
"""Follows what goes live, within the same transaction: whoever keeps rows of its own for a trigger, such as schedules.

It is called by every publishing and every turn of the switch of a published flow; what it raises undoes both.
"""


class FlowStore:
    """Reads and writes a team's flows."""

    def __init__(self, database: Database, followers: Sequence[Follower] = ()) -> None:
        self._database = database
        self._followers = followers

    async def create(
        self, scope: Scope, document: dict[str, Json], webhook_name: str | None, *, note: str | None = None
    ) -> StoredFlow:
        """Store a new flow as version 1, not published yet; raises Conflict when a name of it is taken."""
        flow_id = new_id()
        values = {
            "id": flow_id,
            "kind": document["kind"],
            "name": document["name"],
            "webhook_name": _composed(webhook_name),
            "version": 1,
            "created_by": scope.user_id,
        }
        async with self._database.begin() as connection:
            with _names_free(document["name"], webhook_name):
                await connection.execute(sql.insert(schema.flows).values(scope.owned(values)))
            await claim_name(connection, scope, flow_id, webhook_name)
            await self._add_version(connection, scope, flow_id, 1, document, note=note)
        return await self.find(scope, flow_id)

    async def change(
        self,
        scope: Scope,
        flow_id: str,
        document: dict[str, Json],
        webhook_name: str | None,
        *,
        edited_version: int,
        note: str | None = None,
        restored_from: int | None = None,
    ) -> StoredFlow:
        """Store the next version as the draft.

        Raises Conflict when ``edited_version`` is no longer the draft (``flow_changed``: its details say which version
        is, whose it is and since when), or when a name is taken. A published flow keeps its webhook name until the
        draft is published.
        """
        table = schema.flows
        async with self._database.begin() as connection:
            await refuse_taken_name(connection, scope, flow_id, webhook_name)
            unpublished = table.c.published_number.is_(None)
            with _names_free(document["name"], webhook_name):
                changed = await connection.execute(
                    scope.update(table)
                    .where(table.c.id == flow_id, table.c.version == edited_version)
                    .values(
                        name=document["name"],
                        webhook_name=sql.case((unpublished, _composed(webhook_name)), else_=table.c.webhook_name),
                        version=edited_version + 1,
                        updated_at=sql.func.now(),
                    )
                )
            if changed.rowcount != 1:
                raise await self._changed_meanwhile(connection, scope, flow_id, edited_version)
            await self._add_version(
                connection, scope, flow_id, edited_version + 1, document, note=note, restored_from=restored_from
            )
        return await self.find(scope, flow_id)

    async def save_by_name(
        self, scope: Scope, document: dict[str, Json], webhook_name: str | None, *, note: str | None = None
    ) -> StoredFlow:
        """Store a flow, as the next version of the one with its name where there is one."""
        known = await self.find_by_name(scope, document["name"])
        if known is None:
            return await self.create(scope, document, webhook_name, note=note)
        return await self.change(scope, known.id, document, webhook_name, edited_version=known.version, note=note)

    async def publish(
        self, scope: Scope, flow_id: str, number: int, webhook_name: str | None, *, note: str | None = None
    ) -> StoredFlow:
        """Make a version the one that triggers run, from this transaction on; the caller has checked its document.

        ``webhook_name`` is what that document claims. All that follows a trigger follows here: the webhook's name and
        the :data:`Follower`\\ s. Raises NotFound for an unknown flow or version, and Conflict when the name is taken.
        """
        flows, versions = schema.flows, schema.flow_versions
        async with self._database.begin() as connection:
            await claim_name(connection, scope, flow_id, webhook_name)
            with _names_free(None, webhook_name):
                changed = await connection.execute(
                    scope.update(flows)
                    .where(flows.c.id == flow_id)
                    .values(published_number=number, webhook_name=_composed(webhook_name))
                )
            if changed.rowcount != 1:
                raise NotFound("flow_unknown")
            marks: dict[str, Any] = {"published_at": sql.func.now(), "published_by": scope.user_id}
            marked = await connection.execute(
                scope.update(versions)
                .where(versions.c.flow_id == flow_id, versions.c.number == number)
                .values(marks if note is None else {**marks, "note": note})
            )
            if marked.rowcount != 1:
                raise NotFound("version_unknown", number=number)
            await self._went_live(connection, scope, flow_id)
        return await self.find(scope, flow_id)

    async def switch(self, scope: Scope, flow_id: str, *, active: bool) -> StoredFlow:
        """Turn a flow's trigger on or off, whatever its kind; raises NotFound outside the team."""
        table = schema.flows
        async with self._database.begin() as connection:
            changed = await connection.execute(
                scope.update(table).where(table.c.id == flow_id).values(active=active, updated_at=sql.func.now())
            )
            if changed.rowcount != 1:
                raise NotFound("flow_unknown")
            await self._went_live(connection, scope, flow_id)
        return await self.find(scope, flow_id)

    async def find(self, scope: Scope, flow_id: str) -> StoredFlow:
        """A flow of the team; raises NotFound otherwise."""
        async with self._database.begin() as connection:
            return await self._find(connection, scope, flow_id)

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
        self,
        connection: AsyncConnection,
        scope: Scope,
        flow_id: str | None,
        number: int,
        document: dict[str, Json],
        **marks: Any,
    ) -> str:
        version_id = new_id()
        values = {
            "id": version_id,
            "flow_id": flow_id,
            "number": number,
            "document": document,
            "created_by": scope.user_id,
            **marks,
        }
        await connection.execute(sql.insert(schema.flow_versions).values(scope.owned(values)))
        return version_id

    async def _find(self, connection: AsyncConnection, scope: Scope, flow_id: str) -> StoredFlow:
        row = (await connection.execute(self._query(scope).where(schema.flows.c.id == flow_id))).one_or_none()
        if row is None:
            raise NotFound("flow_unknown")
        return StoredFlow(**row._mapping)

    async def _went_live(self, connection: AsyncConnection, scope: Scope, flow_id: str) -> None:
        flow = await self._find(connection, scope, flow_id)
        if flow.published_id is None:
            return
        versions = schema.flow_versions
        document = await connection.scalar(
            scope.select(versions, versions.c.document).where(versions.c.id == flow.published_id)
        )
        for follow in self._followers:
            await follow(connection, scope, LiveFlow(flow.id, flow.active, flow.published_id, document))

    async def _changed_meanwhile(
        self, connection: AsyncConnection, scope: Scope, flow_id: str, edited_version: int
    ) -> Conflict:
        """The refusal of a late change, with what is needed to show both sides."""
        flow = await self._find(connection, scope, flow_id)
        versions, users = schema.flow_versions, schema.users
        saved = await connection.execute(
            sql.select(users.c.name, versions.c.created_at)
            .join(users, users.c.id == versions.c.created_by)
            .where(scope.within(versions), versions.c.id == flow.version_id)
        )
        name, moment = saved.one()
        return Conflict(
            "flow_changed", current=flow.version, edited=edited_version, by=name, at=moment.isoformat(), flow=flow.id
        )

    @staticmethod
    def _query(scope: Scope) -> sql.Select[tuple[object, ...]]:
        flows, drafts, published = schema.flows, schema.flow_versions, schema.flow_versions.alias("published")
        return (
            sql.select(
                flows.c.id,
                flows.c.kind,
                flows.c.name,
                flows.c.webhook_name,
                flows.c.active,
                flows.c.version,
                drafts.c.id.label("version_id"),
                drafts.c.document,
                flows.c.updated_at,
                flows.c.published_number,
                published.c.id.label("published_id"),
                published.c.published_at,
            )
            .join(drafts, sql.and_(drafts.c.flow_id == flows.c.id, drafts.c.number == flows.c.version))
            .outerjoin(
                published,
                sql.and_(published.c.flow_id == flows.c.id, published.c.number == flows.c.published_number),
            )
            .where(scope.within(flows))
        )


def _composed(webhook_name: str | None) -> str | None:
    return composed(webhook_name) if webhook_name else None


@contextmanager
def _names_free(name: Json, webhook_name: str | None) -> Iterator[None]:
    """Turns a broken uniqueness rule into a Conflict that says which name is taken."""
    try:
        yield
    except IntegrityError as error:
        if "webhook_name" in str(error.orig):
            raise _taken(webhook_name) from error
        if "uq_flows_team_id_name" in str(error.orig):
            raise Conflict("flow_name_taken", Place(field="name"), name=name) from error
        raise


def _taken(webhook_name: str | None) -> Conflict:
    return Conflict("webhook_name_taken", Place(field="trigger.name"), name=webhook_name)
