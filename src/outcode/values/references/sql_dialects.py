"""All dialects, by name. A further one is a further entry here, with its name in ``DialectName``."""

from __future__ import annotations

from outcode.values.references.sql_dialect import Dialect, DialectName
from outcode.values.references.sql_mysql import MYSQL
from outcode.values.references.sql_oracle import ORACLE
from outcode.values.references.sql_postgresql import POSTGRESQL
from outcode.values.references.sql_sqlserver import SQLSERVER

DIALECTS: dict[DialectName, Dialect] = {
    "postgresql": POSTGRESQL,
    "mysql": MYSQL,
    "sqlserver": SQLSERVER,
    "oracle": ORACLE,
}
