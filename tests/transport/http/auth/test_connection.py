"""A stored connection becomes one for calls: what is checked, where it leads, to whom it may go, and what is hidden."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from yarl import URL

from outcode.apps.api import APP as API
from outcode.apps.postgresql import APP as POSTGRESQL
from outcode.transport.http import HttpConnection
from outcode.transport.http.auth import Tokens, authorized, grant, origin_of
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.json import Json, dumps
from outcode.values.problems import InputProblem
from tests.support.connections import Stored, api_connection, app_of, connected
from tests.support.vendors import (
    CANARY,
    EC_PEM,
    ECOUNT,
    FIREBASE,
    JANDI,
    KEY_FILE,
    LARK,
    NAVER_WORKS,
    NOW,
    PIPEDRIVE,
    RSA_PEM,
    SES,
    SLACK_BOT,
    TWILIO,
    private_pem,
)


@pytest.mark.parametrize(
    ("kind", "fields", "code", "field"),
    [
        ("digest", {}, "connection_kind_unknown", None),
        ("basic", {}, "connection_incomplete", "connection.username"),
        ("bearer", {"token": "  "}, "connection_incomplete", "connection.token"),
        ("api_key_header", {"name": "X"}, "connection_incomplete", "connection.value"),
        ("oauth2_client_credentials", {}, "connection_incomplete", "connection.token_url"),
        ("none", {"allowed_hosts": ["http://[x"]}, "blocked_host", "connection.allowed_hosts"),
    ],
)
def test_connections_that_cannot_work(kind: str, fields: dict[str, Json], code: str, field: str | None) -> None:
    with pytest.raises(InputProblem) as caught:
        api_connection(kind, **fields)
    assert (caught.value.code, caught.value.place.field) == (code, field)
    assert caught.value.message("ko") != caught.value.message()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("api_key_header", {"name": "X Y", "value": "v"}),
        ("api_key_header", {"name": "X", "value": "cana\r\nry"}),
        ("bearer", {"token": "cana\nry"}),
    ],
)
def test_headers_that_cannot_be_sent(kind: str, fields: dict[str, Json]) -> None:
    request = PreparedRequest(method="GET", url=URL("https://x.example"))
    with pytest.raises(InputProblem) as caught:
        authorized(request, api_connection(kind, **fields), None, now=NOW, salt="")
    assert caught.value.code == "http_header_invalid"
    assert "cana" not in str(caught.value.as_dict())


def test_without_a_stored_connection_nothing_is_proven() -> None:
    connection = HttpConnection.of(API, None)
    assert (connection.kind.kind, connection.secrets(), connection.base_url) == ("none", (), None)


def test_allowed_hosts_are_read_as_people_write_them() -> None:
    hosts = ["https://API.example.com/v1", "x.example:8443", " 한글.kr ", ""]
    assert api_connection("none", allowed_hosts=hosts).hosts == (
        "api.example.com",
        "x.example:8443",
        "xn--bj0bj06e.kr",
    )


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://api.example.com/x", True),
        ("https://api.example.com:443/x", True),
        ("https://files.example.com/x", True),
        ("https://files.example.com:8443/x", True),
        ("https://api.example.com:8443/x", False),
        ("http://api.example.com:443/x", False),
        ("http://api.example.com/x", False),
        ("https://api.example.com.evil.example/x", False),
        ("https://evil.example/?api.example.com", False),
        ("https://other.example.com/x", False),
    ],
)
@pytest.mark.parametrize("home", ["https://api.example.com/", "http://api.example.com/", "https://evil.example/"])
def test_where_credentials_may_go(url: str, may: bool, home: str) -> None:
    app = app_of(SLACK_BOT.kind, base_url="https://api.example.com/v1", hosts=("files.example.com",))
    connection = connected(app, "bot", SLACK_BOT.fields)
    assert connection.may_go_to(URL(url), origin_of(URL(home))) is may


def test_the_operators_address_takes_the_place_of_the_vendors() -> None:
    connection = SLACK_BOT.connection("http://127.0.0.1:8080/slack/")
    assert connection.base_url == "http://127.0.0.1:8080/slack"
    assert connection.hosts == ("127.0.0.1:8080",)
    tokens = PIPEDRIVE.tokens
    assert PIPEDRIVE.connection("http://127.0.0.1:8080").after(tokens).base_url == "http://127.0.0.1:8080"


def test_base_urls_wait_for_what_they_need() -> None:
    app = app_of(PIPEDRIVE.kind)
    connection = connected(app, "oauth", {})
    assert connection.base_url is None
    assert connection.after(PIPEDRIVE.tokens).base_url == "https://acme.example.com/api/v2"
    assert SES.connection().base_url == "https://email.ap-northeast-2.example.com"


@pytest.mark.parametrize("region", ["x.evil.example/", "a@evil.example", "evil.example#", "a b", "evil.example\\"])
def test_a_field_cannot_lead_to_another_host(region: str) -> None:
    with pytest.raises(InputProblem) as caught:
        connected(SES.app, "keys", {**SES.fields, "region": region})
    assert (caught.value.code, caught.value.place.field) == ("connection_host_invalid", "connection.region")


@pytest.mark.parametrize(
    "url",
    [
        "", "http://wh.example.com/connect-api/webhook/1/abc", "https://evil.example/connect-api/webhook/1/abc",
        "https://wh.example.com.evil.example/connect-api/webhook/1/abc", "https://[wh", "wh.example.com",
    ],
)  # fmt: skip
def test_secret_urls_of_another_form(url: str) -> None:
    with pytest.raises(InputProblem) as caught:
        connected(JANDI.app, "webhook", {"webhook_url": url})
    assert caught.value.code in {"secret_url_invalid", "connection_incomplete"}
    assert caught.value.place.field == "connection.webhook_url"


def test_secret_urls_may_be_of_any_server_where_the_app_says_nothing() -> None:
    kind = JANDI.kind.model_copy(update={"pattern": None})
    for url in ("ftp://x.example/abc", "https://u:p@x.example/abc", "/abc"):
        with pytest.raises(InputProblem):
            connected(app_of(kind), "webhook", {"webhook_url": url})
    assert connected(app_of(kind), "webhook", {"webhook_url": "https://x.example/abc"}).hosts == ("x.example:443",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "service_key_not_json"),
        ("[]", "service_key_not_json"),
        (RSA_PEM, "service_key_not_json"),
        ('{"type": "authorized_user"}', "service_key_incomplete"),
        (dumps({"private_key": ""}), "service_key_incomplete"),
    ],
    ids=["half", "list", "pem", "other", "empty"],
)
def test_key_files_that_are_none(text: str, code: str) -> None:
    with pytest.raises(InputProblem) as caught:
        connected(FIREBASE.app, "service_account", {**FIREBASE.fields, "service_account_json": text})
    assert (caught.value.code, caught.value.place.field) == (code, "connection.service_account_json")
    assert caught.value.message("ko")


@pytest.mark.parametrize(
    ("pem", "code"),
    [
        (RSA_PEM[:200], "service_key_unreadable"),
        (RSA_PEM.replace("PRIVATE", "PUBLIC"), "service_key_unreadable"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 kim@example.com", "service_key_unreadable"),
        (private_pem(rsa.generate_private_key(65537, 1024)), "service_key_unfit"),
        (EC_PEM, "service_key_unfit"),
    ],
    ids=["cut off", "public", "ssh", "short", "elliptic"],
)
def test_private_keys_that_do_not_fit(pem: str, code: str) -> None:
    connection = connected(NAVER_WORKS.app, "service_account", {**NAVER_WORKS.fields, "private_key": pem})
    steps = grant(connection, None, now=NOW)
    assert steps is not None
    with pytest.raises(InputProblem) as caught:
        next(steps)
    assert (caught.value.code, caught.value.place.field) == (code, "connection.private_key")
    assert caught.value.message("ko")
    assert pem[30:60] not in str(caught.value.as_dict())


def test_a_key_file_without_the_member_that_a_claim_needs() -> None:
    text = dumps({"private_key": RSA_PEM, "token_uri": "https://t.example"})
    connection = connected(FIREBASE.app, "service_account", {**FIREBASE.fields, "service_account_json": text})
    steps = grant(connection, None, now=NOW)
    assert steps is not None
    with pytest.raises(InputProblem) as caught:
        next(steps)
    assert (caught.value.code, caught.value.details) == ("service_key_incomplete", {"member": "client_email"})


def test_what_is_hidden() -> None:
    assert set(TWILIO.connection().secrets()) == {CANARY, f"AC1:{CANARY}"}
    shown = FIREBASE.connection().mask().text(f"{KEY_FILE} and {RSA_PEM}")
    assert "BEGIN PRIVATE" not in shown
    assert LARK.connection().mask().text(f"POST {LARK.fields['webhook_url']}") == "POST https://open.example.com/***"
    assert f"session-{CANARY}" in ECOUNT.connection().secrets(ECOUNT.tokens)
    for kind, fields in (("bearer", {"token": CANARY}), ("basic", {"username": "kim", "password": f" {CANARY} "})):
        connection = api_connection(kind, **fields)
        assert CANARY not in repr(connection)
        assert any(CANARY in secret for secret in connection.secrets())


def test_passwords_keep_their_spaces() -> None:
    assert api_connection("basic", username=" kim ", password=" p ").fields == {"username": "kim", "password": " p "}


def test_tokens_survive_storage_and_hide_themselves() -> None:
    for expires_at in (None, NOW):
        tokens = Tokens({"access_token": CANARY}, expires_at, 3)
        assert Tokens.from_json(tokens.as_json()) == tokens
        assert CANARY not in repr(tokens)


def test_a_kind_for_databases_is_none_for_calls() -> None:
    with pytest.raises(InputProblem) as caught:
        HttpConnection.of(POSTGRESQL, Stored(POSTGRESQL.connections[0].key, {}))
    assert caught.value.code == "connection_kind_unknown"
