"""Which flows name a connection: their tasks, and the trigger of one that an app's event starts."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from operator import attrgetter
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.ext.asyncio import AsyncConnection

from outcode.database import schema
from outcode.values.json import Json
from outcode.workspace.connections.drafts import nfc
from outcode.workspace.scope import Scope, new_id


async def flows_by_connection(database: AsyncConnection, scope: Scope) -> dict[str, tuple[str, ...]]:
    """The names of the team's flows, in order, by the connections that their drafts or published versions name."""
    flows, versions = schema.flows, schema.flow_versions
    tasks = sql.func.jsonb_path_query_array(versions.c.document["tasks"], sql.cast("lax $.*.connection", JSONPATH))
    query = (
        sql.select(
            flows.c.name,
            sql.type_coerce(tasks, JSONB).label("of_tasks"),
            versions.c.document["trigger"]["connection"].label("of_trigger"),
        )
        .join(versions, _in_use())
        .where(scope.within(flows))
        .order_by(flows.c.name)
    )
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for row in await database.execute(query):
        for name in {nfc(each) for each in [*(row.of_tasks or ()), row.of_trigger] if isinstance(each, str)}:
            found[name][row.name] = None
    return {name: tuple(users) for name, users in found.items()}


async def rename_in_flows(database: AsyncConnection, scope: Scope, old: str, new: str) -> None:
    """Give every flow that names the connection next versions that name it anew, published where they were."""
    flows, versions = schema.flows, schema.flow_versions
    query = (
        sql.select(flows.c.id, flows.c.version, flows.c.published_number, versions.c.number, versions.c.document)
        .join(versions, _in_use())
        .where(scope.within(flows))
        .order_by(flows.c.id, versions.c.number)
        .with_for_update(of=flows)
    )
    in_use = (await database.execute(query)).all()
    for _, group in groupby(in_use, key=attrgetter("id")):
        rows = list(group)
        renamed = [_renamed(row.document, old, new) for row in rows]
        if not any(renamed):
            continue
        # The draft is the newest version, so it comes after a published one that is older.
        draft, number, published = rows[-1], rows[-1].version, rows[-1].published_number
        for row, document in zip(rows, renamed, strict=True):
            if document is None and row is not draft:
                continue
            number += 1
            await _add(database, scope, row, number, document or row.document)
            if row.number == row.published_number:
                published = number
        change = {"version": number, "published_number": published, "updated_at": sql.func.now()}
        await database.execute(scope.update(flows).where(flows.c.id == draft.id).values(change))


async def _add(database: AsyncConnection, scope: Scope, row: Any, number: int, document: dict[str, Json]) -> None:
    """The next version of a flow, published when the version that it comes from is."""
    values = {"id": new_id(), "flow_id": row.id, "number": number, "document": document, "created_by": scope.user_id}
    if row.number == row.published_number:
        values |= {"published_at": sql.func.now(), "published_by": scope.user_id}
    await database.execute(sql.insert(schema.flow_versions).values(scope.owned(values)))


def _in_use() -> sql.ColumnElement[bool]:
    """The versions of a flow that run: the draft and the published one."""
    flows, versions = schema.flows, schema.flow_versions
    return sql.and_(
        versions.c.flow_id == flows.c.id, versions.c.number.in_([flows.c.version, flows.c.published_number])
    )


def _renamed(document: dict[str, Any], old: str, new: str) -> dict[str, Json] | None:
    """The document with the new name; None when it does not have the old one."""
    tasks = {letter: _part(task, old, new) for letter, task in document.get("tasks", {}).items()}
    changed = {**document, "tasks": tasks, "trigger": _part(document.get("trigger"), old, new)}
    return changed if changed != document else None


def _part(part: Any, old: str, new: str) -> Any:
    if isinstance(part, dict) and isinstance(part.get("connection"), str) and nfc(part["connection"]) == old:
        return {**part, "connection": new}
    return part
