"""The operator's OAuth 2.0 clients: id and secret of one client for each app, set once for the whole instance.

The secret is sealed with the data key of the organization whose operator set it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from outcode.database import schema
from outcode.database.database import Database
from outcode.transport.http.auth import OAuthClient
from outcode.values.problems import InputProblem, NotFound, Place
from outcode.workspace.scope import Scope
from outcode.workspace.secrets import SecretStore

_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class OAuthClientInfo:
    """A client as the operator may see it again: without its secret."""

    app: str
    client_id: str
    updated_at: datetime


async def find_client(database: AsyncConnection, secrets: SecretStore, app: str) -> OAuthClient | None:
    """The client of an app, or None where the operator has set none."""
    table = schema.oauth_clients
    row = (await database.execute(sql.select(table).where(table.c.app == app))).one_or_none()
    if row is None:
        return None
    plain = await secrets.open(database, _scope(row.organization_id), _record(app), row.data_key_id, row.secret)
    return OAuthClient(row.client_id, plain.decode())


class OAuthClientStore:
    """Sets, lists and removes clients; for operators only."""

    def __init__(self, database: Database, secrets: SecretStore) -> None:
        self._database = database
        self._secrets = secrets

    async def set(self, scope: Scope, app: str, client: OAuthClient) -> None:
        """Store the client of an app in place of any former one; raises InputProblem for an empty id or secret."""
        for key, value in (("client_id", client.client_id), ("client_secret", client.client_secret)):
            if not 1 <= len(value) <= _LONGEST or not value.isprintable():
                raise InputProblem("oauth_client_unusable", Place(field=key), field=key)
        table = schema.oauth_clients
        async with self._database.begin() as connection:
            key_id, sealed = await self._secrets.seal(
                connection, _scope(scope.organization_id), _record(app), client.client_secret.encode()
            )
            values = {
                "organization_id": scope.organization_id,
                "client_id": client.client_id,
                "secret": sealed,
                "data_key_id": key_id,
                "created_by": scope.user_id,
            }
            query = insert(table).values(app=app, **values)
            await connection.execute(
                query.on_conflict_do_update(index_elements=["app"], set_={**values, "updated_at": sql.func.now()})
            )

    async def find(self, app: str) -> OAuthClient | None:
        """The client of an app, or None where the operator has set none."""
        async with self._database.begin() as connection:
            return await find_client(connection, self._secrets, app)

    async def list(self) -> list[OAuthClientInfo]:
        """All clients by app."""
        table = schema.oauth_clients
        async with self._database.begin() as connection:
            query = sql.select(table.c.app, table.c.client_id, table.c.updated_at).order_by(table.c.app)
            return [OAuthClientInfo(**row._mapping) for row in await connection.execute(query)]

    async def remove(self, app: str) -> None:
        """Forget the client of an app; raises NotFound when there is none."""
        table = schema.oauth_clients
        async with self._database.begin() as connection:
            gone = await connection.execute(sql.delete(table).where(table.c.app == app))
        if gone.rowcount != 1:
            raise NotFound("oauth_client_unknown", app=app)


def _scope(organization_id: str) -> Scope:
    """What the secret is bound to: an organization's key, no team."""
    return Scope(organization_id, team_id="", user_id="")


def _record(app: str) -> str:
    return f"oauth-client/{app}"
