"""Sessions that are got by logging in: the steps of the login, and what of it goes into every call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from outcode.appkit.connections import LoginSession, LoginStep
from outcode.appkit.template import filled
from outcode.transport.answer import optional_at
from outcode.transport.http.auth.adding import with_headers, with_query
from outcode.transport.http.auth.connection import HttpConnection
from outcode.transport.http.auth.refusals import holds, json_of, refused, unavailable
from outcode.transport.http.auth.texts import checked_header, filled_text, filled_url, following
from outcode.transport.http.auth.token_endpoint import TOKEN_SECONDS
from outcode.transport.http.auth.tokens import Flow, Tokens
from outcode.transport.http.body import encode_body
from outcode.transport.http.decode import Response
from outcode.transport.http.prepare import PreparedRequest, callable_url
from outcode.values.json import Json
from outcode.values.problems import Place
from outcode.values.references.rendering import render


def logged_in(connection: HttpConnection, kind: LoginSession, *, now: datetime) -> Flow:
    """The flow of the login; whatever it kept is what calls use.

    Raises VendorRejected ``connection_needs_reconnect`` when it is refused: it is then not tried again by itself,
    because vendors lock accounts. VendorDown or RateLimited ``token_server_unavailable`` say nothing of the account.
    """
    kept: dict[str, Json] = {}
    for step in kind.login:
        response = yield _request(connection, step, kept)
        kept |= _kept(connection, step, response, kept)
    return Tokens(kept, now + timedelta(seconds=kind.lifetime_seconds), 0)


def with_session(request: PreparedRequest, kind: LoginSession, values: Mapping[str, Json]) -> PreparedRequest:
    """The request with the session in it."""
    request = with_query(request, {name: filled_text(text, values) for name, text in kind.query.items()})
    return with_headers(request, {name: filled_text(text, values) for name, text in kind.headers.items()})


def _request(connection: HttpConnection, step: LoginStep, kept: Mapping[str, Json]) -> PreparedRequest:
    call = step.request
    there = connection.after(Tokens(kept, None, 0))
    values = there.values(Tokens(kept, None, 0))
    written = filled_url(call.url, values) if isinstance(call.url, str) else render(values.get(call.url.field))
    url = callable_url(following(there.base_url, written))
    body_type = render(filled(call.body_type, values, values))
    body, media_type = encode_body(body_type, filled(call.body, values, values), Place(field="connection"))
    headers = {} if media_type is None else {"Content-Type": media_type}
    headers |= _texts(filled(call.headers or {}, values, values))
    request = PreparedRequest(
        method=render(filled(call.method, values, values)),
        url=url,
        headers=tuple(checked_header(name, text) for name, text in ({"Accept": "application/json"} | headers).items()),
        body=body,
        timeout_seconds=TOKEN_SECONDS,
        # What is sent is the password: it goes where it was meant to go, or nowhere.
        follow_redirects=False,
        secrets=tuple(render(value) for value in kept.values() if len(render(value)) >= 8),
    )
    return with_query(request, _texts(filled(call.query or {}, values, values)))


def _texts(values: Mapping[str, Json]) -> dict[str, str]:
    return {name: render(value) for name, value in values.items()}


def _kept(connection: HttpConnection, step: LoginStep, response: Response, kept: Mapping[str, Json]) -> dict[str, Json]:
    data = json_of(response)
    mask = connection.mask(Tokens(kept, None, 0))
    found = {name: optional_at(data, path) for name, path in step.keep.items()}
    succeeded = 200 <= response.status < 300 and (step.success is None or holds(step.success, data))
    if succeeded and all(isinstance(value, str | int | Decimal) and value != "" for value in found.values()):
        return found
    later = unavailable(response, data, connection.errors, mask)
    raise later or refused("connection_needs_reconnect", response, data, connection.errors, mask)
