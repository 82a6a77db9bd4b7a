"""Access tokens of the OAuth 2.0 client credentials grant: fetched through the same client, kept until they expire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import quote_plus, urlencode

from outcode.transport.http.auth import HttpConnection, basic
from outcode.transport.http.decode import Response, text_body
from outcode.transport.http.prepare import PreparedRequest, callable_url
from outcode.transport.http.trace import Mask
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, Place, VendorRejected

_EARLY_SECONDS = 60
_UNSTATED_SECONDS = 300
_LONGEST_SECONDS = 24 * 3600

Send = Callable[[PreparedRequest, Mask], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    good_until: float


class TokenCache:
    """One token per credential, in memory only; tasks that need the same one at the same time wait for one fetch."""

    def __init__(self) -> None:
        self._tokens: dict[HttpConnection, _Token] = {}
        self._fetching: dict[HttpConnection, asyncio.Lock] = {}

    def kept(self, connection: HttpConnection) -> str | None:
        """The token at hand that is still good, or None."""
        token = self._tokens.get(connection)
        return token.text if token is not None and token.good_until > time.monotonic() else None

    def forget(self, connection: HttpConnection, token: str) -> None:
        """Drop a token that the other side refused, unless a newer one has taken its place."""
        if self.kept(connection) == token:
            del self._tokens[connection]

    async def token(self, connection: HttpConnection, send: Send) -> str:
        """A good token; raises VendorRejected ``http_token_refused`` or what sending raises."""
        lock = self._fetching.setdefault(connection, asyncio.Lock())
        async with lock:
            kept = self.kept(connection)
            if kept is not None:
                return kept
            self._drop_expired()
            token = await _fetch(connection, send)
            self._tokens[connection] = token
            return token.text

    def _drop_expired(self) -> None:
        now = time.monotonic()
        for connection in [known for known, token in self._tokens.items() if token.good_until <= now]:
            del self._tokens[connection]
        for connection in [known for known, lock in self._fetching.items() if not lock.locked()]:
            del self._fetching[connection]


async def _fetch(connection: HttpConnection, send: Send) -> _Token:
    mask = Mask(connection.secrets())
    identity = {"client_id": connection.client_id, "client_secret": connection.client_secret}
    header = basic(quote_plus(connection.client_id), quote_plus(connection.client_secret))
    # The standard wants the client's name in the header; servers that only read it from the body say 400 or 401.
    response = await send(_request(connection, {}, header), mask.and_also(header))
    if response.status in {400, 401}:
        response = await send(_request(connection, identity, None), mask)
    answer = _object(response)
    token = answer.get("access_token")
    if response.status != 200 or not isinstance(token, str) or not token.isascii() or not token.isprintable():
        said = answer.get("error_description") or answer.get("error") or text_body(response)
        reason = f"{response.status} {' '.join(mask.text(str(said)[:1000]).split())[:200]}"
        raise VendorRejected("http_token_refused", host=response.url.host or "", reason=reason.strip())
    return _Token(token, time.monotonic() + _lifetime(answer.get("expires_in")))


def _request(connection: HttpConnection, identity: Mapping[str, str], authorization: str | None) -> PreparedRequest:
    form = {"grant_type": "client_credentials", **({"scope": connection.scope} if connection.scope else {}), **identity}
    request = PreparedRequest(
        method="POST",
        url=callable_url(connection.token_url, Place(field="connection.token_url")),
        headers=(("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")),
        body=urlencode(form).encode("ascii"),
        follow_redirects=False,
    )
    if authorization is None:
        return request
    return replace(request, headers=(*request.headers, ("Authorization", authorization)))


def _object(response: Response) -> dict[str, Json]:
    try:
        answer = loads(text_body(response))
    except InputProblem:
        return {}
    return answer if isinstance(answer, dict) else {}


def _lifetime(expires_in: Json) -> float:
    text = str(expires_in) if isinstance(expires_in, int | Decimal | str) else ""
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else _UNSTATED_SECONDS
    return max(min(seconds, _LONGEST_SECONDS) - min(_EARLY_SECONDS, seconds // 2), 0)
