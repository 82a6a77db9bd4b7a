"""The names of webhooks: unique in the organization, and a name once used stays with its flow.

After a rename the old name leads to the same flow as the new one does. It is not redirected: many senders do not follow
a 308, or follow it without the body. To free an old name for another flow it is given up, or its flow is deleted.
"""

from __future__ import annotations

import unicodedata

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from outcode.database import schema
from outcode.database.database import Database
from outcode.values.problems import Conflict, Place
from outcode.workspace.scope import Scope


def composed(name: str) -> str:
    """The form in which names are kept and looked up, however they were typed: macOS decomposes Hangul."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


async def claim_name(connection: AsyncConnection, scope: Scope, flow_id: str, name: str | None) -> None:
    """Make a name lead to the flow, from now on; raises Conflict when it leads, or once led, to another flow.

    Within the transaction that stores the flow.
    """
    if name is None:
        return
    table = schema.webhook_names
    values = scope.owned({"name": composed(name), "flow_id": flow_id})
    await connection.execute(insert(table).values(values).on_conflict_do_nothing())
    holder = await connection.execute(
        sql.select(table.c.flow_id).where(
            table.c.organization_id == scope.organization_id, table.c.name == composed(name)
        )
    )
    if holder.scalar_one() != flow_id:
        raise _taken(name)


async def refuse_taken_name(connection: AsyncConnection, scope: Scope, flow_id: str, name: str | None) -> None:
    """Refuse, with Conflict, a name that leads to another flow; a draft takes its name when it is published."""
    table = schema.webhook_names
    if name is None:
        return
    holder = await connection.scalar(
        sql.select(table.c.flow_id).where(
            table.c.organization_id == scope.organization_id, table.c.name == composed(name)
        )
    )
    if holder not in {None, flow_id}:
        raise _taken(name)


async def names_of(database: Database, scope: Scope, flow_id: str) -> list[str]:
    """All names that lead to a flow of the team, oldest first."""
    table = schema.webhook_names
    query = scope.select(table, table.c.name).where(table.c.flow_id == flow_id)
    async with database.begin() as connection:
        return list((await connection.execute(query.order_by(table.c.created_at, table.c.name))).scalars())


async def release_name(database: Database, scope: Scope, flow_id: str, name: str) -> None:
    """Give up a name that the flow had before; raises Conflict for its present name and for others' names."""
    table, flows = schema.webhook_names, schema.flows
    present = sql.exists().where(flows.c.id == flow_id, flows.c.webhook_name == table.c.name)
    async with database.begin() as connection:
        gone = await connection.execute(
            scope.delete(table).where(table.c.flow_id == flow_id, table.c.name == composed(name), ~present)
        )
    if gone.rowcount != 1:
        raise Conflict("webhook_name_in_use", name=name[:100])


def _taken(name: str) -> Conflict:
    return Conflict("webhook_name_taken", Place(field="trigger.name"), name=name)
