"""The app "MariaDB": one SQL statement a task, on a team's own database."""

from __future__ import annotations

from outcode.appkit import App, DatabaseCredential, Words
from outcode.apps.sql_query import (
    MYSQL_FIELDS,
    MYSQL_PARAMETERS,
    TROUBLESHOOTING,
    query_action,
)

APP = App(
    slug="mariadb",
    name="MariaDB",
    category="Data Source",
    description=Words(en="Reads and changes a MariaDB database.", ko="MariaDB 데이터베이스를 읽고 변경합니다."),
    connections=(
        DatabaseCredential(
            key="database",
            label=Words(en="MariaDB database", ko="MariaDB 데이터베이스"),
            fields=MYSQL_FIELDS,
            engine="mariadb",
        ),
    ),
    actions=(query_action("mysql", MYSQL_PARAMETERS, link="https://mariadb.com/docs/server/reference/sql-statements"),),
    troubleshooting=TROUBLESHOOTING,
)
