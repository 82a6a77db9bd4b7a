"""SQL databases: one statement a run, with bound parameters, on a guarded address.

What the databases share stands here: settings, options, TLS, pools, retries, answers. Each has a folder of its own for
its driver, its parameters, its values and its error codes.
"""

from typing import TYPE_CHECKING

from outcode.values.first_use import at_first_use

if TYPE_CHECKING:
    from outcode.transport.sql.mysql import MysqlTransport
    from outcode.transport.sql.options import QueryOptions
    from outcode.transport.sql.postgresql import COCKROACHDB, PostgresqlTransport
    from outcode.transport.sql.settings import DatabaseConnection

__all__ = ["COCKROACHDB", "DatabaseConnection", "MysqlTransport", "PostgresqlTransport", "QueryOptions"]

__getattr__ = at_first_use(
    __name__,
    {
        "COCKROACHDB": "postgresql",
        "DatabaseConnection": "settings",
        "MysqlTransport": "mysql",
        "PostgresqlTransport": "postgresql",
        "QueryOptions": "options",
    },
)
