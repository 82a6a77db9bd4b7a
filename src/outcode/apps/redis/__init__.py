"""The app "Redis": keys and values of a team's own Redis or Valkey server, one command a task."""

from __future__ import annotations

from decimal import Decimal

from outcode.appkit import App, DatabaseCredential, Field, LongTextField, NumberField, SwitchField, TextField, Words
from outcode.apps.redis.actions import ACTIONS
from outcode.apps.sql_query import server_fields

_FIELDS: tuple[Field, ...] = (
    *server_fields(6379),
    TextField(
        key="username",
        label=Words(en="Username", ko="사용자 이름"),
        help=Words(en="An ACL user; empty: the default user.", ko="ACL 사용자. 비우면 기본 사용자입니다."),
        max_length=200,
    ),
    TextField(key="password", label=Words(en="Password", ko="비밀번호"), sensitive=True),
    NumberField(
        key="db",
        label=Words(en="Database number", ko="데이터베이스 번호"),
        help=Words(en="Servers have 0 to 15 unless set otherwise.", ko="따로 설정하지 않은 서버는 0~15입니다."),
        default=0,
        whole=True,
        minimum=Decimal(0),
    ),
    SwitchField(key="tls", label=Words(en="TLS", ko="TLS"), default=False),
    LongTextField(
        key="tls_ca",
        label=Words(en="CA certificate", ko="CA 인증서"),
        help=Words(
            en="PEM text; empty: the certificate authorities of the system.",
            ko="PEM 텍스트. 비우면 시스템의 인증 기관을 사용합니다.",
        ),
        advanced=True,
        max_length=200_000,
    ),
)

APP = App(
    slug="redis",
    name="Redis",
    category="Data Source",
    description=Words(en="Reads and changes keys of a Redis server.", ko="Redis 서버의 키를 읽고 변경합니다."),
    connections=(
        DatabaseCredential(
            key="database", label=Words(en="Redis server", ko="Redis 서버"), fields=_FIELDS, engine="redis"
        ),
    ),
    actions=ACTIONS,
    troubleshooting=(
        (
            Words(
                en="WRONGTYPE: the key holds another kind of value.", ko="WRONGTYPE: 키에 다른 종류의 값이 있습니다."
            ),
            Words(
                en="These actions work with texts and numbers; lists, hashes and sets of other programs need their "
                "own commands.",
                ko="이 작업들은 텍스트와 숫자를 다룹니다. 다른 프로그램이 만든 목록, 해시, 집합에는 맞지 않습니다.",
            ),
        ),
        (
            Words(en="It says that cluster mode is not offered.", ko="클러스터 모드를 지원하지 않는다고 나옵니다."),
            Words(
                en="Connect to a server that holds all keys, or to a proxy in front of the cluster.",
                ko="모든 키를 가진 서버나 클러스터 앞의 프록시에 연결하세요.",
            ),
        ),
        (
            Words(en="Search a key stops before the end.", ko="키 검색이 끝까지 가지 않습니다."),
            Words(
                en="Raise Max keys, or narrow the pattern; truncated says that there may be more.",
                ko="최대 키 수를 늘리거나 패턴을 좁히세요. 더 있을 수 있으면 truncated가 true입니다.",
            ),
        ),
    ),
)
