"""SQL databases: one statement a run, with bound parameters, on a guarded address."""

from outcode.transport.sql.postgresql import PostgresqlTransport, QueryOptions
from outcode.transport.sql.settings import DatabaseConnection

__all__ = ["DatabaseConnection", "PostgresqlTransport", "QueryOptions"]
