"""PostgreSQL, and servers that speak its protocol, such as CockroachDB."""

from outcode.transport.sql.postgresql.settings import COCKROACHDB
from outcode.transport.sql.postgresql.transport import PostgresqlTransport

__all__ = ["COCKROACHDB", "PostgresqlTransport"]
