"""The app "PostgreSQL": one SQL statement a task, on a team's own database."""

from __future__ import annotations

from decimal import Decimal

from outcode.appkit import (
    Action,
    App,
    CodeField,
    DatabaseCredential,
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

_SSL_MODES = (
    ("disable", "disable: never", "disable: 사용 안 함"),
    ("allow", "allow: only if the server insists", "allow: 서버가 요구할 때만"),
    ("prefer", "prefer: if the server can", "prefer: 가능하면 사용"),
    ("require", "require: always", "require: 항상 사용"),
    ("verify-ca", "verify-ca: always, check the authority", "verify-ca: 항상 사용, 인증 기관 확인"),
    ("verify-full", "verify-full: always, check authority and host", "verify-full: 항상 사용, 인증 기관과 호스트 확인"),
)

_CREDENTIAL: tuple[Field, ...] = (
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
        default=5432,
        whole=True,
        minimum=Decimal(1),
        maximum=Decimal(65535),
    ),
    TextField(
        key="database",
        label=Words(en="Database", ko="데이터베이스"),
        required=True,
        default="postgres",
        max_length=200,
    ),
    TextField(key="username", label=Words(en="Username", ko="사용자 이름"), required=True, max_length=200),
    TextField(key="password", label=Words(en="Password", ko="비밀번호"), sensitive=True),
    SelectField(
        key="sslmode",
        label=Words(en="SSL mode", ko="SSL 모드"),
        help=Words(en="Whether the connection is encrypted.", ko="연결을 암호화할지 정합니다."),
        default="prefer",
        options=tuple(Option(value=value, label=Words(en=en, ko=ko)) for value, en, ko in _SSL_MODES),
    ),
    LongTextField(
        key="sslrootcert",
        label=Words(en="CA certificate", ko="CA 인증서"),
        help=Words(
            en="PEM text; empty: the certificate authorities of the system.",
            ko="PEM 텍스트. 비우면 시스템의 인증 기관을 사용합니다.",
        ),
        advanced=True,
        max_length=200_000,
    ),
    TextField(
        key="search_path",
        label=Words(en="Schema search path", ko="스키마 검색 경로"),
        help=Words(en="Schemas for names without one.", ko="스키마를 쓰지 않은 이름을 찾을 스키마입니다."),
        advanced=True,
        placeholder="sales, public",
    ),
)

QUERY = Action(
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
            dialect="postgresql",
        ),
        JsonField(
            key="parameters",
            label=Words(en="Parameters", ko="매개변수"),
            help=Words(
                en="A list for $1, $2 …, or an object for :name.", ko="목록은 $1, $2 …, 객체는 :name에 쓰입니다."
            ),
            advanced=True,
            accepts=("list", "object"),
        ),
        NumberField(
            key="max_rows",
            label=Words(en="Max rows", ko="최대 행 수"),
            help=Words(en="Reading stops there; $meta.truncated says so.", ko="이 수까지만 읽습니다($meta.truncated)."),
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
        dialect="postgresql",
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
            OutputField(path="truncated", label=Words(en="Cut at Max rows", ko="최대 행 수에서 잘림"), type="boolean"),
            OutputField(path="insert_id", label=Words(en="Insert ID", ko="삽입 ID"), type="any"),
        ),
    ),
    idempotent="by_inputs",
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
            fields=_CREDENTIAL,
            engine="postgresql",
        ),
    ),
    actions=(QUERY,),
)
