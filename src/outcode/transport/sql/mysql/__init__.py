"""MySQL and MariaDB."""

from outcode.transport.sql.mysql.transport import MysqlTransport

__all__ = ["MysqlTransport"]
