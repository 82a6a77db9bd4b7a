"""OAuth 2.0 authorization code: the page a person agrees on, the exchange of the code, renewal, and taking it back."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import replace
from datetime import datetime

from yarl import URL

from outcode.appkit.connections import OAuth2Code
from outcode.transport.http.auth.connection import HttpConnection, OAuthClient
from outcode.transport.http.auth.texts import filled_text, filled_url, following
from outcode.transport.http.auth.token_endpoint import ask, read
from outcode.transport.http.auth.tokens import Flow, Steps, Tokens
from outcode.transport.http.prepare import callable_url
from outcode.values.problems import SetupProblem, VendorRejected
from outcode.values.references.rendering import render

_NO_REFRESH_TOKEN = {"en": "there is no refresh token", "ko": "리프레시 토큰이 없음"}


def new_verifier() -> str:
    """A code verifier (RFC 7636, 4.1), kept from the person's departure until the code comes back."""
    return secrets.token_urlsafe(48)


def authorization_url(
    connection: HttpConnection, kind: OAuth2Code, *, redirect_uri: str, state: str, verifier: str
) -> URL:
    """Where a person agrees; raises SetupProblem ``oauth_client_missing``."""
    values = connection.values(None)
    parameters = {
        "response_type": "code",
        "client_id": _client(connection).client_id,
        "redirect_uri": redirect_uri,
        "scope": kind.scope_separator.join(filled_text(scope, values) for scope in kind.scopes),
        "state": state,
    }
    if kind.pkce:
        digest = hashlib.sha256(verifier.encode("ascii")).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        parameters |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    parameters |= {name: filled_text(text, values) for name, text in kind.authorize_parameters.items()}
    url = callable_url(following(connection.base_url, filled_url(kind.authorize_url, values)))
    return url.update_query({kind.parameter_names.get(name, name): text for name, text in parameters.items() if text})


def exchanged(
    connection: HttpConnection, kind: OAuth2Code, code: str, *, redirect_uri: str, verifier: str, now: datetime
) -> Flow:
    """The flow from a code to tokens (RFC 6749, 4.1.3); a code is good once, so a failed exchange is not repeated."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if kind.pkce:
        form["code_verifier"] = verifier
    reply = yield from ask(connection, kind, form, _client(connection), private=(code, verifier))
    return read(connection, kind, reply, None, now=now, refusal="connection_needs_reconnect")


def refreshed(connection: HttpConnection, kind: OAuth2Code, previous: Tokens | None, *, now: datetime) -> Flow:
    """The flow from a refresh token to new tokens (RFC 6749, 6).

    Raises VendorRejected ``connection_needs_reconnect`` where there is none, or the vendor no longer takes it.
    """
    token = render(previous.values.get("refresh_token")) if previous is not None else ""
    if kind.refresh == "none" or not token:
        host = URL(following(connection.base_url, filled_url(kind.token_url, connection.values(None)))).host or ""
        raise VendorRejected("connection_needs_reconnect", host=host, status=None, excerpt=_NO_REFRESH_TOKEN)
    form = {"grant_type": "refresh_token", "refresh_token": token}
    reply = yield from ask(connection, kind, form, _client(connection), private=(token,))
    return read(connection, kind, reply, previous, now=now, refusal="connection_needs_reconnect")


def revoked(connection: HttpConnection, kind: OAuth2Code, tokens: Tokens) -> Steps[None] | None:
    """The flow that takes tokens back at the vendor's (RFC 7009); None where the vendor has no such endpoint.

    The vendor's answer does not matter: it may have forgotten them already.
    """
    token = render(tokens.values.get("refresh_token") or tokens.values.get("access_token"))
    if kind.revoke_url is None or not token:
        return None
    there = kind.model_copy(update={"token_url": kind.revoke_url, "token_parameters": {}})
    return _revoked(replace(connection, kind=there), there, token)


def _revoked(connection: HttpConnection, kind: OAuth2Code, token: str) -> Steps[None]:
    yield from ask(connection, kind, {"token": token}, _client(connection), private=(token,))


def _client(connection: HttpConnection) -> OAuthClient:
    if connection.client is None:
        raise SetupProblem("oauth_client_missing", app=connection.app)
    return connection.client
