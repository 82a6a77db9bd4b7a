"""Connections that wait for a person's agreement on a vendor's page (OAuth 2.0 authorization code with PKCE).

The ``state`` that goes with the browser is 256 random bits, stored as a digest, good once and for ten minutes, for the
user who began and, where they began in a browser, for that browser's session.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sql

from outcode.appkit import App
from outcode.database import schema
from outcode.database.database import Database
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import InputProblem, PermissionProblem
from outcode.workspace.connections import Draft, connection_kind
from outcode.workspace.scope import Scope, new_id
from outcode.workspace.secrets import SecretStore

_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Consent:
    """What is needed when the browser comes back; ``verifier`` is PKCE's, ``callback`` the address it comes back to."""

    draft: Draft
    is_new: bool
    verifier: str = field(repr=False)
    callback: str = ""


class OAuthRequestStore:
    """Keeps what was begun until the browser comes back."""

    def __init__(self, database: Database, secrets_: SecretStore, apps: Mapping[str, App]) -> None:
        self._database = database
        self._secrets = secrets_
        self._apps = apps

    async def open(self, scope: Scope, consent: Consent, session: str | None) -> str:
        """Remember what was begun, in a browser session or by an API key; returns the ``state``."""
        state, request_id, draft = secrets.token_urlsafe(32), new_id(), consent.draft
        sealed: dict[str, Json] = {
            "id": draft.id,
            "version": draft.version,
            "fields": dict(draft.fields),
            "verifier": consent.verifier,
            "callback": consent.callback,
            "session": _digest(session).hex() if session else None,
        }
        table = schema.oauth_requests
        async with self._database.begin() as connection:
            await connection.execute(sql.delete(table).where(table.c.expires_at < sql.func.now()))
            key_id, secret = await self._secrets.seal(connection, scope, request_id, json.dump_bytes(sealed))
            values = {
                "id": request_id,
                "user_id": scope.user_id,
                "digest": _digest(state),
                "app": draft.app.slug,
                "kind": draft.kind.key,
                "name": draft.name,
                "connection_id": None if consent.is_new else draft.id,
                "secret": secret,
                "data_key_id": key_id,
                "expires_at": datetime.now(UTC) + _LIFE,
            }
            await connection.execute(sql.insert(table).values(scope.owned(values)))
        return state

    async def spend(self, scope: Scope, state: str, session: str) -> Consent:
        """What was begun with this state, good once; the session's user must be the one who began.

        Raises InputProblem ``oauth_state_unknown`` (unknown, used or expired) and PermissionProblem
        ``oauth_state_of_another``, which leaves the state good for whom it belongs to.
        """
        table = schema.oauth_requests
        async with self._database.begin() as connection:
            found = sql.select(table).where(table.c.digest == _digest(state), table.c.expires_at > sql.func.now())
            row = (await connection.execute(found.with_for_update())).one_or_none()
            if row is None:
                raise InputProblem("oauth_state_unknown")
            if (row.organization_id, row.team_id, row.user_id) != (
                scope.organization_id,
                scope.team_id,
                scope.user_id,
            ):
                raise PermissionProblem("oauth_state_of_another")
            plain = await self._secrets.open(connection, scope, row.id, row.data_key_id, row.secret)
            kept: dict[str, Any] = json.loads(plain)
            if kept["session"] not in {None, _digest(session).hex()}:
                raise PermissionProblem("oauth_state_of_another")
            await connection.execute(scope.delete(table).where(table.c.id == row.id))
        if (app := self._apps.get(row.app)) is None:
            raise InputProblem("oauth_state_unknown")
        kind = connection_kind(app, row.kind)
        draft = Draft(kept["id"], app, kind, row.name, kept["version"], kept["fields"])
        return Consent(draft, row.connection_id is None, kept["verifier"], kept["callback"])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
