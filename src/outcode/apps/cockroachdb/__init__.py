"""The app "CockroachDB": one SQL statement a task, on a team's own database."""

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
    mode("disable", "never, for insecure clusters", "사용 안 함(비보안 클러스터)"),
    mode("require", "always", "항상 사용"),
    mode("verify-ca", "always, check the authority", "항상 사용, 인증 기관 확인"),
    mode("verify-full", "always, check authority and host", "항상 사용, 인증 기관과 호스트 확인"),
)

_FIELDS = (
    *server_fields(26257),
    database_field(default="defaultdb"),
    *login_fields(),
    *tls_fields("sslmode", "sslrootcert", "verify-full", _SSL_MODES),
    TextField(
        key="options",
        label=Words(en="Cluster", ko="클러스터"),
        help=Words(
            en="--cluster=<routing-id>, for CockroachDB Cloud without SNI.",
            ko="SNI 없는 CockroachDB Cloud에서 쓰는 --cluster=<라우팅 ID>입니다.",
        ),
        advanced=True,
        placeholder="--cluster=happy-otter-123",
        max_length=200,
    ),
)

APP = App(
    slug="cockroachdb",
    name="CockroachDB",
    category="Data Source",
    description=Words(en="Reads and changes a CockroachDB database.", ko="CockroachDB 데이터베이스를 읽고 변경합니다."),
    connections=(
        DatabaseCredential(
            key="database",
            label=Words(en="CockroachDB database", ko="CockroachDB 데이터베이스"),
            fields=_FIELDS,
            engine="cockroachdb",
        ),
    ),
    actions=(
        query_action(
            "postgresql", POSTGRESQL_PARAMETERS, link="https://www.cockroachlabs.com/docs/stable/sql-statements"
        ),
    ),
    troubleshooting=TROUBLESHOOTING,
)
