"""What the SQL apps share: the fields of a server, and the action "Query" in the dialect of each."""

from __future__ import annotations

from decimal import Decimal

from outcode.appkit import (
    Action,
    CodeField,
    Field,
    Input,
    JsonField,
    LongTextField,
    NumberField,
    Option,
    OutputField,
    Outputs,
    Query,
    SelectField,
    SwitchField,
    TextField,
    Words,
)
from outcode.appkit.calls import Dialect

POSTGRESQL_PARAMETERS = Words(
    en="A list for $1, $2 …, or an object for :name.", ko="목록은 $1, $2 …, 객체는 :name에 쓰입니다."
)
MYSQL_PARAMETERS = Words(en="A list for %s, or an object for %(name)s.", ko="목록은 %s, 객체는 %(name)s에 쓰입니다.")


def server_fields(port: int) -> tuple[Field, ...]:
    """Host and port of a database server, the port as the vendor assigns it.

    >>> [field.key for field in server_fields(5432)]
    ['host', 'port']
    """
    return (
        TextField(
            key="host",
            label=Words(en="Host", ko="호스트"),
            help=Words(
                en="A name or address; the server must let this instance in.",
                ko="이름 또는 주소. 서버가 이 인스턴스의 접속을 허용해야 합니다.",
            ),
            required=True,
            placeholder="db.example.com",
            max_length=253,
        ),
        NumberField(
            key="port",
            label=Words(en="Port", ko="포트"),
            required=True,
            default=port,
            whole=True,
            minimum=Decimal(1),
            maximum=Decimal(65535),
        ),
    )


def database_field(*, default: str | None = None, required: bool = True) -> Field:
    """The database that statements run in."""
    return TextField(
        key="database",
        label=Words(en="Database", ko="데이터베이스"),
        required=required,
        default=default,
        max_length=200,
    )


def login_fields() -> tuple[Field, ...]:
    """User and password.

    >>> [field.sensitive for field in login_fields()]
    [False, True]
    """
    return (
        TextField(key="username", label=Words(en="Username", ko="사용자 이름"), required=True, max_length=200),
        TextField(key="password", label=Words(en="Password", ko="비밀번호"), sensitive=True),
    )


def tls_fields(mode_key: str, certificate_key: str, default: str, modes: tuple[Option, ...]) -> tuple[Field, ...]:
    """Whether the connection is encrypted, and whose certificates are trusted; keys and modes are the vendor's."""
    return (
        SelectField(
            key=mode_key,
            label=Words(en="SSL mode", ko="SSL 모드"),
            help=Words(en="Whether the connection is encrypted.", ko="연결을 암호화할지 정합니다."),
            default=default,
            options=modes,
        ),
        LongTextField(
            key=certificate_key,
            label=Words(en="CA certificate", ko="CA 인증서"),
            help=Words(
                en="PEM text; empty: the certificate authorities of the system.",
                ko="PEM 텍스트. 비우면 시스템의 인증 기관을 사용합니다.",
            ),
            advanced=True,
            max_length=200_000,
        ),
    )


def mode(value: str, en: str, ko: str) -> Option:
    """One TLS mode, shown with the vendor's own word for it."""
    return Option(value=value, label=Words(en=f"{value}: {en}", ko=f"{value}: {ko}"))


def query_action(dialect: Dialect, parameters: Words, *, link: str) -> Action:
    """The action "Query": one statement with bound values; its rows are the result.

    ``parameters`` says how the dialect writes the places of its own parameters.
    """
    return Action(
        key="query",
        name="Query",
        description=Words(
            en="Runs one SQL statement; its rows are the result.",
            ko="SQL 쿼리 하나를 실행합니다. 조회된 행이 결과가 됩니다.",
        ),
        fields=(
            CodeField(
                key="query",
                label=Words(en="Query", ko="쿼리"),
                help=Words(
                    en="One statement. {{a.email}} is sent as a value, never as SQL text.",
                    ko="쿼리 하나만 씁니다. {{a.email}}은 SQL이 아닌 값으로 전달됩니다.",
                ),
                required=True,
                place="sql",
                dialect=dialect,
            ),
            JsonField(
                key="parameters",
                label=Words(en="Parameters", ko="매개변수"),
                help=parameters,
                advanced=True,
                accepts=("list", "object"),
            ),
            NumberField(
                key="max_rows",
                label=Words(en="Max rows", ko="최대 행 수"),
                help=Words(
                    en="Reading stops there; $meta.truncated says so.", ko="이 수까지만 읽습니다($meta.truncated)."
                ),
                default=1000,
                whole=True,
                minimum=Decimal(1),
                maximum=Decimal(1_000_000),
            ),
            NumberField(
                key="timeout_seconds",
                label=Words(en="Timeout (seconds)", ko="제한 시간(초)"),
                help=Words(en="The statement is stopped after that.", ko="이 시간이 지나면 쿼리를 중단합니다."),
                default=30,
                whole=True,
                minimum=Decimal(1),
                maximum=Decimal(600),
            ),
            SwitchField(
                key="read_only",
                label=Words(en="Read only", ko="읽기 전용"),
                help=Words(en="The database refuses every change.", ko="데이터베이스가 모든 변경을 거부합니다."),
                default=False,
            ),
        ),
        call=Query(
            dialect=dialect,
            statement=Input(field="query"),
            parameters=Input(field="parameters"),
            max_rows=Input(field="max_rows"),
            timeout_seconds=Input(field="timeout_seconds"),
            read_only=Input(field="read_only"),
        ),
        outputs=Outputs(
            rows="rows",
            meta=(
                OutputField(path="row_count", label=Words(en="Rows", ko="행 수"), type="number"),
                OutputField(path="affected_rows", label=Words(en="Changed rows", ko="변경된 행 수"), type="number"),
                OutputField(path="columns", label=Words(en="Columns", ko="열"), type="list"),
                OutputField(
                    path="truncated", label=Words(en="Cut at Max rows", ko="최대 행 수에서 잘림"), type="boolean"
                ),
                OutputField(path="insert_id", label=Words(en="Insert ID", ko="삽입 ID"), type="any"),
            ),
        ),
        idempotent="by_inputs",
        link=link,
    )


_MYSQL_TLS_MODES = (
    mode("disabled", "never", "사용 안 함"),
    mode("preferred", "if the server can", "가능하면 사용"),
    mode("required", "always", "항상 사용"),
    mode("verify_ca", "always, check the authority", "항상 사용, 인증 기관 확인"),
    mode("verify_identity", "always, check authority and host", "항상 사용, 인증 기관과 호스트 확인"),
)

MYSQL_FIELDS: tuple[Field, ...] = (
    *server_fields(3306),
    database_field(required=False),
    *login_fields(),
    *tls_fields("tls_mode", "tls_ca", "preferred", _MYSQL_TLS_MODES),
    SelectField(
        key="charset",
        label=Words(en="Character set", ko="문자 집합"),
        help=Words(en="utf8mb4 holds every character.", ko="utf8mb4는 모든 글자를 담습니다."),
        default="utf8mb4",
        options=(mode("utf8mb4", "every character", "모든 글자"), mode("utf8mb3", "old servers", "오래된 서버")),
        advanced=True,
    ),
)
"""The form of servers that speak MySQL's protocol."""

TROUBLESHOOTING = (
    (
        Words(en="The server cannot be reached.", ko="서버에 연결할 수 없습니다."),
        Words(
            en="Its firewall must let this instance in, and private addresses must be opened by whoever runs Outcode "
            "(OUTCODE_EGRESS_ALLOW=host:port).",
            ko="서버의 방화벽이 이 인스턴스를 허용해야 하고, 사설 주소는 운영자가 "
            "OUTCODE_EGRESS_ALLOW=호스트:포트로 열어야 합니다.",
        ),
    ),
    (
        Words(en="A reference is refused inside the query.", ko="쿼리 안의 참조가 거부됩니다."),
        Words(
            en="Values go where values stand: bare or inside quotes. For the name of a table or column, write the "
            "reference inside identifier quotes.",
            ko="값은 값이 올 자리에만 씁니다(그대로 또는 따옴표 안). 테이블이나 열 이름에는 식별자 따옴표 안에 "
            "참조를 쓰세요.",
        ),
    ),
    (
        Words(en="Only 1,000 rows come.", ko="행이 1,000개만 나옵니다."),
        Words(
            en="Raise Max rows, or read in parts with LIMIT; $meta.truncated says whether rows were left out.",
            ko="최대 행 수를 늘리거나 LIMIT으로 나누어 읽으세요. 잘렸는지는 $meta.truncated에 나옵니다.",
        ),
    ),
    (
        Words(
            en="A change was not repeated after a lost connection.", ko="연결이 끊긴 뒤 변경이 재시도되지 않았습니다."
        ),
        Words(
            en="The server may have carried it out. Look there first, or write the statement so that repeating "
            "does no "
            "harm, and run it again.",
            ko="서버가 이미 처리했을 수 있습니다. 먼저 서버를 확인하거나, 반복해도 안전한 쿼리로 바꿔 다시 실행하세요.",
        ),
    ),
)
"""What people run into with every SQL database, and what to do then."""
