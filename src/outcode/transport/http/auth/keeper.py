"""Who keeps tokens, and sees to it that only one caller at a time fetches them for a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from outcode.transport.http.auth.connection import HttpConnection
from outcode.transport.http.auth.tokens import Tokens
from outcode.values.problems import Problem, restored

Fetch = Callable[[Tokens | None], Awaitable[Tokens]]
NEEDS_RECONNECT = "connection_needs_reconnect"

_Key = tuple[str, int]


class TokenKeeper(Protocol):
    """Keeps the tokens of connections."""

    async def kept(self, connection: HttpConnection) -> Tokens | None:
        """The tokens at hand, or None."""
        ...

    async def obtain(self, connection: HttpConnection, stale: Tokens | None, fetch: Fetch) -> Tokens:
        """Other tokens than ``stale``: those that somebody fetched meanwhile, or what ``fetch`` makes of the last ones.

        Only one caller (in all processes) runs ``fetch`` for a connection; whoever comes meanwhile gets what it
        fetched, or its problem. After ``connection_needs_reconnect`` nothing is fetched until the connection changes.
        """
        ...


class MemoryTokens:
    """A :class:`TokenKeeper` of one process, for tests and for connections that are tried before they are stored."""

    def __init__(self) -> None:
        self._tokens: dict[_Key, Tokens] = {}
        self._lost: dict[_Key, Problem] = {}
        self._flights: dict[_Key, asyncio.Task[Tokens]] = {}

    def put(self, connection: HttpConnection, tokens: Tokens) -> None:
        """Keep tokens that came another way, such as those of an authorization code."""
        self._tokens[_key(connection)] = tokens
        self._lost.pop(_key(connection), None)

    async def kept(self, connection: HttpConnection) -> Tokens | None:
        """The tokens at hand, or None."""
        return self._tokens.get(_key(connection))

    async def obtain(self, connection: HttpConnection, stale: Tokens | None, fetch: Fetch) -> Tokens:
        """See :class:`TokenKeeper`; a fetch goes on when who began it is cancelled."""
        key = _key(connection)
        known = self._tokens.get(key)
        if known is not None and known != stale and _is_good(known):
            return known
        if key in self._lost:
            raise restored(self._lost[key].as_json())
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._fetch(key, known, fetch))
            flight.add_done_callback(lambda ended: self._landed(key, ended))
        try:
            return await asyncio.shield(flight)
        except Problem as problem:
            # Everybody who waited gets a problem of their own, to say in it where it met them.
            again = restored(problem.as_json())
            again.retry_after = problem.retry_after
            raise again from problem

    async def _fetch(self, key: _Key, known: Tokens | None, fetch: Fetch) -> Tokens:
        try:
            fetched = await fetch(known)
        except Problem as problem:
            if problem.code == NEEDS_RECONNECT:
                self._lost[key] = problem
            raise
        self._tokens[key] = replace(fetched, version=known.version + 1 if known is not None else 1)
        return self._tokens[key]

    def _landed(self, key: _Key, flight: asyncio.Task[Tokens]) -> None:
        self._flights.pop(key, None)
        if not flight.cancelled():
            flight.exception()  # looked at, also when nobody waits any more


def _key(connection: HttpConnection) -> _Key:
    return connection.id, connection.version


def _is_good(tokens: Tokens) -> bool:
    return tokens.expires_at is None or tokens.expires_at > datetime.now(UTC)
