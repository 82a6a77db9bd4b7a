"""Tokens of connections, kept sealed in the database and fetched by one caller at a time in all processes.

Who fetches holds a lease on the connection's row, renewed while the vendor takes its time, so that a fetcher that died
is replaced when its lease ends; no database connection is held meanwhile. New tokens are stored before anybody uses
them, also when the caller is cancelled: a refresh token that rotates is good once, and losing its successor would lose
the account. Whoever waited for a fetch that failed gets its problem instead of trying again.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from outcode.database import schema
from outcode.database.database import Database
from outcode.transport.http.auth import HttpConnection, Tokens
from outcode.transport.http.auth.keeper import NEEDS_RECONNECT, Fetch
from outcode.values import json
from outcode.values.problems import Conflict, Problem, restored
from outcode.workspace.scope import Scope, new_id
from outcode.workspace.secrets import SecretStore

_TABLE = schema.connection_tokens
_LEASE_SECONDS = 15.0
_FIRST_POLL_SECONDS = 0.05
_LONGEST_POLL_SECONDS = 0.5
_REMEMBERED = 1000
_NOBODY = {"fetching_by": None, "fetching_until": None}


async def put_tokens(
    database: AsyncConnection, secrets: SecretStore, scope: Scope, connection_id: str, tokens: Tokens
) -> None:
    """Store the first tokens of a connection that has just been made, in the same transaction."""
    key_id, sealed = await secrets.seal(database, scope, _record(connection_id), _packed(replace(tokens, version=1)))
    values = {"connection_id": connection_id, "secret": sealed, "data_key_id": key_id, "version": 1}
    await database.execute(sql.insert(_TABLE).values(scope.owned(values)))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows of a connection's tokens; ``version`` counts the fetches that have ended."""

    scope: Scope
    tokens: Tokens | None
    version: int
    fetching: bool
    problem: dict[str, Any] | None
    lost: dict[str, Any] | None
    """Why the connection must be made anew, where it must."""


class DatabaseTokens:
    """A ``TokenKeeper`` shared by all processes of an instance."""

    def __init__(self, database: Database, secrets: SecretStore, *, lease_seconds: float = _LEASE_SECONDS) -> None:
        self._database = database
        self._secrets = secrets
        self._lease_seconds = lease_seconds
        self._remembered: OrderedDict[tuple[str, int], Tokens] = OrderedDict()
        self._flights: dict[tuple[str, int], asyncio.Task[Tokens]] = {}

    async def kept(self, connection: HttpConnection) -> Tokens | None:
        """The tokens at hand, or None."""
        remembered = self._remembered.get(_key(connection))
        if remembered is not None and remembered.last(datetime.now(UTC)):
            return remembered
        known = await self._known(connection)
        if known.tokens is not None:
            self._remember(connection, known.tokens)
        return known.tokens

    async def obtain(self, connection: HttpConnection, stale: Tokens | None, fetch: Fetch) -> Tokens:
        """Other tokens than ``stale``: stored ones, or what ``fetch`` makes of those that are stored.

        Raises what fetching raises; ``Conflict`` when the connection has changed since it was opened.
        """
        while True:
            tokens = await self._joined(connection, stale, fetch)
            if stale is None or tokens.version != stale.version:
                return tokens

    async def close(self) -> None:
        """Wait for fetches that go on though nobody waits for them any more, so that what they get is stored."""
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    async def _joined(self, connection: HttpConnection, stale: Tokens | None, fetch: Fetch) -> Tokens:
        """One fetch a process; it goes on when who began it is cancelled."""
        key = _key(connection)
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._obtain(connection, stale, fetch))
            flight.add_done_callback(lambda ended: self._landed(key, ended))
        try:
            return await asyncio.shield(flight)
        except Problem as problem:
            own = restored(problem.as_json())  # each waiter adds its own place to it
            own.retry_after = problem.retry_after
            raise own from problem

    def _landed(self, key: tuple[str, int], flight: asyncio.Task[Tokens]) -> None:
        self._flights.pop(key, None)
        if not flight.cancelled():
            flight.exception()  # it has been looked at, also when nobody waits any more

    async def _obtain(self, connection: HttpConnection, stale: Tokens | None, fetch: Fetch) -> Tokens:
        waited = False
        pause = _FIRST_POLL_SECONDS
        while True:
            known = await self._known(connection)
            if known.tokens is not None and _good(known.tokens, stale):
                self._remember(connection, known.tokens)
                return known.tokens
            if known.lost is not None:
                raise restored(known.lost)
            if known.fetching:
                waited = True
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
                pause = min(pause * 1.5, _LONGEST_POLL_SECONDS)
                continue
            if waited and known.problem is not None:
                raise restored(known.problem)
            holder = new_id()
            if await self._take(connection, known, holder):
                return await self._fetched(connection, known, holder, fetch)
            waited = True

    async def _fetched(self, connection: HttpConnection, known: _Known, holder: str, fetch: Fetch) -> Tokens:
        renewing = asyncio.create_task(self._renew(connection, holder))
        try:
            tokens = replace(await fetch(known.tokens), version=known.version + 1)
        except Problem as problem:
            await self._failed(connection, known, holder, problem)
            raise
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        await self._store(connection, known, holder, tokens)
        self._remember(connection, tokens)
        return tokens

    async def _known(self, connection: HttpConnection) -> _Known:
        connections = schema.connections
        query = (
            sql.select(
                connections.c.organization_id,
                connections.c.team_id,
                connections.c.state,
                connections.c.problem.label("why"),
                _TABLE.c.secret,
                _TABLE.c.data_key_id,
                sql.func.coalesce(_TABLE.c.version, 0).label("version"),
                _TABLE.c.problem,
                sql.func.coalesce(_TABLE.c.fetching_until > sql.func.now(), sql.false()).label("fetching"),
            )
            .outerjoin(_TABLE, _TABLE.c.connection_id == connections.c.id)
            .where(_is(connection))
        )
        async with self._database.begin() as database:
            row = (await database.execute(query)).one_or_none()
            if row is None:
                raise Conflict("connection_changed")
            scope = Scope(row.organization_id, row.team_id, "")
            tokens = None
            if row.secret is not None:
                record = _record(connection.id)
                plain = await self._secrets.open(database, scope, record, row.data_key_id, row.secret)
                tokens = Tokens.from_json(json.loads(plain))
        lost = row.why if row.state == "needs_reconnect" else None
        return _Known(scope, tokens, row.version, row.fetching, row.problem, lost)

    async def _take(self, connection: HttpConnection, known: _Known, holder: str) -> bool:
        """Take the lease unless somebody has it, or has had it since ``known`` was read."""
        lease = {"fetching_by": holder, "fetching_until": self._lease_end(), "problem": None}
        free = sql.or_(_TABLE.c.fetching_until.is_(None), _TABLE.c.fetching_until <= sql.func.now())
        query = (
            insert(_TABLE)
            .values(known.scope.owned({"connection_id": connection.id, **lease}))
            .on_conflict_do_update(
                index_elements=["connection_id"], set_=lease, where=sql.and_(_TABLE.c.version == known.version, free)
            )
            .returning(_TABLE.c.version)
        )
        async with self._database.begin() as database:
            return (await database.execute(query)).one_or_none() is not None

    async def _renew(self, connection: HttpConnection, holder: str) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            async with self._database.begin() as database:
                await database.execute(_held(connection, holder).values(fetching_until=self._lease_end()))

    async def _store(self, connection: HttpConnection, known: _Known, holder: str, tokens: Tokens) -> None:
        current = sql.select(schema.connections.c.id).where(_is(connection)).exists()
        async with self._database.begin() as database:
            record = _record(connection.id)
            key_id, sealed = await self._secrets.seal(database, known.scope, record, _packed(tokens))
            ended = _held(connection, holder).where(current)
            values = {"secret": sealed, "data_key_id": key_id, "version": tokens.version}
            if (await database.execute(ended.values(**values, **_NOBODY))).rowcount == 0:
                # Changed credentials, or a lease that ended while this process stood still: others go on from there.
                raise Conflict("connection_changed")

    async def _failed(self, connection: HttpConnection, known: _Known, holder: str, problem: Problem) -> None:
        said = problem.as_json()
        async with self._database.begin() as database:
            ended = _held(connection, holder).values(version=known.version + 1, problem=said, **_NOBODY)
            if (await database.execute(ended)).rowcount and problem.code == NEEDS_RECONNECT:
                values = {"state": "needs_reconnect", "problem": said, "tested_at": sql.func.now()}
                await database.execute(sql.update(schema.connections).where(_is(connection)).values(**values))

    def _lease_end(self) -> sql.ColumnElement[Any]:
        return sql.func.now() + timedelta(seconds=self._lease_seconds)

    def _remember(self, connection: HttpConnection, tokens: Tokens) -> None:
        self._remembered[_key(connection)] = tokens
        self._remembered.move_to_end(_key(connection))
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)


def _is(connection: HttpConnection) -> sql.ColumnElement[bool]:
    table = schema.connections
    return sql.and_(table.c.id == connection.id, table.c.version == connection.version)


def _held(connection: HttpConnection, holder: str) -> sql.Update:
    return sql.update(_TABLE).where(_TABLE.c.connection_id == connection.id, _TABLE.c.fetching_by == holder)


def _good(tokens: Tokens | None, stale: Tokens | None) -> bool:
    if tokens is None or (stale is not None and tokens.version == stale.version):
        return False
    return tokens.expires_at is None or tokens.expires_at > datetime.now(UTC)


def _key(connection: HttpConnection) -> tuple[str, int]:
    return connection.id, connection.version


def _record(connection_id: str) -> str:
    """What the sealed tokens are bound to, besides the team."""
    return f"{connection_id}/tokens"


def _packed(tokens: Tokens) -> bytes:
    return json.dump_bytes(tokens.as_json())
