"""Flows that get tokens, one step after the other and without any server: what is asked, and what of it is kept."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from urllib.parse import parse_qs

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from outcode.appkit import ClientCredentials, ErrorMap, OAuth2Code, ServiceAccount
from outcode.transport.http.auth import (
    HttpConnection,
    Steps,
    Tokens,
    authorization_url,
    exchanged,
    grant,
    is_over,
    new_verifier,
    revoked,
)
from outcode.transport.http.decode import Response
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.json import Json, dumps, loads
from outcode.values.problems import InputProblem, Problem, RateLimited, SetupProblem, VendorDown, VendorRejected
from tests.support.connections import app_of, connected
from tests.support.vendors import (
    CANARY,
    EC_KEY,
    EC_PEM,
    ECOUNT,
    FIREBASE,
    IMWEB,
    IMWEB_V2,
    MACHINE,
    NAVER_WORKS,
    NOTION,
    PIPEDRIVE,
    RSA_KEY,
    SHEETS,
    SLACK,
    SOLAPI,
    Vendor,
)

_Kept = TypeVar("_Kept")
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
GRANTED = {"access_token": "at-1", "refresh_token": "rt-1", "expires_in": 3600, "token_type": "Bearer"}


def answer(data: Json, status: int = 200, **headers: str) -> Response:
    body = data.encode() if isinstance(data, str) else dumps(data).encode()
    return Response(status, tuple(headers.items()), body, URL("https://api.example.com/token"))


def played(steps: Steps[_Kept], *answers: Response) -> tuple[list[PreparedRequest], _Kept]:
    """The requests of a flow that is given these answers, and what it returns."""
    requests = [next(steps)]
    for number, each in enumerate(answers, 1):
        try:
            requests.append(steps.send(each))
        except StopIteration as end:
            assert number == len(answers)
            return requests, end.value
    raise AssertionError(f"goes on to ask {requests[-1]}")


def refused(steps: Steps[Tokens], *answers: Response) -> Problem:
    with pytest.raises(Problem) as caught:
        played(steps, *answers)
    assert caught.value.message() != caught.value.message("ko")
    assert caught.value.hint("ko")
    return caught.value


def form(request: PreparedRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs((request.body or b"").decode()).items()}


def flow(connection: HttpConnection, previous: Tokens | None = None) -> Steps[Tokens]:
    made = grant(connection, previous, now=NOW)
    assert made is not None
    return made


def oauth(connection: HttpConnection) -> OAuth2Code:
    assert isinstance(connection.kind, OAuth2Code)
    return connection.kind


def machine(authentication: str) -> HttpConnection:
    assert isinstance(MACHINE.kind, ClientCredentials)
    kind = MACHINE.kind.model_copy(update={"client_authentication": authentication})
    return connected(app_of(kind, base_url=MACHINE.base_url), "client", MACHINE.fields)


BASIC = "Basic b3V0Y29kZS1jbGllbnQ6Y2xpZW50LXMzY3JldC1jYW5hcnk="
IDENTITY = {"client_id": "outcode-client", "client_secret": "client-s3cret-canary"}
ASKED = {"grant_type": "client_credentials", "scope": "read write"}


@pytest.mark.parametrize(
    ("authentication", "header", "body"),
    [("basic", BASIC, ASKED), ("body", None, ASKED | IDENTITY), ("either", BASIC, ASKED)],
)
def test_client_credentials(authentication: str, header: str | None, body: dict[str, str]) -> None:
    (request,), tokens = played(flow(machine(authentication)), answer(GRANTED))
    assert (request.method, str(request.url), request.follow_redirects) == (
        "POST",
        "https://api.example.com/token",
        False,
    )
    assert (request.header("authorization"), form(request)) == (header, body)
    assert request.timeout_seconds == 30
    assert tokens.values["access_token"] == "at-1"
    assert tokens.expires_at == NOW + timedelta(hours=1)


def test_servers_that_read_only_the_body_are_asked_that_way() -> None:
    refusal = answer({"error": "invalid_client"}, 401)
    requests, _ = played(flow(machine("either")), refusal, answer(GRANTED))
    assert [request.header("authorization") for request in requests] == [BASIC, None]
    assert form(requests[1]) == ASKED | IDENTITY
    # Whoever knows the client and refuses the grant is not asked twice.
    problem = refused(flow(machine("either")), answer({"error": "invalid_grant"}, 400))
    assert problem.code == "connection_refused_credentials"


def test_the_authorization_url() -> None:
    connection = SHEETS.connection()
    verifier = new_verifier()
    url = authorization_url(
        connection, oauth(connection), redirect_uri="https://o.example/cb?x=1", state="st", verifier=verifier
    )
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert str(url.with_query(None)) == "https://api.example.com/o/oauth2/v2/auth"
    assert dict(url.query) == {
        "response_type": "code",
        "client_id": "outcode-client",
        "redirect_uri": "https://o.example/cb?x=1",
        "scope": "https://www.googleapis.com/auth/spreadsheets openid email",
        "state": "st",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
    }
    assert 43 <= len(verifier) <= 128
    assert verifier != new_verifier()


def test_vendors_with_words_of_their_own() -> None:
    connection = IMWEB.connection()
    url = authorization_url(connection, oauth(connection), redirect_uri="https://o.example/cb", state="st", verifier="")
    assert dict(url.query) == {
        "responseType": "code",
        "clientId": "outcode-client",
        "redirectUri": "https://o.example/cb",
        "scope": "site-info:write product:read",
        "state": "st",
        "siteCode": "S20",
    }
    said = answer({"statusCode": 200, "data": {"accessToken": "at-1", "refreshToken": "rt-1"}})
    steps = exchanged(connection, oauth(connection), "c0de", redirect_uri="https://o.example/cb", verifier="v", now=NOW)
    (request,), tokens = played(steps, said)
    assert form(request) == {
        "grantType": "authorization_code",
        "code": "c0de",
        "redirectUri": "https://o.example/cb",
        "clientId": "outcode-client",
        "clientSecret": "client-s3cret-canary",
    }
    assert tokens == Tokens({"access_token": "at-1", "refresh_token": "rt-1"}, NOW + timedelta(hours=2), 0)
    (request,), _ = played(flow(connection, tokens), said)
    assert form(request)["refreshToken"] == "rt-1"
    problem = refused(
        flow(connection, tokens), answer({"statusCode": 401, "error": {"message": "만료", "errorCode": "30102"}}, 401)
    )
    assert (problem.code, "만료" in problem.message()) == ("connection_needs_reconnect", True)


def test_the_exchange_of_a_code() -> None:
    connection = SHEETS.connection()
    steps = exchanged(
        connection, oauth(connection), "c0de", redirect_uri="https://o.example/cb", verifier="ver1fier", now=NOW
    )
    (request,), tokens = played(steps, answer(GRANTED))
    assert form(request) == {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": "https://o.example/cb",
        "code_verifier": "ver1fier",
    }
    assert request.header("authorization") == BASIC
    assert {"c0de", "ver1fier"} <= set(request.secrets)
    assert tokens.values == {"access_token": "at-1", "refresh_token": "rt-1"}


def test_json_bodies_and_kept_members() -> None:
    connection = NOTION.connection()
    steps = exchanged(connection, oauth(connection), "c", redirect_uri="https://o.example/cb", verifier="", now=NOW)
    (request,), tokens = played(steps, answer({"access_token": "at", "workspace_id": "w1", "bot_id": "b"}))
    assert loads(request.body or b"") == {
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": "https://o.example/cb",
    }
    assert tokens == Tokens({"access_token": "at", "workspace_id": "w1"}, None, 0)
    connection = PIPEDRIVE.connection()
    steps = exchanged(connection, oauth(connection), "c", redirect_uri="https://o.example/cb", verifier="", now=NOW)
    _, tokens = played(steps, answer({**GRANTED, "api_domain": "https://acme.example.com"}))
    assert connection.after(tokens).base_url == "https://acme.example.com/api/v2"
    assert connection.after(tokens).may_go_to(URL("https://acme.example.com/x"), ("https", "acme.example.com", 443))


def test_a_refresh_keeps_what_the_vendor_does_not_send_again() -> None:
    connection = SLACK.connection()
    previous = Tokens({"access_token": "at-0", "refresh_token": "rt-0", "team_id": "T1"}, NOW, 3)
    (request,), rotated = played(flow(connection, previous), answer({"ok": True, **GRANTED}))
    assert form(request) == {"grant_type": "refresh_token", "refresh_token": "rt-0", **IDENTITY}
    assert "rt-0" in request.secrets
    assert rotated.values == {"access_token": "at-1", "refresh_token": "rt-1", "team_id": "T1"}
    _, same = played(flow(connection, previous), answer({"access_token": "at-2", "refresh_token": ""}))
    assert same.values == {"access_token": "at-2", "refresh_token": "rt-0", "team_id": "T1"}


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        (3600, 3600), ("3600", 3600), (" 60 ", 60), (Decimal("59.9"), 59), ("60.5", 60), (10**12, 315360000),
        (0, None), (-1, None), ("-5", None), (None, None), ("soon", None), ([1], None), ("9" * 40, None), (True, None),
    ],
)  # fmt: skip
def test_lifetimes(expires_in: Json, seconds: int | None) -> None:
    _, tokens = played(flow(machine("basic")), answer({"access_token": "at", "expires_in": expires_in}))
    assert tokens.expires_at == (None if seconds is None else NOW + timedelta(seconds=seconds))


ANSWERS = [
    (answer({"error": "invalid_grant", "error_description": "Token has been revoked."}, 400),
     VendorRejected, "connection_needs_reconnect", "Token has been revoked."),
    (answer({"ok": False, "error": "invalid_refresh_token"}), VendorRejected, "connection_needs_reconnect",
     "invalid_refresh_token"),
    (answer("denied", 403), VendorRejected, "connection_needs_reconnect", "denied"),
    (answer({"error": "invalid_client"}, 401), VendorRejected, "oauth_client_refused", "invalid_client"),
    (answer({"error": "server_error"}, 400), VendorDown, "token_server_unavailable", "server_error"),
    (answer("oops", 500), VendorDown, "token_server_unavailable", "oops"),
    (answer("", 503), VendorDown, "token_server_unavailable", "HTTP 503"),
    (answer({"message": "slow down"}, 429), RateLimited, "token_server_unavailable", "slow down"),
    (answer("<html>Sign in</html>"), VendorRejected, "token_answer_unusable", "200"),
    (answer({"token_type": "Bearer"}), VendorRejected, "token_answer_unusable", "200"),
    (answer({"access_token": ""}), VendorRejected, "token_answer_unusable", "200"),
    (answer({"access_token": 7}), VendorRejected, "token_answer_unusable", "200"),
    (answer({"access_token": "a\r\nb"}), VendorRejected, "token_answer_unusable", "200"),
    (answer("", 302, Location="https://evil.example/"), VendorRejected, "token_answer_unusable", "302"),
    (answer("not found", 404), VendorRejected, "token_answer_unusable", "404"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "kind", "code", "words"), ANSWERS, ids=lambda value: getattr(value, "status", None))
def test_answers_that_are_no_tokens(said: Response, kind: type[Problem], code: str, words: str) -> None:
    previous = Tokens({"access_token": f"at-{CANARY}", "refresh_token": f"rt-{CANARY}"}, NOW, 1)
    problem = refused(flow(SHEETS.connection(), previous), said)
    assert (type(problem), problem.code) == (kind, code)
    assert words in problem.message("en")
    assert words in problem.message("ko")


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
NAMES = st.sampled_from(["error", "access_token", "expires_in", "message", "error_description", "code"])
BODIES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=4))


@settings(max_examples=60)
@given(BODIES.map(dumps) | st.text(max_size=100), st.sampled_from([200, 302, 400, 401, 429, 500]))
def test_no_answer_breaks_a_flow(body: str, status: int) -> None:
    previous = Tokens({"refresh_token": "rt-1"}, NOW, 1)
    said = Response(status, (), body.encode("utf-8", "replace"), URL("http://x.example"))
    with suppress(Problem):
        _, tokens = played(flow(SHEETS.connection(), previous), said)
        assert tokens.values["access_token"]


@pytest.mark.parametrize("status", [400, 401, 500])
def test_what_a_server_says_back_is_hidden(status: int) -> None:
    sheets = SHEETS.connection()
    previous = Tokens({"access_token": f"at-{CANARY}", "refresh_token": f"rt-{CANARY}"}, NOW, 1)
    exchange = exchanged(
        sheets, oauth(sheets), f"c-{CANARY}", redirect_uri="https://o.example", verifier=f"v-{CANARY}", now=NOW
    )
    flows = [flow(FIREBASE.connection()), flow(machine("either")), flow(machine("body")), exchange,
             flow(sheets, previous)]  # fmt: skip
    for steps in flows:
        request = next(steps)
        try:
            while True:
                sent = f"{dict(request.headers).get('Authorization')} {(request.body or b'').decode()}"
                request = steps.send(answer({"error": "unknown", "error_description": sent}, status))
        except Problem as problem:
            said = str(problem.as_dict())
        assert "***" in said
        for hidden in (CANARY, "eyJhbGciOi", "client-s3cret", BASIC.removeprefix("Basic ")):
            assert hidden not in said


def test_when_to_come_again_is_told() -> None:
    problem = refused(flow(machine("basic")), answer("", 503, **{"Retry-After": "7"}))
    assert problem.retry_after == 7


@pytest.mark.parametrize("previous", [None, Tokens({"access_token": "at"}, NOW, 1)])
def test_without_refresh_token_only_a_person_can_help(previous: Tokens | None) -> None:
    problem = refused(flow(SHEETS.connection(), previous))
    assert problem.code == "connection_needs_reconnect"
    assert "리프레시 토큰" in problem.message("ko")
    assert refused(flow(NOTION.connection(), Tokens({"refresh_token": "rt"}, NOW, 1))).code == problem.code


def test_an_app_whose_client_the_operator_has_not_set() -> None:
    connection = connected(SHEETS.app, "google", {})
    with pytest.raises(SetupProblem) as caught:
        authorization_url(connection, oauth(connection), redirect_uri="https://o.example", state="s", verifier="v")
    assert caught.value.code == "oauth_client_missing"
    assert refused(flow(connection, Tokens({"refresh_token": "rt"}, NOW, 1))).code == "oauth_client_missing"


def test_taking_tokens_back() -> None:
    connection = SHEETS.connection()
    steps = revoked(connection, oauth(connection), Tokens({"access_token": "at", "refresh_token": "rt"}, None, 1))
    assert steps is not None
    (request,), _ = played(steps, answer("gone already", 400))
    assert (str(request.url), form(request)) == ("https://api.example.com/revoke", {"token": "rt"})
    slack = SLACK.connection()
    assert revoked(slack, oauth(slack), Tokens({"access_token": "at"}, None, 1)) is None


def test_a_service_account_asserts_who_it_is() -> None:
    (request,), tokens = played(flow(FIREBASE.connection()), answer({"access_token": "ya29", "expires_in": 3599}))
    asked = form(request)
    assert asked["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (str(request.url), request.header("authorization")) == ("https://oauth2.example.com/token", None)
    assertion = asked["assertion"]
    claims = jwt.decode(
        assertion, RSA_KEY.public_key(), ["RS256"], audience="https://oauth2.example.com/token",
        options={"verify_exp": False, "verify_iat": False},
    )  # fmt: skip
    begin = int(NOW.timestamp())
    assert claims == {
        "iss": "robot@shop.example",
        "aud": "https://oauth2.example.com/token",
        "scope": "https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/firebase.database",
        "iat": begin,
        "exp": begin + 3600,
    }
    assert jwt.get_unverified_header(assertion)["kid"] == "key-1"
    assert assertion in request.secrets
    assert tokens.expires_at == NOW + timedelta(seconds=3599)


def test_a_service_account_with_a_client_of_its_own() -> None:
    (request,), _ = played(flow(NAVER_WORKS.connection()), answer({"access_token": "at", "expires_in": "86400"}))
    asked = form(request)
    assert {name: asked[name] for name in ("client_id", "client_secret", "scope")} == {
        "client_id": "works", "client_secret": CANARY, "scope": "bot,bot.message",
    }  # fmt: skip
    problem = refused(flow(NAVER_WORKS.connection()), answer({"error": "invalid_client"}, 401))
    assert problem.code == "connection_refused_credentials"


def test_elliptic_curves() -> None:
    assert isinstance(NAVER_WORKS.kind, ServiceAccount)
    kind = NAVER_WORKS.kind.model_copy(update={"algorithm": "ES256"})
    app = app_of(kind, base_url=NAVER_WORKS.base_url)
    connection = connected(app, kind.key, {**NAVER_WORKS.fields, "private_key": EC_PEM.replace("\n", "\\n")})
    (request,), _ = played(flow(connection), answer({"access_token": "at"}))
    claims = jwt.decode(
        form(request)["assertion"],
        EC_KEY.public_key(),
        ["ES256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iss"] == "works"


ZONE = answer({"Data": {"ZONE": "AB", "DOMAIN": ".ecount.com"}, "Status": "200"})
SESSION = answer({"Data": {"Code": "00", "Datas": {"SESSION_ID": f"sid-{CANARY}"}}, "Status": "200"})


def test_a_login_goes_step_by_step() -> None:
    requests, tokens = played(flow(ECOUNT.connection()), ZONE, SESSION)
    assert [(request.method, str(request.url)) for request in requests] == [
        ("POST", "https://oapi.example.com/OAPI/V2/Zone"),
        ("POST", "https://oapiab.example.com/OAPI/V2/OAPILogin"),
    ]
    assert loads(requests[1].body or b"") == {
        "COM_CODE": "80001", "USER_ID": "kim", "API_CERT_KEY": CANARY, "LAN_TYPE": "ko-KR", "ZONE": "AB",
    }  # fmt: skip
    assert requests[0].header("content-type") == "application/json"
    assert all(not request.follow_redirects and request.retries == 0 for request in requests)
    assert tokens == Tokens({"zone": "AB", "session_id": f"sid-{CANARY}"}, NOW + timedelta(hours=1), 0)
    after = ECOUNT.connection().after(tokens)
    assert after.base_url == "https://oapiAB.example.com"
    assert after.may_go_to(URL("https://oapiAB.example.com/x"), ("https", "oapiab.example.com", 443))
    assert f"sid-{CANARY}" in after.secrets(tokens)
    assert "AB" not in after.secrets(tokens)
    moved = ECOUNT.connection("http://127.0.0.1:9")
    requests, tokens = played(flow(moved), ZONE, SESSION)
    assert [str(request.url.origin()) for request in requests] == ["http://127.0.0.1:9"] * 2


@pytest.mark.parametrize(
    ("answers", "kind", "code", "words"),
    [
        ([answer({"Data": None, "Status": "500", "Error": {"Code": 201, "Message": "사용자 없음"}})],
         VendorRejected, "connection_needs_reconnect", "사용자 없음"),
        ([ZONE, answer({"Data": {"Code": "201", "Message": f"{CANARY} is wrong"}, "Status": "200"})],
         VendorRejected, "connection_needs_reconnect", "*** is wrong"),
        ([ZONE, answer({"Data": {"Code": "00", "Datas": {"SESSION_ID": ""}}})],
         VendorRejected, "connection_needs_reconnect", ""),
        ([answer("", 302, Location="https://evil.example/")], VendorRejected, "connection_needs_reconnect", "302"),
        ([answer("down", 502)], VendorDown, "token_server_unavailable", "down"),
        ([answer("", 412)], RateLimited, "token_server_unavailable", "412"),
    ],
)  # fmt: skip
def test_logins_that_fail(answers: Sequence[Response], kind: type[Problem], code: str, words: str) -> None:
    problem = refused(flow(ECOUNT.connection()), *answers)
    assert (type(problem), problem.code) == (kind, code)
    assert words in problem.message()
    assert CANARY not in str(problem.as_dict())


def test_a_zone_cannot_name_another_host() -> None:
    with pytest.raises(InputProblem) as caught:
        played(flow(ECOUNT.connection()), answer({"Data": {"ZONE": "x.evil.example/"}}), SESSION)
    assert caught.value.code == "connection_host_invalid"


@pytest.mark.parametrize(
    ("vendor", "data", "status", "over"),
    [
        (IMWEB_V2, {"code": -3}, 200, True),
        (IMWEB_V2, {"code": 200}, 200, False),
        (IMWEB_V2, {}, 401, True),
        (SLACK, {"ok": False, "error": "token_expired"}, 200, True),
        (SLACK, {"ok": False, "error": "channel_not_found"}, 200, False),
        (SOLAPI, {}, 401, True),
        (SOLAPI, {}, 403, False),
    ],
)
def test_when_credentials_are_over(vendor: Vendor, data: Json, status: int, over: bool) -> None:
    assert is_over(answer(data, status), vendor.connection()) is over


def test_an_app_may_mean_something_else_by_401() -> None:
    errors = ErrorMap(code="code", codes={"QUOTA": "rate_limited"}, statuses={401: "permission"})
    app = app_of(SOLAPI.kind, base_url=SOLAPI.base_url, errors=errors)
    connection = connected(app, "keys", SOLAPI.fields)
    assert not is_over(answer({}, 401), connection)
    assert not is_over(answer({"code": "QUOTA"}, 401), connection)


def test_kinds_that_need_no_tokens_have_no_flow() -> None:
    assert grant(SOLAPI.connection(), None, now=NOW) is None
