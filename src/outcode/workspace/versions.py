"""The versions of a flow: who saved which when, what is published, and the document of any of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sql

from outcode.database import schema
from outcode.database.database import Database
from outcode.values.json import Json
from outcode.values.problems import Conflict, NotFound
from outcode.workspace.flows import FlowStore, FlowVersion, StoredFlow
from outcode.workspace.scope import Scope

Wanted = Literal["draft", "published"] | int
"""A version by what it is for, or by its number."""


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """A version in the history of its flow; ``published`` is the one that triggers run now."""

    id: str
    number: int
    note: str | None
    restored_from: int | None
    created_at: datetime
    created_by: str
    published_at: datetime | None
    published_by: str | None
    published: bool


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version with its document."""

    info: VersionInfo
    document: dict[str, Json]


class VersionStore:
    """Reads the versions of a team's flows."""

    def __init__(self, database: Database, flows: FlowStore) -> None:
        self._database = database
        self._flows = flows

    async def page(self, scope: Scope, flow_id: str, *, limit: int, before: str | None = None) -> list[VersionInfo]:
        """Up to ``limit`` versions, newest first; ``before`` is the id after which to go on.

        Raises NotFound outside the team.
        """
        await self._flows.find(scope, flow_id)
        versions = schema.flow_versions
        query = self._query(scope, flow_id).order_by(versions.c.number.desc()).limit(limit)
        if before is not None:
            shown = scope.select(versions, versions.c.number).where(
                versions.c.id == before, versions.c.flow_id == flow_id
            )
            query = query.where(versions.c.number < shown.scalar_subquery())
        async with self._database.begin() as connection:
            return [VersionInfo(**row._mapping) for row in await connection.execute(query)]

    async def find(self, scope: Scope, flow_id: str, number: int) -> StoredVersion:
        """One version; raises NotFound for an unknown flow or number."""
        await self._flows.find(scope, flow_id)
        versions = schema.flow_versions
        query = self._query(scope, flow_id).add_columns(versions.c.document).where(versions.c.number == number)
        async with self._database.begin() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("version_unknown", number=number)
        values = dict(row._mapping)
        document = values.pop("document")
        return StoredVersion(VersionInfo(**values), document)

    async def wanted(self, scope: Scope, flow: StoredFlow, wanted: Wanted) -> StoredVersion:
        """The version that somebody asks for; raises Conflict when nothing is published, NotFound for its number."""
        if wanted == "published" and flow.published_number is None:
            raise Conflict("flow_not_published", name=flow.name)
        numbers = {"draft": flow.version, "published": flow.published_number or 0}
        return await self.find(scope, flow.id, wanted if isinstance(wanted, int) else numbers[wanted])

    async def startable(self, scope: Scope, flow: StoredFlow, wanted: Wanted | None) -> FlowVersion:
        """The version to start; without a wish the published one, or the draft before there is one.

        Raises as :meth:`wanted` does.
        """
        match wanted:
            case None:
                return flow.published or flow.draft
            case "draft":
                return flow.draft
            case _:
                return FlowVersion(flow.id, flow.name, (await self.wanted(scope, flow, wanted)).info.id)

    @staticmethod
    def _query(scope: Scope, flow_id: str) -> sql.Select[tuple[object, ...]]:
        flows, versions = schema.flows, schema.flow_versions
        authors, publishers = schema.users.alias("authors"), schema.users.alias("publishers")
        return (
            sql.select(
                versions.c.id,
                versions.c.number,
                versions.c.note,
                versions.c.restored_from,
                versions.c.created_at,
                authors.c.name.label("created_by"),
                versions.c.published_at,
                publishers.c.name.label("published_by"),
                (versions.c.number == flows.c.published_number).is_(sql.true()).label("published"),
            )
            .join(flows, flows.c.id == versions.c.flow_id)
            .join(authors, authors.c.id == versions.c.created_by)
            .outerjoin(publishers, publishers.c.id == versions.c.published_by)
            .where(scope.within(versions), versions.c.flow_id == flow_id)
        )
