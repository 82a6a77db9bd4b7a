"""Everything that can carry out a call, each for its kind; made once for a process.

A transport is made, and its driver imported, when the first call needs it: few instances use them all.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from outcode.runs.sandbox import SandboxPool
from outcode.transport import aws, files, redis, sql
from outcode.transport.guard import EgressGuard
from outcode.transport.http import HttpClient

if TYPE_CHECKING:
    from outcode.transport.aws import AwsTransport
    from outcode.transport.files import SheetReader
    from outcode.transport.redis import RedisTransport
    from outcode.transport.sql import MysqlTransport, PostgresqlTransport


class Transports:
    """One transport for each kind of call, connecting where the guard allows."""

    def __init__(self, guard: EgressGuard, http: HttpClient, sandbox: SandboxPool) -> None:
        self.http = http
        self.sandbox = sandbox
        self._guard = guard

    @cached_property
    def aws(self) -> AwsTransport:
        return aws.AwsTransport(self._guard)

    @cached_property
    def postgresql(self) -> PostgresqlTransport:
        return sql.PostgresqlTransport(self._guard)

    @cached_property
    def cockroachdb(self) -> PostgresqlTransport:
        return sql.PostgresqlTransport(self._guard, flavour=sql.COCKROACHDB)

    @cached_property
    def mysql(self) -> MysqlTransport:
        return sql.MysqlTransport(self._guard)

    @cached_property
    def redis(self) -> RedisTransport:
        return redis.RedisTransport(self._guard)

    @cached_property
    def sheets(self) -> SheetReader:
        return files.SheetReader()

    def database(self, engine: str) -> PostgresqlTransport | MysqlTransport:
        """The transport of an SQL engine that a connection declares; KeyError for one that has none."""
        match engine:
            case "postgresql":
                return self.postgresql
            case "cockroachdb":
                return self.cockroachdb
            case "mysql" | "mariadb":
                return self.mysql
            case _:
                raise KeyError(engine)

    async def close(self) -> None:
        """Close connections and end child processes."""
        await self.http.close()
        for made in ("aws", "postgresql", "cockroachdb", "mysql", "redis"):
            if made in vars(self):
                await getattr(self, made).close()
        await self.sandbox.close()
