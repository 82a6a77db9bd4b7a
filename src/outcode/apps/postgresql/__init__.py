"""The app "PostgreSQL": one SQL statement a task, on a team's own database."""

from __future__ import annotations

from outcode.appkit import App, DatabaseCredential, TextField, Words
from outcode.apps.sql_query import (
    POSTGRESQL_PARAMETERS,
    TROUBLESHOOTING,
    database_field,
    login_fields,
    mode,
    query_action,
    server_fields,
    tls_fields,
)

_SSL_MODES = (
    mode("disable", "never", "사용 안 함"),
    mode("allow", "only if the server insists", "서버가 요구할 때만"),
    mode("prefer", "if the server can", "가능하면 사용"),
    mode("require", "always", "항상 사용"),
    mode("verify-ca", "always, check the authority", "항상 사용, 인증 기관 확인"),
    mode("verify-full", "always, check authority and host", "항상 사용, 인증 기관과 호스트 확인"),
)

_FIELDS = (
    *server_fields(5432),
    database_field(default="postgres"),
    *login_fields(),
    *tls_fields("sslmode", "sslrootcert", "prefer", _SSL_MODES),
    TextField(
        key="search_path",
        label=Words(en="Schema search path", ko="스키마 검색 경로"),
        help=Words(en="Schemas for names without one.", ko="스키마를 쓰지 않은 이름을 찾을 스키마입니다."),
        advanced=True,
        placeholder="sales, public",
    ),
)

APP = App(
    slug="postgresql",
    name="PostgreSQL",
    category="Data Source",
    description=Words(en="Reads and changes a PostgreSQL database.", ko="PostgreSQL 데이터베이스를 읽고 변경합니다."),
    connections=(
        DatabaseCredential(
            key="database",
            label=Words(en="PostgreSQL database", ko="PostgreSQL 데이터베이스"),
            fields=_FIELDS,
            engine="postgresql",
        ),
    ),
    actions=(
        query_action(
            "postgresql", POSTGRESQL_PARAMETERS, link="https://www.postgresql.org/docs/current/sql-commands.html"
        ),
    ),
    troubleshooting=TROUBLESHOOTING,
)
