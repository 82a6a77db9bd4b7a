"""A real OAuth 2.0 authorization server on a free loopback port: Authlib answers, Flask listens, in its own thread.

It knows one client and one person, hands out codes (PKCE checked), rotates refresh tokens, takes client credentials and
JWT assertions, revokes, and protects ``/me``. Where a test needs a vendor that misbehaves, :attr:`behave` says how.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any, Literal
from urllib.parse import urlencode

from authlib.integrations.flask_oauth2 import AuthorizationServer  # type: ignore[import-untyped]  # Authlib: no types
from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]  # see above
from authlib.oauth2.rfc6749 import grants  # type: ignore[import-untyped]  # see above
from authlib.oauth2.rfc7009 import RevocationEndpoint  # type: ignore[import-untyped]  # see above
from authlib.oauth2.rfc7523 import JWTBearerGrant  # type: ignore[import-untyped]  # see above
from authlib.oauth2.rfc7636 import CodeChallenge  # type: ignore[import-untyped]  # see above
from flask import Flask, Response, jsonify, redirect, request
from joserfc.jwk import import_key
from werkzeug.serving import WSGIRequestHandler, make_server

Behaviour = Literal[
    "well", "slow", "error_500", "not_json", "no_access_token", "invalid_grant", "redirect", "huge",
    "expires_as_text", "expires_absent", "expires_negative", "keeps_refresh_token",
]  # fmt: skip
"""What the token endpoint does; every name but ``well``, ``slow`` and the last four hands out no token."""

CONSENT = """<!doctype html><title>Consent</title><h1>Let Outcode in?</h1>
<form method="post"><button name="answer" value="yes">Agree</button><button name="answer" value="no">Refuse</button>
</form>"""


@dataclass
class Client:
    """The one registered client, as Authlib asks about it."""

    client_id: str = "outcode-client"
    client_secret: str = "client-s3cret-canary"
    redirect_uris: tuple[str, ...] = ()
    """Empty: any."""
    authentication: tuple[str, ...] = ("client_secret_basic", "client_secret_post")

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        return self.redirect_uris[0] if self.redirect_uris else None

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return not self.redirect_uris or redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.client_secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in self.authentication

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return True


@dataclass
class _Code:
    redirect_uri: str | None
    scope: str
    challenge: str | None
    method: str | None

    def get_redirect_uri(self) -> str | None:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass
class Issued:
    """A token pair that was handed out."""

    access_token: str
    refresh_token: str | None
    scope: str
    good_until: float
    revoked: bool = False
    """The access token."""
    spent: bool = False
    """The refresh token: exchanged or revoked."""

    def get_scope(self) -> str:
        return self.scope

    def check_client(self, _client: Client) -> bool:
        return True


@dataclass
class Authorization:
    """A running server; what it was asked, what it handed out, and how it behaves."""

    base: str = ""
    client: Client = field(default_factory=Client)
    behave: Behaviour = "well"
    consent: Literal["granted", "refused", "asked"] = "granted"
    """``asked``: a page with the buttons "Agree" and "Refuse"."""
    expires_in: int = 3600
    seconds: float = 2.0
    """How long ``slow`` takes."""
    elsewhere: str = "/token"
    """Where ``redirect`` leads."""
    keys: dict[str, str] = field(default_factory=dict)
    """Public keys (PEM) by the issuer (``iss``) whose assertions they prove."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The parameters of every visit of the authorization page."""
    forms: list[dict[str, str]] = field(default_factory=list)
    """The form of every token request."""
    headers: list[dict[str, str]] = field(default_factory=list)
    """The headers of every token request, names in lower case."""
    issued: list[Issued] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    codes: dict[str, _Code] = field(default_factory=dict)

    @property
    def authorize_url(self) -> str:
        return f"{self.base}/authorize"

    @property
    def token_url(self) -> str:
        return f"{self.base}/token"

    @property
    def revoke_url(self) -> str:
        return f"{self.base}/revoke"

    @property
    def protected_url(self) -> str:
        """Answers ``{"email": "kim@example.com"}`` to a good access token and 401 to any other."""
        return f"{self.base}/me"

    def grants(self) -> list[str]:
        """The ``grant_type`` of every token request."""
        return [form.get("grant_type", "") for form in self.forms]

    def end_access(self) -> None:
        """Take every access token back before its time; refresh tokens stay good."""
        for token in self.issued:
            token.revoked = True

    def end_grants(self) -> None:
        """Take everything back, as when a person removes the app from their account."""
        for token in self.issued:
            token.revoked = token.spent = True

    def good(self, access_token: str) -> bool:
        """Whether ``/me`` takes it."""
        return any(
            token.access_token == access_token and not token.revoked and token.good_until > time.time()
            for token in self.issued
        )

    def by_refresh_token(self, refresh_token: str) -> Issued | None:
        """The pair of a refresh token that is still good."""
        return next((token for token in self.issued if token.refresh_token == refresh_token and not token.spent), None)


@contextmanager
def authorization() -> Iterator[Authorization]:
    """A running server, ended afterwards."""
    state = Authorization()
    server = make_server("127.0.0.1", 0, _flask(state), threaded=True, request_handler=_Quiet)
    state.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the parent's name
        return


def _flask(state: Authorization) -> Flask:
    app = Flask("authorization")
    app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
    server = AuthorizationServer(app, lambda client_id: _client(state, client_id), lambda *token: _save(state, *token))
    server.register_token_generator("default", lambda **options: _generated(state, **options))
    _register(server, state)
    one_at_a_time = threading.Lock()

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Any:
        try:
            grant = server.get_consent_grant(end_user="kim")
        except OAuth2Error as error:
            return jsonify(dict(error.get_body())), 400
        if request.method == "GET":
            state.asked.append(request.args.to_dict())
            if state.consent == "asked":
                return CONSENT
            agreed = state.consent == "granted"
        else:
            agreed = request.form.get("answer") == "yes"
        return server.create_authorization_response(grant=grant, grant_user="kim" if agreed else None)

    @app.post("/token")
    def token() -> Any:
        state.forms.append(request.form.to_dict())
        state.headers.append({name.lower(): value for name, value in request.headers.items()})
        if state.behave == "slow":
            time.sleep(state.seconds)
        refused = _refused(state)
        if refused is not None:
            return refused
        with one_at_a_time:
            return server.create_token_response()

    @app.post("/revoke")
    def revoke() -> Any:
        return server.create_endpoint_response("revocation")

    @app.get("/me")
    def me() -> Any:
        scheme, _, access_token = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and state.good(access_token):
            return jsonify(email="kim@example.com")
        return jsonify(error="invalid_token"), 401

    return app


def _refused(state: Authorization) -> Any:
    match state.behave:
        case "error_500":
            return jsonify(error="server_error"), 500
        case "not_json":
            return Response("<html>Sign in</html>", content_type="text/html")
        case "no_access_token":
            return jsonify(token_type="Bearer", expires_in=3600)
        case "invalid_grant":
            return jsonify(error="invalid_grant", error_description="Token has been expired or revoked."), 400
        case "redirect":
            return redirect(f"{state.elsewhere}?{urlencode({'from': 'token'})}", 307)
        case "huge":
            return Response((b" " * 65536 for _ in range(1024)), content_type="application/json")
        case _:
            return None


def _client(state: Authorization, client_id: str) -> Client | None:
    return state.client if client_id == state.client.client_id else None


def _generated(state: Authorization, *, scope: str | None = None, **options: Any) -> dict[str, Any]:
    token: dict[str, Any] = {"token_type": "Bearer", "access_token": f"access-{token_urlsafe(24)}"}
    seconds = state.expires_in
    match state.behave:
        case "expires_as_text":
            token["expires_in"] = str(seconds)
        case "expires_negative":
            token["expires_in"] = -1
        case "expires_absent":
            pass
        case _:
            token["expires_in"] = seconds
    if options.get("include_refresh_token", True) and options.get("user") and state.behave != "keeps_refresh_token":
        token["refresh_token"] = f"refresh-{token_urlsafe(24)}"
    if scope:
        token["scope"] = scope
    return token


def _save(state: Authorization, token: dict[str, Any], _request: object) -> None:
    pair = Issued(
        access_token=token["access_token"],
        refresh_token=token.get("refresh_token"),
        scope=token.get("scope", ""),
        good_until=time.time() + state.expires_in,
    )
    state.issued.append(pair)


def _register(server: Any, state: Authorization) -> None:
    class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib comes without types
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

        def save_authorization_code(self, code: str, request: Any) -> None:
            data = request.payload.data
            state.codes[code] = _Code(
                redirect_uri=data.get("redirect_uri"),
                scope=data.get("scope") or "",
                challenge=data.get("code_challenge"),
                method=data.get("code_challenge_method"),
            )

        def query_authorization_code(self, code: str, client: Client) -> _Code | None:
            # A code is good once.
            return state.codes.pop(code, None)

        def delete_authorization_code(self, authorization_code: _Code) -> None:
            return

        def authenticate_user(self, authorization_code: _Code) -> str:
            return "kim"

    class Challenge(CodeChallenge):  # type: ignore[misc]  # Authlib comes without types
        def get_authorization_code_challenge(self, authorization_code: _Code) -> str | None:
            return authorization_code.challenge

        def get_authorization_code_challenge_method(self, authorization_code: _Code) -> str | None:
            return authorization_code.method

    class RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]  # Authlib comes without types
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")
        INCLUDE_NEW_REFRESH_TOKEN = True

        def authenticate_refresh_token(self, refresh_token: str) -> Issued | None:
            return state.by_refresh_token(refresh_token)

        def authenticate_user(self, refresh_token: Issued) -> str:
            return "kim"

        def revoke_old_credential(self, refresh_token: Issued) -> None:
            refresh_token.spent = state.behave != "keeps_refresh_token"

    class ClientGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]  # Authlib comes without types
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    class AssertionGrant(JWTBearerGrant):  # type: ignore[misc]  # Authlib comes without types
        def resolve_issuer_client(self, issuer: str) -> Client | None:
            self.issuer = issuer
            return state.client if issuer in state.keys else None

        def resolve_client_public_key(self, client: Client) -> Any:
            pem = state.keys[self.issuer]
            return import_key(pem, "EC" if len(pem) < 300 else "RSA")

        def authenticate_user(self, subject: str) -> str:
            return subject

        def has_granted_permission(self, client: Client, user: str) -> bool:
            return True

        def get_audiences(self) -> list[str]:
            return [state.token_url]

    class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib comes without types
        CLIENT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

        def query_token(self, token_string: str, token_type_hint: str | None) -> Issued | None:
            state.revoked.append(token_string)
            tokens = (token for token in state.issued if token_string in {token.access_token, token.refresh_token})
            return next(tokens, None)

        def revoke_token(self, token: Issued, request: object) -> None:
            token.revoked = token.spent = True

    server.register_grant(CodeGrant, [Challenge(required=False)])
    for grant in (RefreshGrant, ClientGrant, AssertionGrant):
        server.register_grant(grant)
    server.register_endpoint(Revocation)
