"""Sending one request on somebody's behalf: credentials for the hosts they belong to, tokens, redirects, repeats."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from secrets import token_hex
from typing import TYPE_CHECKING, TypeVar

from yarl import URL

from outcode.appkit.connections import OAuth2Code
from outcode.transport.guard import EgressGuard
from outcode.transport.http.auth import (
    HttpConnection,
    MemoryTokens,
    Origin,
    Steps,
    TokenKeeper,
    Tokens,
    authorized,
    drive,
    grant,
    is_over,
    needs_tokens,
    origin_of,
    refusal,
    revoked,
    same_origin,
)
from outcode.transport.http.decode import Response
from outcode.transport.http.exchange import RESPONSE_LIMIT, Exchange, is_redirect
from outcode.transport.http.prepare import PreparedRequest, callable_url
from outcode.transport.http.trace import Mask, Trace
from outcode.values.problems import InputProblem, PermissionProblem, Place, RateLimited, VendorDown, VendorRejected

if TYPE_CHECKING:
    from outcode.transport.http.wire import Wire

REDIRECT_LIMIT = 5
TOKEN_ANSWER_LIMIT = 1024 * 1024
_RENEWED_AGAIN_AFTER = 300.0
"""Seconds: fresh tokens that are refused, too, say that tokens are not what is wrong."""
_TRIED_AGAIN_AFTER = 10.0
"""Seconds: a token server in trouble is not asked by every call of the last minute."""
_REMEMBERED = 1000
_KEPT_ELSEWHERE = {
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "content-encoding",
    "content-language",
    "content-location",
    "content-type",
    "if-modified-since",
    "if-none-match",
    "pragma",
    "range",
    "user-agent",
}
"""Headers that another server is told, too: any other may hold a key, whatever its name."""
_DROPPED_WITH_BODY = {"content-type", "content-encoding", "content-language", "content-location"}

_NO_TOKENS = Tokens({}, None, 0)

Record = Callable[[Trace], None]
_Result = TypeVar("_Result")
_Moments = OrderedDict[tuple[str, int], float]


@dataclass(frozen=True, slots=True)
class _Caller:
    """On whose behalf a request goes out: the credentials (None: none), where they may go, what must not be shown."""

    connection: HttpConnection | None
    tokens: Tokens | None
    home: Origin
    mask: Mask
    record: Record
    limit: int = RESPONSE_LIMIT


class Sender:
    """Sends prepared requests through the egress guard; one for a process, closed with :meth:`close`.

    ``allow_unverified_tls``: whether tasks may switch certificate checks off. ``tokens`` keeps what connections got;
    without it they are kept in memory.
    """

    def __init__(
        self, guard: EgressGuard, *, allow_unverified_tls: bool = True, tokens: TokenKeeper | None = None
    ) -> None:
        self._guard = guard
        self._allow_unverified_tls = allow_unverified_tls
        self._wire: Wire | None = None
        self._keeper: TokenKeeper = tokens or MemoryTokens()
        self._latest: OrderedDict[tuple[str, int], Tokens] = OrderedDict()
        self._in_vain: _Moments = OrderedDict()
        self._too_early: _Moments = OrderedDict()

    async def send(
        self,
        request: PreparedRequest,
        connection: HttpConnection | None = None,
        *,
        tokens: Tokens | None = None,
        record: Record | None = None,
        home: Origin | None = None,
    ) -> Response:
        """Send one prepared request, following redirects; an answer of any status is an answer.

        ``tokens`` are those that whoever prepared the request has got already. ``home`` is where the call began, when
        that is not the request's own origin. Raises InputProblem, EgressRefused, VendorDown and VendorRejected:
        ``connection_refused_credentials`` (not for status 401 where the request takes any status) or
        ``connection_needs_reconnect``.
        """
        if not request.verify_tls and not self._allow_unverified_tls:
            raise PermissionProblem("http_verify_tls_forbidden", Place(field="inputs.verify_tls"))
        note = record or _ignore
        home = home or origin_of(request.url)
        if connection is None:
            return await self._follow(request, _Caller(None, None, home, Mask(request.secrets), note))
        tokens = self._still_good(connection, tokens) or await self.tokens(connection, record=record)
        connection = connection.after(tokens)
        _check_host(request.url, connection, home)
        response = await self._as_caller(request, connection, tokens, home, note)
        if is_over(response, connection):
            response, tokens = await self._renewed(request, response, connection, tokens, home, note)
        if is_over(response, connection) and (request.fail_on_status or response.status != 401):
            raise refusal(response, connection, connection.mask(tokens))
        return response

    async def tokens(self, connection: HttpConnection, *, record: Record | None = None) -> Tokens | None:
        """The connection's tokens, got or renewed where that is due; None where its kind needs none."""
        if not needs_tokens(connection):
            return None
        now = datetime.now(UTC)
        kept = await self._keeper.kept(connection)
        good = kept is not None and (kept.expires_at is None or kept.expires_at > now)
        if kept is not None and good and (kept.last(now) or _lately(self._too_early, connection, _TRIED_AGAIN_AFTER)):
            return self._remember(connection, kept)
        try:
            return await self._obtained(connection, kept, record or _ignore)
        except (VendorDown, RateLimited):
            # What is renewed a minute early is still good for that minute.
            if kept is None or not good:
                raise
            _put(self._too_early, _key(connection), time.monotonic())
            return self._remember(connection, kept)

    async def run(
        self, steps: Steps[_Result], connection: HttpConnection, tokens: Tokens | None, *, record: Record | None = None
    ) -> _Result:
        """Carry a flow out: through the guard, traced without its secrets, never repeated, never redirected."""

        async def send(request: PreparedRequest) -> Response:
            mask = Mask((*connection.secrets(tokens), *request.secrets))
            caller = _Caller(None, None, origin_of(request.url), mask, record or _ignore, TOKEN_ANSWER_LIMIT)
            return await self._follow(request, caller)

        return await drive(steps, send)

    async def revoked(self, connection: HttpConnection) -> Callable[[], Awaitable[None]] | None:
        """What takes the connection's tokens back at the vendor's, to be called once they are not needed any more.

        None where there is nothing to take back.
        """
        tokens = await self._keeper.kept(connection) if isinstance(connection.kind, OAuth2Code) else None
        if tokens is None or not isinstance(connection.kind, OAuth2Code):
            return None
        steps = revoked(connection, connection.kind, tokens)
        return partial(self.run, steps, connection, tokens) if steps is not None else None

    def secrets_of(self, connection: HttpConnection) -> tuple[str, ...]:
        """What must not be shown of a connection, its latest tokens included."""
        return connection.secrets(self._latest.get(_key(connection)))

    def mask_of(self, connection: HttpConnection | None) -> Mask:
        """What must not be shown of the answers to a connection's calls."""
        return connection.mask(self._latest.get(_key(connection))) if connection is not None else Mask()

    async def close(self) -> None:
        """Close all connections."""
        if self._wire is not None:
            await self._wire.close()
            self._wire = None

    async def _renewed(
        self,
        request: PreparedRequest,
        response: Response,
        connection: HttpConnection,
        tokens: Tokens | None,
        home: Origin,
        record: Record,
    ) -> tuple[Response, Tokens | None]:
        """The answer once the tokens were got anew; a refused request was not carried out, so it may go again."""
        if tokens is None or _lately(self._in_vain, connection, _RENEWED_AGAIN_AFTER):
            return response, tokens
        fresh = await self._obtained(connection, tokens, record)
        response = await self._as_caller(request, connection.after(fresh), fresh, home, record)
        if is_over(response, connection):
            _put(self._in_vain, _key(connection), time.monotonic())
        return response, fresh

    async def _obtained(self, connection: HttpConnection, stale: Tokens | None, record: Record) -> Tokens:
        async def fetch(previous: Tokens | None) -> Tokens:
            flow = grant(connection, previous, now=datetime.now(UTC))
            if flow is None:
                return _NO_TOKENS
            try:
                return await self.run(flow, connection, previous, record=record)
            except VendorDown as problem:
                # Under another code, so that a call is not repeated because a login's answer was lost: vendors lock
                # accounts that sign in too often.
                if problem.code != "http_connection_lost":
                    raise
                host = str(problem.details.get("host", "-"))
                raise VendorDown(
                    "token_server_unavailable", host=host, status="-", excerpt=problem.message()
                ) from problem

        return self._remember(connection, await self._keeper.obtain(connection, stale, fetch))

    def _still_good(self, connection: HttpConnection, tokens: Tokens | None) -> Tokens | None:
        """The tokens at hand, or those got since, if they have not ended."""
        latest = self._latest.get(_key(connection))
        if tokens is None or latest is None:
            return None
        newest = max(tokens, latest, key=lambda each: each.version)
        return newest if newest.expires_at is None or newest.expires_at > datetime.now(UTC) else None

    def _remember(self, connection: HttpConnection, tokens: Tokens) -> Tokens:
        _put(self._latest, _key(connection), tokens)
        return tokens

    async def _as_caller(
        self,
        request: PreparedRequest,
        connection: HttpConnection,
        tokens: Tokens | None,
        home: Origin,
        record: Record,
    ) -> Response:
        mask = Mask((*connection.secrets(tokens), *request.secrets))
        return await self._follow(request, _Caller(connection, tokens, home, mask, record))

    async def _follow(self, request: PreparedRequest, caller: _Caller) -> Response:
        wire = self._wire or await self._open_wire()
        deadline = asyncio.get_running_loop().time() + request.timeout_seconds
        hop = request
        elapsed = 0
        for _ in range(REDIRECT_LIMIT + 1):
            sent, mask = hop, caller.mask
            if caller.connection is not None and caller.connection.may_go_to(hop.url, caller.home):
                sent = authorized(hop, caller.connection, caller.tokens, now=datetime.now(UTC), salt=token_hex(16))
                mask = mask.and_also(*sent.secrets)
            exchange = Exchange(
                method=sent.method,
                url=sent.url,
                headers=sent.headers,
                body=sent.body,
                verify_tls=sent.verify_tls,
                deadline=deadline,
                seconds=sent.timeout_seconds,
                attempt=1,
                mask=mask,
                record=caller.record,
                limit=caller.limit,
            )
            response = await wire.send(exchange)
            elapsed += response.elapsed_ms
            location = response.header("location")
            if not hop.follow_redirects or location is None or not is_redirect(response.status, location):
                # What was sent may hold a credential in its query; what is told is the URL without it.
                return replace(response, url=hop.url, elapsed_ms=elapsed)
            hop = _redirected(hop, response.status, location)
        raise VendorRejected("http_too_many_redirects", host=request.url.host or "", limit=REDIRECT_LIMIT)

    async def _open_wire(self) -> Wire:
        # aiohttp takes long to import, with the certificates it reads; leases are renewed meanwhile.
        module = await asyncio.to_thread(import_module, "outcode.transport.http.wire")
        if self._wire is None:
            self._wire = module.Wire(self._guard)
        return self._wire


def _check_host(url: URL, connection: HttpConnection, home: Origin) -> None:
    limited = connection.kind.kind != "none" or bool(connection.fields.get("allowed_hosts"))
    if limited and not connection.may_go_to(url, home):
        allowed = list(connection.hosts) or [str(home[1])]
        raise InputProblem("http_credential_host", host=url.host or "", allowed=allowed)


def _redirected(hop: PreparedRequest, status: int, location: str) -> PreparedRequest:
    """The request of the next hop: another method where HTTP says so, and nothing secret for another server."""
    try:
        url = callable_url(str(hop.url.join(URL(location))))
    except (ValueError, InputProblem) as error:
        raise VendorRejected("http_bad_redirect", host=hop.url.host or "") from error
    headers = hop.headers
    if not same_origin(origin_of(url), origin_of(hop.url)):
        headers = tuple(pair for pair in headers if pair[0].lower() in _KEPT_ELSEWHERE)
    method, body = hop.method, hop.body
    if (status == 303 and method != "HEAD") or (status in {301, 302} and method == "POST"):
        method, body = "GET", None
        headers = tuple(pair for pair in headers if pair[0].lower() not in _DROPPED_WITH_BODY)
    return replace(hop, url=url, method=method, body=body, headers=headers)


def _key(connection: HttpConnection) -> tuple[str, int]:
    return connection.id, connection.version


def _lately(moments: _Moments, connection: HttpConnection, seconds: float) -> bool:
    moment = moments.get(_key(connection))
    return moment is not None and time.monotonic() - moment < seconds


def _put(memory: OrderedDict[tuple[str, int], _Result], key: tuple[str, int], value: _Result) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)


def _ignore(_trace: Trace) -> None:
    return
