"""Real servers of databases, each started when the first check asks for it, for as long as a module of tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, TypeVar

from tests.support.mariadb import Mariadb, mariadb_server
from tests.support.postgresql import TcpPostgresql, tcp_postgresql
from tests.support.redis import RedisServer, redis_server

Server = TypeVar("Server")
PASSWORD = "canary-Pass'wörd-Zq7x"


class Servers:
    """Those that run, by the function that starts them; what is not installed here is skipped with its reason."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._lock = threading.Lock()
        self._running: dict[str, Any] = {}

    async def postgresql(self) -> TcpPostgresql:
        """The binaries that come with us."""
        return await self._get("postgresql", tcp_postgresql)

    async def mariadb(self) -> Mariadb:
        """What this machine has installed."""
        return await self._get("mariadb", mariadb_server)

    async def redis(self) -> RedisServer:
        """The same, with a password."""
        return await self._get("redis", lambda: redis_server(password=PASSWORD))

    async def _get(self, name: str, start: Callable[[], AbstractContextManager[Server]]) -> Server:
        def running() -> Server:
            with self._lock:
                if name not in self._running:
                    self._running[name] = self._stack.enter_context(start())
                found: Server = self._running[name]
                return found

        # Starting waits, and some of it has an event loop of its own.
        return await asyncio.to_thread(running)


_open: list[Servers] = []


@contextmanager
def open_servers() -> Iterator[None]:
    """Let checks ask for servers, and stop those that they asked for at the end."""
    with ExitStack() as stack:
        _open.append(Servers(stack))
        try:
            yield
        finally:
            _open.pop()


def servers() -> Servers:
    """The servers of the module that runs."""
    return _open[-1]
