"""Asking a token endpoint (RFC 6749, 3.2): how the client proves itself, and what of the answer is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from urllib.parse import quote_plus, urlencode

from outcode.appkit.connections import ClientCredentials, OAuth2Code, ServiceAccount
from outcode.transport.answer import optional_at
from outcode.transport.http.auth.connection import HttpConnection, OAuthClient, basic
from outcode.transport.http.auth.refusals import error_code, json_of, refused, unavailable
from outcode.transport.http.auth.texts import filled_text, filled_url, following
from outcode.transport.http.auth.tokens import Flow, Steps, Tokens
from outcode.transport.http.decode import Response
from outcode.transport.http.prepare import PreparedRequest, callable_url
from outcode.values.json import Json, dump_bytes
from outcode.values.problems import Place, VendorRejected

TOKEN_SECONDS = 30
_LONGEST_SECONDS = 10 * 365 * 24 * 3600
_WRONG_CLIENT = {"invalid_client", "unauthorized_client"}
_SAYS_NO = {400, 401, 403}

TokenKind = ClientCredentials | OAuth2Code | ServiceAccount


@dataclass(frozen=True, slots=True)
class Reply:
    """What a token endpoint answered, and which secrets it was sent, because it may say them back."""

    response: Response
    private: tuple[str, ...] = field(repr=False)


def client_credentials(connection: HttpConnection, kind: ClientCredentials, *, now: datetime) -> Flow:
    """The flow of the client credentials grant (RFC 6749, 4.4)."""
    values = connection.values(None)
    client = OAuthClient(filled_text(kind.client_id, values), filled_text(kind.client_secret, values))
    form = {"grant_type": "client_credentials", "scope": filled_text(kind.scope, values)}
    reply = yield from ask(connection, kind, form, client)
    return read(connection, kind, reply, None, now=now, refusal="connection_refused_credentials")


def ask(
    connection: HttpConnection,
    kind: TokenKind,
    form: Mapping[str, str],
    client: OAuthClient | None,
    *,
    private: tuple[str, ...] = (),
) -> Steps[Reply]:
    """Send ``form`` to the token endpoint; empty members are left out. ``private``: what of it must not be shown."""
    values = connection.values(None)
    parameters = {name: filled_text(text, values) for name, text in kind.token_parameters.items()}
    url = following(connection.base_url, filled_url(kind.token_url, values))
    request = _request(url, kind, {**form, **parameters}, private)
    if client is None:
        return Reply((yield request), request.secrets)
    in_header = _with_basic(request, client)
    identity = {"client_id": client.client_id, "client_secret": client.client_secret}
    in_body = _request(url, kind, {**form, **parameters, **identity}, (*private, client.client_secret))
    match kind.client_authentication:
        case "basic":
            return Reply((yield in_header), in_header.secrets)
        case "body":
            return Reply((yield in_body), in_body.secrets)
        case "either":
            response = yield in_header
            # The standard wants the client's name in the header; servers that only read the body say 400 or 401.
            # One that knows the client and refuses the grant would refuse it again, and might count.
            if response.status in {400, 401} and error_code(json_of(response)) != "invalid_grant":
                response = yield in_body
            return Reply(response, (*in_header.secrets, *in_body.secrets))


def read(
    connection: HttpConnection,
    kind: TokenKind,
    reply: Reply,
    previous: Tokens | None,
    *,
    now: datetime,
    refusal: Literal["connection_refused_credentials", "connection_needs_reconnect"],
) -> Tokens:
    """The tokens in an answer; what a rotating vendor does not send again stays as it was.

    Raises VendorRejected ``refusal``, ``oauth_client_refused`` or ``token_answer_unusable``, and VendorDown or
    RateLimited ``token_server_unavailable``.
    """
    response, data = reply.response, json_of(reply.response)
    mask = connection.mask(previous).and_also(*reply.private)
    later = unavailable(response, data, connection.errors, mask)
    if later is not None:
        raise later
    token = optional_at(data, kind.access_token)
    good = isinstance(token, str) and token.strip() != "" and token.isascii() and token.isprintable()
    if 200 <= response.status < 300 and good:
        return _tokens(kind, data, previous, now)
    if isinstance(kind, OAuth2Code) and error_code(data) in _WRONG_CLIENT:
        raise refused("oauth_client_refused", response, data, connection.errors, mask)
    if response.status in _SAYS_NO or (response.status < 300 and bool(optional_at(data, "error"))):
        raise refused(refusal, response, data, connection.errors, mask)
    raise VendorRejected("token_answer_unusable", host=response.url.host or "", status=response.status)


def _tokens(kind: TokenKind, data: Json, previous: Tokens | None, now: datetime) -> Tokens:
    paths = {"access_token": kind.access_token, "refresh_token": kind.refresh_token}
    if isinstance(kind, OAuth2Code):
        paths |= kind.kept
    found = {name: optional_at(data, path) for name, path in paths.items()}
    known = {name: value for name, value in found.items() if isinstance(value, str | int | Decimal) and value != ""}
    kept = previous.values if previous is not None else {}
    seconds = _seconds(optional_at(data, kind.expires_in)) or kind.token_lifetime_seconds
    end = now + timedelta(seconds=min(seconds, _LONGEST_SECONDS)) if seconds is not None else None
    return Tokens({**kept, **known}, end, previous.version if previous is not None else 0)


def _seconds(expires_in: Json) -> int | None:
    """The stated lifetime; None when it is not stated, or is nothing that could be one (0 is how some say *never*)."""
    text = str(expires_in).strip() if isinstance(expires_in, int | Decimal | str) else ""
    whole = text.partition(".")[0]
    return (int(whole) or None) if whole.isascii() and whole.isdigit() and len(whole) < 15 else None


def _request(url: str, kind: TokenKind, form: Mapping[str, str], private: tuple[str, ...]) -> PreparedRequest:
    members = {kind.parameter_names.get(name, name): value for name, value in form.items() if value}
    match kind.token_body:
        case "json":
            body, media_type = dump_bytes(members), "application/json"
        case "form":
            body, media_type = urlencode(members).encode("ascii"), "application/x-www-form-urlencoded"
    return PreparedRequest(
        method="POST",
        url=callable_url(url, Place(field="connection.token_url")),
        headers=(("Content-Type", media_type), ("Accept", "application/json")),
        body=body,
        timeout_seconds=TOKEN_SECONDS,
        # What is sent is the secret itself: it goes where it was meant to go, or nowhere.
        follow_redirects=False,
        secrets=private,
    )


def _with_basic(request: PreparedRequest, client: OAuthClient) -> PreparedRequest:
    header = basic(quote_plus(client.client_id), quote_plus(client.client_secret))
    secrets = (*request.secrets, client.client_secret, header.removeprefix("Basic "))
    return replace(request, headers=(*request.headers, ("Authorization", header)), secrets=secrets)
