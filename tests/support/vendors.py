"""How real vendors want to be connected to, declared: one app for each way that differs from the others.

They prove that the app kit can say what vendors ask for, and are what the transport's tests walk through. ``BASE`` in a
declaration stands for a local server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from outcode.appkit import (
    ApiKey,
    App,
    AwsKeys,
    Basic,
    Bearer,
    ClientCredentials,
    ConnectionKind,
    ErrorMap,
    Field,
    Input,
    LoginSession,
    LoginStep,
    NoCredential,
    OAuth2Code,
    Request,
    RequestSignature,
    SecretUrl,
    ServiceAccount,
    Success,
    TextField,
    Words,
)
from outcode.transport.http import HttpConnection
from outcode.transport.http.auth import OAuthClient, Tokens
from outcode.values.json import Json, dumps
from tests.support.connections import app_of, connected

CANARY = "cAnary-s3cret"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CLIENT = OAuthClient("outcode-client", "client-s3cret-canary")
LABEL = Words(en="Key", ko="키")


def secret(key: str) -> TextField:
    return TextField(key=key, label=LABEL, required=True, sensitive=True)


def plain(key: str, *, required: bool = True) -> TextField:
    return TextField(key=key, label=LABEL, required=required)


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_PEM, EC_PEM = private_pem(RSA_KEY), private_pem(EC_KEY)
KEY_FILE = dumps(
    {
        "type": "service_account",
        "project_id": "shop",
        "private_key_id": "key-1",
        "private_key": RSA_PEM,
        "client_email": "robot@shop.example",
        "token_uri": "https://oauth2.example.com/token",
    }
)


@dataclass(frozen=True)
class Vendor:
    """A way of connecting, with answers to its form. ``shows``: what arrives at the vendor's, besides signatures."""

    name: str
    kind: ConnectionKind
    fields: dict[str, Json] = field(default_factory=dict)
    tokens: Tokens | None = None
    base_url: str | None = "https://api.example.com"
    shows: str = ""
    errors: ErrorMap = field(default_factory=ErrorMap)

    @property
    def app(self) -> App:
        return app_of(self.kind, base_url=self.base_url, errors=self.errors)

    def connection(self, base: str | None = None) -> HttpConnection:
        """A connection of it; ``base``: a local server in place of the vendor's."""
        client = CLIENT if isinstance(self.kind, OAuth2Code) else None
        return connected(self.app, self.kind.key, self.fields, base_url=base, client=client, id=self.name)


def _signature(key: str, *fields: Field, **said: object) -> RequestSignature:
    return RequestSignature.model_validate({"key": key, "label": LABEL, "fields": fields, **said})


SOLAPI = Vendor(
    "solapi",
    _signature(
        "keys",
        plain("api_key"),
        secret("api_secret"),
        secret="{api_secret}",
        message="{date}{salt}",
        headers={
            "Authorization": "HMAC-SHA256 apiKey={api_key}, date={date}, salt={salt}, signature={signature}",
        },
    ),
    {"api_key": "NCS0", "api_secret": CANARY},
    shows="HMAC-SHA256 apiKey=NCS0, date=",
)
NAVER_SEARCH_ADS = Vendor(
    "naver-search-ads",
    _signature(
        "keys",
        secret("api_key"),
        secret("secret_key"),
        plain("customer_id"),
        secret="{secret_key}",
        message="{timestamp_ms}.{method}.{path}",
        encoding="base64",
        headers={
            "X-Timestamp": "{timestamp_ms}",
            "X-API-KEY": "{api_key}",
            "X-Customer": "{customer_id}",
            "X-Signature": "{signature}",
        },
    ),
    {"api_key": f"licence-{CANARY}", "secret_key": f"{CANARY}-2", "customer_id": "1001"},
    shows="1001",
)
ECOUNT = Vendor(
    "ecount-erp",
    LoginSession(
        key="login",
        label=LABEL,
        fields=(plain("server"), plain("com_code"), plain("user_id"), secret("api_cert_key")),
        login=(
            LoginStep(
                request=Request(method="POST", url="/OAPI/V2/Zone", body_type="json",
                                body={"COM_CODE": Input(field="com_code")}),
                keep={"zone": "Data.ZONE"},
            ),
            LoginStep(
                request=Request(
                    method="POST",
                    url="/OAPI/V2/OAPILogin",
                    body_type="json",
                    body={
                        "COM_CODE": Input(field="com_code"),
                        "USER_ID": Input(field="user_id"),
                        "API_CERT_KEY": Input(field="api_cert_key"),
                        "LAN_TYPE": "ko-KR",
                        "ZONE": Input(field="zone"),
                    },
                ),
                keep={"session_id": "Data.Datas.SESSION_ID"},
                success=Success(path="Data.Code", equals="00"),
            ),
        ),
        query={"SESSION_ID": "{session_id}"},
        base_url="https://{server}{zone}.example.com",
        ended=(Success(path="Error.Code", equals=99),),
    ),
    {"server": "oapi", "com_code": "80001", "user_id": "kim", "api_cert_key": CANARY},
    tokens=Tokens({"zone": "AB", "session_id": f"session-{CANARY}"}, None, 1),
    base_url="https://{connection.server}.example.com",
    shows=f"SESSION_ID=session-{CANARY}",
    errors=ErrorMap(message=("Error.Message", "Data.Message"), statuses={412: "rate_limited"}),
)  # fmt: skip
IMWEB_V2 = Vendor(
    "imweb-v2",
    LoginSession(
        key="v2",
        label=LABEL,
        fields=(secret("key"), secret("secret")),
        login=(
            LoginStep(
                request=Request(
                    method="POST",
                    url="/v2/auth",
                    body_type="json",
                    body={"key": Input(field="key"), "secret": Input(field="secret")},
                ),
                keep={"access_token": "access_token"},
                success=Success(path="code", equals=200),
            ),
        ),
        headers={"access-token": "{access_token}"},
        ended=tuple(Success(path="code", equals=code) for code in (-2, -3, -5)),
    ),
    {"key": f"key-{CANARY}", "secret": CANARY},
    tokens=Tokens({"access_token": f"session-{CANARY}"}, None, 1),
    shows=f"session-{CANARY}",
)
IMWEB = Vendor(
    "imweb",
    OAuth2Code(
        key="openapi",
        label=LABEL,
        fields=(plain("site_code"),),
        authorize_url="/oauth2/authorize",
        token_url="/oauth2/token",
        client_authentication="body",
        scopes=("site-info:write", "product:read"),
        pkce=False,
        authorize_parameters={"siteCode": "{site_code}"},
        parameter_names={
            name: "".join([name.split("_")[0], *(word.title() for word in name.split("_")[1:])])
            for name in ("response_type", "client_id", "client_secret", "redirect_uri", "grant_type", "refresh_token")
        },
        access_token="data.accessToken",
        refresh_token="data.refreshToken",
        token_lifetime_seconds=7200,
    ),
    {"site_code": "S20"},
    tokens=Tokens({"access_token": CANARY, "refresh_token": f"refresh-{CANARY}"}, None, 1),
    shows=f"Bearer {CANARY}",
    errors=ErrorMap(message=("error.message",), code="error.errorCode"),
)
NAVER_WORKS = Vendor(
    "naver-works",
    ServiceAccount(
        key="service_account",
        label=LABEL,
        fields=(plain("client_id"), secret("client_secret"), plain("service_account"), secret("private_key")),
        token_url="/oauth2/v2.0/token",
        token_parameters={
            "client_id": "{client_id}",
            "client_secret": "{client_secret}",
            "scope": "bot,bot.message",
        },
        claims={"iss": "{client_id}", "sub": "{service_account}"},
    ),
    {"client_id": "works", "client_secret": CANARY, "service_account": "a@b", "private_key": RSA_PEM},
    tokens=Tokens({"access_token": f"at-{CANARY}"}, None, 1),
    shows=f"Bearer at-{CANARY}",
)
SES = Vendor(
    "amazon-ses",
    AwsKeys(
        key="keys",
        label=LABEL,
        fields=(
            plain("access_key_id"),
            secret("secret_access_key"),
            TextField(key="session_token", label=LABEL, sensitive=True),
            plain("region"),
        ),
        service="ses",
    ),
    {
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": CANARY,
        "session_token": f"sts-{CANARY}",
        "region": "ap-northeast-2",
    },
    base_url="https://email.{connection.region}.example.com",
    shows="Credential=AKIDEXAMPLE/",
)
GOOGLE = {
    "authorize_url": "/o/oauth2/v2/auth",
    "token_url": "/token",
    "revoke_url": "/revoke",
    "authorize_parameters": {"access_type": "offline", "prompt": "consent"},
    "scopes": ("https://www.googleapis.com/auth/spreadsheets", "openid", "email"),
}
SHEETS = Vendor(
    "google-sheets",
    OAuth2Code.model_validate({"key": "google", "label": LABEL, **GOOGLE}),
    tokens=Tokens({"access_token": CANARY, "refresh_token": f"refresh-{CANARY}"}, None, 1),
    shows=f"Bearer {CANARY}",
)
FIREBASE = Vendor(
    "firebase",
    ServiceAccount(
        key="service_account",
        label=LABEL,
        fields=(plain("database_url"), secret("service_account_json")),
        key_file="service_account_json",
        key_id="{private_key_id}",
        token_url="{token_uri}",
        claims={
            "iss": "{client_email}",
            "aud": "{token_uri}",
            "scope": "https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/firebase.database",
        },
    ),
    {"database_url": "https://shop.example.com/", "service_account_json": KEY_FILE},
    tokens=Tokens({"access_token": f"ya29-{CANARY}"}, None, 1),
    base_url="{connection.database_url}",
    shows=f"Bearer ya29-{CANARY}",
)
FIREBASE_SECRET = Vendor(
    "firebase-secret",
    ApiKey(key="secret", label=LABEL, fields=(plain("database_url"), secret("database_secret")), place="query",
           name="auth", value="{database_secret}"),
    {"database_url": "https://shop.example.com", "database_secret": CANARY},
    base_url="{connection.database_url}",
    shows=f"auth={CANARY}",
)  # fmt: skip
SLACK = Vendor(
    "slack",
    OAuth2Code(
        key="workspace",
        label=LABEL,
        authorize_url="/oauth/v2/authorize",
        token_url="/api/oauth.v2.access",
        client_authentication="body",
        scopes=("chat:write", "channels:read"),
        scope_separator=",",
        pkce=False,
        kept={"team_id": "team.id", "team": "team.name"},
        ended=(Success(path="error", equals="token_expired"), Success(path="error", equals="token_revoked")),
    ),
    tokens=Tokens({"access_token": f"xoxb-{CANARY}", "team_id": "T1"}, None, 1),
    shows=f"Bearer xoxb-{CANARY}",
)
SLACK_BOT = Vendor(
    "slack-bot",
    Bearer(key="bot", label=LABEL, fields=(secret("bot_token"),), token="{bot_token}"),
    {"bot_token": f" xoxb-{CANARY}\n"},
    shows=f"Bearer xoxb-{CANARY}",
)
ONESIGNAL = Vendor(
    "onesignal",
    ApiKey(key="key", label=LABEL, fields=(plain("app_id"), secret("api_key"), plain("auth_scheme", required=False)),
           place="header", name="Authorization", value="{auth_scheme} {api_key}"),
    {"app_id": "a1", "api_key": CANARY, "auth_scheme": "Key"},
    shows=f"Key {CANARY}",
)  # fmt: skip
MANDRILL = Vendor(
    "mandrill",
    ApiKey(key="key", label=LABEL, fields=(secret("api_key"),), place="body", name="key", value="{api_key}"),
    {"api_key": CANARY},
    shows=f'"key":"{CANARY}"',
)
DATA_GO_KR = Vendor(
    "korea-data",
    ApiKey(key="key", label=LABEL, fields=(secret("service_key"),), place="query", name="serviceKey",
           value="{service_key}", encoded=True),
    {"service_key": "cAnary-s3cret%2Bab%3D%3D"},
    shows="serviceKey=cAnary-s3cret%2Bab",
)  # fmt: skip
LARK = Vendor(
    "lark",
    _signature(
        "signed",
        secret("webhook_url"),
        secret("secret"),
        secret="{timestamp}\n{secret}",
        message="",
        encoding="base64",
        body={"timestamp": "{timestamp}", "sign": "{signature}"},
    ),
    {"webhook_url": "https://open.example.com/open-apis/bot/v2/hook/h00k", "secret": CANARY},
    shows='"sign":"',
)
JANDI = Vendor(
    "jandi",
    SecretUrl(
        key="webhook",
        label=LABEL,
        fields=(secret("webhook_url"),),
        url="{webhook_url}",
        pattern=r"https://wh\.example\.com/connect-api/webhook/\d+/\S+",
    ),
    {"webhook_url": f"https://wh.example.com/connect-api/webhook/1/{CANARY}"},
    base_url=None,
    shows=CANARY,
)
TWILIO = Vendor(
    "twilio",
    Basic(key="account", label=LABEL, fields=(plain("account_sid"), secret("auth_token")), username="{account_sid}",
          password="{auth_token}"),
    {"account_sid": "AC1", "auth_token": CANARY},
    shows="Basic QUMxOmNBbmFyeS1zM2NyZXQ=",
)  # fmt: skip
NOTION = Vendor(
    "notion",
    OAuth2Code(
        key="oauth",
        label=LABEL,
        authorize_url="/v1/oauth/authorize",
        token_url="/v1/oauth/token",
        token_body="json",
        authorize_parameters={"owner": "user"},
        pkce=False,
        refresh="none",
        kept={"workspace_id": "workspace_id"},
    ),
    tokens=Tokens({"access_token": f"ntn-{CANARY}"}, None, 1),
    shows=f"Bearer ntn-{CANARY}",
)
PIPEDRIVE = Vendor(
    "pipedrive",
    OAuth2Code(
        key="oauth",
        label=LABEL,
        authorize_url="https://oauth.example.com/oauth/authorize",
        token_url="https://oauth.example.com/oauth/token",
        pkce=False,
        kept={"api_domain": "api_domain"},
        base_url="{connection.api_domain}/api/v2",
    ),
    tokens=Tokens({"access_token": f"pd-{CANARY}", "api_domain": "https://acme.example.com"}, None, 1),
    shows=f"Bearer pd-{CANARY}",
)
MACHINE = Vendor(
    "machine",
    ClientCredentials(key="client", label=LABEL, fields=(plain("client_id"), secret("client_secret")),
                      token_url="/token", client_authentication="either", scope="read write"),
    {"client_id": "outcode-client", "client_secret": "client-s3cret-canary"},
    tokens=Tokens({"access_token": f"cc-{CANARY}"}, None, 1),
    shows=f"Bearer cc-{CANARY}",
)  # fmt: skip
PUBLIC = Vendor("public", NoCredential(key="none", label=LABEL))

VENDORS = (
    SOLAPI, NAVER_SEARCH_ADS, ECOUNT, IMWEB_V2, IMWEB, NAVER_WORKS, SES, SHEETS, FIREBASE, FIREBASE_SECRET, SLACK,
    SLACK_BOT, ONESIGNAL, MANDRILL, DATA_GO_KR, LARK, JANDI, TWILIO, NOTION, PIPEDRIVE, MACHINE,
)  # fmt: skip
"""Every way of proving who is calling."""
