"""Everything that can carry out a call, each for its kind; made once for a process."""

from __future__ import annotations

from dataclasses import dataclass

from outcode.runs.sandbox import SandboxPool
from outcode.transport.aws import AwsTransport
from outcode.transport.files import SheetReader
from outcode.transport.guard import EgressGuard
from outcode.transport.http import HttpClient
from outcode.transport.redis import RedisTransport
from outcode.transport.sql import COCKROACHDB, MysqlTransport, PostgresqlTransport


@dataclass(frozen=True, slots=True)
class Transports:
    """One transport for each kind of call; ``databases`` by the engine that a connection declares."""

    http: HttpClient
    aws: AwsTransport
    databases: dict[str, PostgresqlTransport | MysqlTransport]
    redis: RedisTransport
    sheets: SheetReader
    sandbox: SandboxPool

    @classmethod
    def behind(cls, guard: EgressGuard, http: HttpClient, sandbox: SandboxPool) -> Transports:
        """Transports that connect where the guard allows."""
        mysql = MysqlTransport(guard)
        databases: dict[str, PostgresqlTransport | MysqlTransport] = {
            "postgresql": PostgresqlTransport(guard),
            "cockroachdb": PostgresqlTransport(guard, flavour=COCKROACHDB),
            "mysql": mysql,
            "mariadb": mysql,
        }
        return cls(http, AwsTransport(guard), databases, RedisTransport(guard), SheetReader(), sandbox)

    async def close(self) -> None:
        """Close connections and end child processes."""
        await self.http.close()
        await self.aws.close()
        for transport in {id(each): each for each in self.databases.values()}.values():
            await transport.close()
        await self.redis.close()
        await self.sandbox.close()
