"""The app "MySQL": one SQL statement a task, on a team's own database."""

from __future__ import annotations

from outcode.appkit import App, DatabaseCredential, Words
from outcode.apps.sql_query import (
    MYSQL_FIELDS,
    MYSQL_PARAMETERS,
    TROUBLESHOOTING,
    query_action,
)

APP = App(
    slug="mysql",
    name="MySQL",
    category="Data Source",
    description=Words(en="Reads and changes a MySQL database.", ko="MySQL 데이터베이스를 읽고 변경합니다."),
    connections=(
        DatabaseCredential(
            key="database",
            label=Words(en="MySQL database", ko="MySQL 데이터베이스"),
            fields=MYSQL_FIELDS,
            engine="mysql",
        ),
    ),
    actions=(
        query_action("mysql", MYSQL_PARAMETERS, link="https://dev.mysql.com/doc/refman/8.4/en/sql-statements.html"),
    ),
    troubleshooting=TROUBLESHOOTING,
)
