"""Which flows name a connection: their tasks, and the trigger of one that an app's event starts."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.ext.asyncio import AsyncConnection

from outcode.database import schema
from outcode.values.json import Json
from outcode.workspace.connections.drafts import nfc
from outcode.workspace.scope import Scope, new_id


async def flows_by_connection(database: AsyncConnection, scope: Scope) -> dict[str, tuple[str, ...]]:
    """The names of the team's flows, in order, by the connections that their current versions name."""
    flows, versions = schema.flows, schema.flow_versions
    tasks = sql.func.jsonb_path_query_array(versions.c.document["tasks"], sql.cast("lax $.*.connection", JSONPATH))
    query = (
        _current(scope)
        .with_only_columns(
            flows.c.name,
            sql.type_coerce(tasks, JSONB).label("of_tasks"),
            versions.c.document["trigger"]["connection"].label("of_trigger"),
        )
        .order_by(flows.c.name)
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in await database.execute(query):
        for name in {nfc(each) for each in [*(row.of_tasks or ()), row.of_trigger] if isinstance(each, str)}:
            found[name].append(row.name)
    return {name: tuple(users) for name, users in found.items()}


async def rename_in_flows(database: AsyncConnection, scope: Scope, old: str, new: str) -> None:
    """Give every flow that names the connection a next version that names it anew."""
    flows, versions = schema.flows, schema.flow_versions
    query = _current(scope).with_only_columns(flows.c.id, flows.c.version, versions.c.document)
    for row in (await database.execute(query.with_for_update(of=flows))).all():
        document = _renamed(row.document, old, new)
        if document is None:
            continue
        number = row.version + 1
        values = {"id": new_id(), "flow_id": row.id, "number": number, "document": document}
        owned = scope.owned({**values, "created_by": scope.user_id})
        await database.execute(sql.insert(versions).values(owned))
        change = scope.update(flows).where(flows.c.id == row.id).values(version=number, updated_at=sql.func.now())
        await database.execute(change)


def _current(scope: Scope) -> sql.Select[Any]:
    flows, versions = schema.flows, schema.flow_versions
    current = sql.and_(versions.c.flow_id == flows.c.id, versions.c.number == flows.c.version)
    return sql.select(flows.c.id).join(versions, current).where(scope.within(flows))


def _renamed(document: dict[str, Any], old: str, new: str) -> dict[str, Json] | None:
    """The document with the new name; None when it does not have the old one."""
    tasks = {letter: _part(task, old, new) for letter, task in document.get("tasks", {}).items()}
    changed = {**document, "tasks": tasks, "trigger": _part(document.get("trigger"), old, new)}
    return changed if changed != document else None


def _part(part: Any, old: str, new: str) -> Any:
    if isinstance(part, dict) and isinstance(part.get("connection"), str) and nfc(part["connection"]) == old:
        return {**part, "connection": new}
    return part
