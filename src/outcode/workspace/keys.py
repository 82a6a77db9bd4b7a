"""API keys and sessions: tokens of 256 random bits, shown once, stored as SHA-256 digests.

A plain digest is enough: the tokens are random, so there is nothing to guess that slow hashing would protect.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

import sqlalchemy as sql

from outcode.database import schema
from outcode.database.database import Database
from outcode.values.problems import AuthProblem
from outcode.workspace.scope import Scope, new_id

_START_LINK_LIFE = timedelta(hours=12)
_SESSION_LIFE = timedelta(days=14)
_LAST_USED_STEP = timedelta(minutes=1)


def digest_of(token: str) -> bytes:
    """What is stored of a key or session token."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


async def add_api_key(database: Database, scope: Scope, name: str) -> str:
    """Make a key of the scope's user for the scope's team; the only time that it is shown."""
    token = "oc_" + secrets.token_urlsafe(32)
    async with database.begin() as connection:
        await connection.execute(
            sql.insert(schema.api_keys).values(
                scope.owned(
                    {
                        "id": new_id(),
                        "user_id": scope.user_id,
                        "name": name,
                        "hint": token[:7] + "…",
                        "digest": digest_of(token),
                    }
                )
            )
        )
    return token


async def scope_of_key(database: Database, token: str | None) -> Scope:
    """The team and user of an API key; raises AuthProblem when it is missing, unknown or revoked.

    The owner of the key must still be a member of the team. When it was last used is kept to the minute: a write at
    every use would make all users of a key wait for one row.
    """
    if not token:
        raise AuthProblem("api_key_missing")
    keys, members = schema.api_keys, schema.memberships
    stale = sql.or_(keys.c.last_used_at.is_(None), keys.c.last_used_at < sql.func.now() - _LAST_USED_STEP)
    async with database.begin() as connection:
        row = (
            await connection.execute(
                sql.select(keys.c.id, keys.c.organization_id, keys.c.team_id, keys.c.user_id, stale.label("stale"))
                .join(members, sql.and_(members.c.team_id == keys.c.team_id, members.c.user_id == keys.c.user_id))
                .where(keys.c.digest == digest_of(token), keys.c.revoked_at.is_(None))
            )
        ).one_or_none()
        if row is None:
            raise AuthProblem("api_key_refused")
        if row.stale:
            await connection.execute(
                sql.update(keys).where(keys.c.id == row.id, stale).values(last_used_at=sql.func.now())
            )
    return Scope(row.organization_id, row.team_id, row.user_id)


async def add_start_link(database: Database, scope: Scope) -> str:
    """A token that opens one browser session; good once, for twelve hours."""
    return await _add_session(database, scope, "start_link", _START_LINK_LIFE)


async def open_session(database: Database, start_token: str) -> str:
    """Spend a start link and return the token of the browser session; raises AuthProblem when it is spent."""
    table = schema.sessions
    async with database.begin() as connection:
        row = (
            await connection.execute(
                sql.delete(table)
                .where(
                    table.c.digest == digest_of(start_token),
                    table.c.kind == "start_link",
                    table.c.expires_at > sql.func.now(),
                )
                .returning(table.c.organization_id, table.c.team_id, table.c.user_id)
            )
        ).one_or_none()
    if row is None:
        raise AuthProblem("start_link_refused")
    scope = Scope(row.organization_id, row.team_id, row.user_id)
    return await _add_session(database, scope, "browser", _SESSION_LIFE)


async def scope_of_session(database: Database, token: str | None) -> Scope:
    """The team and user of a browser session; raises AuthProblem when there is none or it has ended."""
    if not token:
        raise AuthProblem("session_missing")
    table, members = schema.sessions, schema.memberships
    async with database.begin() as connection:
        row = (
            await connection.execute(
                sql.select(table.c.organization_id, table.c.team_id, table.c.user_id)
                .join(members, sql.and_(members.c.team_id == table.c.team_id, members.c.user_id == table.c.user_id))
                .where(
                    table.c.digest == digest_of(token),
                    table.c.kind == "browser",
                    table.c.expires_at > sql.func.now(),
                )
            )
        ).one_or_none()
    if row is None:
        raise AuthProblem("session_missing")
    return Scope(row.organization_id, row.team_id, row.user_id)


async def _add_session(database: Database, scope: Scope, kind: str, life: timedelta) -> str:
    token = secrets.token_urlsafe(32)
    table = schema.sessions
    async with database.begin() as connection:
        await connection.execute(sql.delete(table).where(table.c.expires_at < sql.func.now()))
        await connection.execute(
            sql.insert(table).values(
                scope.owned(
                    {
                        "id": new_id(),
                        "user_id": scope.user_id,
                        "digest": digest_of(token),
                        "kind": kind,
                        "expires_at": datetime.now(UTC) + life,
                    }
                )
            )
        )
    return token
