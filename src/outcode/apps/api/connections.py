"""How the app "API" proves who is calling: a credential is bound to the hosts that it may go to."""

from __future__ import annotations

from outcode.appkit import ApiKey, Basic, Bearer, ClientCredentials, ListField, NoCredential, TextField, Words

_LABEL = Words(en="Allowed hosts", ko="허용 호스트")

# Everybody in a team may use a connection: without hosts anybody could have its credential sent to a server of theirs.
_HOSTS = ListField(
    key="allowed_hosts",
    label=_LABEL,
    help=Words(
        en="The credential goes to these only, such as api.example.com.",
        ko="인증 정보를 보낼 호스트입니다. 예: api.example.com",
    ),
    required=True,
    max_items=100,
)


def _secret(key: str, en: str, ko: str, *, required: bool = True) -> TextField:
    return TextField(key=key, label=Words(en=en, ko=ko), required=required, sensitive=True)


_KEY_FIELDS = (
    TextField(
        key="name",
        label=Words(en="Name", ko="이름"),
        help=Words(en="Of the header or parameter.", ko="키가 들어갈 헤더나 매개변수의 이름입니다."),
        required=True,
        placeholder="X-API-Key",
    ),
    _secret("value", "Value", "값"),
    _HOSTS,
)

CONNECTIONS = (
    Bearer(
        key="bearer",
        label=Words(en="Bearer token", ko="베어러 토큰"),
        fields=(
            TextField(
                key="token",
                label=Words(en="Token", ko="토큰"),
                help=Words(en="Without the word Bearer.", ko="Bearer라는 말은 빼고 쓰세요."),
                required=True,
                sensitive=True,
            ),
            _HOSTS,
        ),
    ),
    Basic(
        key="basic",
        label=Words(en="Username and password", ko="사용자 이름과 비밀번호"),
        fields=(
            TextField(key="username", label=Words(en="Username", ko="사용자 이름"), required=True),
            _secret("password", "Password", "비밀번호", required=False),
            _HOSTS,
        ),
    ),
    ApiKey(
        key="api_key_header",
        label=Words(en="API key in a header", ko="헤더의 API 키"),
        fields=_KEY_FIELDS,
        place="header",
        name="{name}",
        value="{value}",
    ),
    ApiKey(
        key="api_key_query",
        label=Words(en="API key in the URL", ko="URL의 API 키"),
        fields=_KEY_FIELDS,
        place="query",
        name="{name}",
        value="{value}",
    ),
    ClientCredentials(
        key="oauth2_client_credentials",
        label=Words(en="OAuth 2.0 client credentials", ko="OAuth 2.0 클라이언트 자격 증명"),
        fields=(
            TextField(
                key="token_url",
                label=Words(en="Token URL", ko="토큰 URL"),
                help=Words(en="Where tokens are fetched.", ko="토큰을 받는 주소입니다."),
                required=True,
                place="url",
                placeholder="https://auth.example.com/oauth/token",
            ),
            TextField(key="client_id", label=Words(en="Client ID", ko="클라이언트 ID"), required=True),
            _secret("client_secret", "Client secret", "클라이언트 시크릿"),
            TextField(
                key="scope",
                label=Words(en="Scope", ko="범위"),
                help=Words(en="Several are separated by spaces.", ko="여러 개면 공백으로 구분하세요."),
            ),
            _HOSTS,
        ),
        token_url="{token_url}",
        client_authentication="either",
        scope="{scope}",
    ),
    NoCredential(
        key="none",
        label=Words(en="None, only allowed hosts", ko="인증 없음(허용 호스트만)"),
        fields=(
            ListField(
                key="allowed_hosts",
                label=_LABEL,
                help=Words(
                    en="Tasks call these only; empty: whatever host a task names.",
                    ko="작업이 호출할 호스트입니다. 비우면 작업에 적힌 호스트를 호출합니다.",
                ),
                max_items=100,
            ),
        ),
    ),
)
