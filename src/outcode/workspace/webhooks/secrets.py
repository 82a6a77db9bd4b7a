"""The secrets that deliveries are signed with: sealed like credentials, shown once, changed without a gap.

A new secret may leave the one before it good for some hours, in which the sender is changed over.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import sqlalchemy as sql

from outcode.database import schema
from outcode.database.database import Database
from outcode.database.grouped import Grouped
from outcode.values.problems import InputProblem, Place
from outcode.workspace.scope import Scope, new_id
from outcode.workspace.secrets import SecretStore

SHORTEST = 16
LONGEST = 512
_MOST_OPENED = 2000
_GOOD = """
SELECT id, flow_id, secret, data_key_id FROM webhook_secrets
WHERE flow_id = ANY($1::uuid[]) AND (expires_at IS NULL OR expires_at > now()) ORDER BY id DESC
"""


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """What may be known of a secret; ``expires_at`` is set for one that has been replaced."""

    id: str
    created_at: datetime
    expires_at: datetime | None


class WebhookSecrets:
    """Keeps the secrets of the flows' webhooks."""

    def __init__(self, database: Database, store: SecretStore) -> None:
        self._database = database
        self._store = store
        self._rows: Grouped[str, list[asyncpg.Record]] = Grouped(self._good)
        self._opened: OrderedDict[str, str] = OrderedDict()

    async def set(
        self, scope: Scope, flow_id: str, secret: str | None = None, *, keep_previous: timedelta = timedelta(0)
    ) -> str:
        """Replace a flow's secret, by one of ours when None is given; returns it, the only time that it is shown.

        What was good before stays good for ``keep_previous`` more. Raises InputProblem ``webhook_secret_short``.
        """
        plain = secret if secret is not None else "whs_" + secrets.token_urlsafe(32)
        if not SHORTEST <= len(plain) <= LONGEST:
            raise InputProblem("webhook_secret_short", Place(field="secret"), minimum=SHORTEST, maximum=LONGEST)
        table, secret_id = schema.webhook_secrets, new_id()
        ends = sql.func.least(table.c.expires_at, sql.func.now() + keep_previous)
        async with self._database.begin() as connection:
            await connection.execute(scope.update(table).where(table.c.flow_id == flow_id).values(expires_at=ends))
            await connection.execute(
                scope.delete(table).where(table.c.flow_id == flow_id, table.c.expires_at <= sql.func.now())
            )
            key_id, sealed = await self._store.seal(connection, scope, secret_id, plain.encode())
            values = {
                "id": secret_id,
                "flow_id": flow_id,
                "secret": sealed,
                "data_key_id": key_id,
                "created_by": scope.user_id,
            }
            await connection.execute(sql.insert(table).values(scope.owned(values)))
        return plain

    async def remove(self, scope: Scope, flow_id: str) -> None:
        """Forget all secrets of a flow at once."""
        table = schema.webhook_secrets
        async with self._database.begin() as connection:
            await connection.execute(scope.delete(table).where(table.c.flow_id == flow_id))

    async def infos(self, scope: Scope, flow_id: str) -> list[SecretInfo]:
        """The secrets that are good now, newest first."""
        table = schema.webhook_secrets
        query = (
            scope.select(table, table.c.id, table.c.created_at, table.c.expires_at)
            .where(table.c.flow_id == flow_id)
            .where(sql.or_(table.c.expires_at.is_(None), table.c.expires_at > sql.func.now()))
            .order_by(table.c.id.desc())
        )
        async with self._database.begin() as connection:
            return [SecretInfo(**row._mapping) for row in await connection.execute(query)]

    async def good(self, scope: Scope, flow_id: str) -> tuple[str, ...]:
        """The secrets that a delivery may be signed with now, newest first; looked up for many deliveries at once.

        Which are good is asked every time; what a secret is never changes, so it is opened once.
        """
        rows = await self._rows.submit(flow_id)
        return tuple([await self._plain(scope, row) for row in rows])

    async def _plain(self, scope: Scope, row: asyncpg.Record) -> str:
        plain = self._opened.get(row["id"])
        if plain is None:
            async with self._database.begin() as connection:
                opened = await self._store.open(connection, scope, row["id"], row["data_key_id"], row["secret"])
            plain = self._opened[row["id"]] = opened.decode()
            if len(self._opened) > _MOST_OPENED:
                self._opened.popitem(last=False)
        return plain

    async def _good(self, flow_ids: list[str]) -> list[list[asyncpg.Record]]:
        async with self._database.pool.acquire() as database:
            rows = await database.fetch(_GOOD, list(set(flow_ids)))
        return [[row for row in rows if row["flow_id"] == flow_id] for flow_id in flow_ids]
