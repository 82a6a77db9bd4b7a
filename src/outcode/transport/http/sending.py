"""Sending one request on somebody's behalf: credentials for the hosts they belong to, tokens, redirects, repeats."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from secrets import token_hex
from typing import TypeVar

from yarl import URL

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
    same_origin,
)
from outcode.transport.http.decode import Response
from outcode.transport.http.prepare import PreparedRequest, callable_url
from outcode.transport.http.retry import wait_before_next
from outcode.transport.http.trace import Mask, Trace
from outcode.transport.http.wire import RESPONSE_LIMIT, Exchange, Wire, is_redirect
from outcode.values.problems import InputProblem, PermissionProblem, Place, RateLimited, VendorDown, VendorRejected

REDIRECT_LIMIT = 5
TOKEN_ANSWER_LIMIT = 1024 * 1024
_RENEWED_AGAIN_AFTER = 300.0
"""Seconds: fresh tokens that are refused, too, say that tokens are not what is wrong."""
_REMEMBERED = 1000
_DROPPED_ELSEWHERE = {"authorization", "cookie", "proxy-authorization"}
_DROPPED_WITH_BODY = {"content-type", "content-encoding", "content-language", "content-location"}

_NO_TOKENS = Tokens({}, None, 0)

Record = Callable[[Trace], None]
_Result = TypeVar("_Result")


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
        self._in_vain: OrderedDict[tuple[str, int], float] = OrderedDict()

    async def send(
        self,
        request: PreparedRequest,
        connection: HttpConnection | None = None,
        *,
        record: Record | None = None,
        home: Origin | None = None,
    ) -> Response:
        """Send one prepared request, with redirects and repeats; an answer of any status is an answer.

        ``home`` is where the call began, when that is not the request's own origin. Raises
        InputProblem, EgressRefused, VendorDown and VendorRejected: ``connection_refused_credentials`` (unless the
        request takes any status) or ``connection_needs_reconnect``.
        """
        if not request.verify_tls and not self._allow_unverified_tls:
            raise PermissionProblem("http_verify_tls_forbidden", Place(field="inputs.verify_tls"))
        note = record or _ignore
        home = home or origin_of(request.url)
        if connection is None:
            return await self._repeated(request, _Caller(None, None, home, Mask(request.secrets), note))
        tokens = await self.tokens(connection, record=record)
        connection = connection.after(tokens)
        _check_host(request.url, connection, home)
        response = await self._as_caller(request, connection, tokens, home, note)
        if is_over(response, connection):
            response, tokens = await self._renewed(request, response, connection, tokens, home, note)
        if is_over(response, connection) and request.fail_on_status:
            raise refusal(response, connection, connection.mask(tokens))
        return response

    async def tokens(self, connection: HttpConnection, *, record: Record | None = None) -> Tokens | None:
        """The connection's tokens, got or renewed where that is due; None where its kind needs none."""
        if not needs_tokens(connection):
            return None
        now = datetime.now(UTC)
        kept = await self._keeper.kept(connection)
        if kept is not None and kept.last(now):
            return self._remember(connection, kept)
        try:
            return await self._obtained(connection, kept, record or _ignore)
        except (VendorDown, RateLimited):
            # What is renewed a minute early is still good for that minute.
            if kept is None or kept.expires_at is None or kept.expires_at <= now:
                raise
            return self._remember(connection, kept)

    async def run(
        self, steps: Steps[_Result], connection: HttpConnection, tokens: Tokens | None, *, record: Record | None = None
    ) -> _Result:
        """Carry a flow out: through the guard, traced without its secrets, never repeated, never redirected."""

        async def send(request: PreparedRequest) -> Response:
            mask = Mask((*connection.secrets(tokens), *request.secrets))
            caller = _Caller(None, None, origin_of(request.url), mask, record or _ignore, TOKEN_ANSWER_LIMIT)
            return await self._follow(request, caller, 1)

        return await drive(steps, send)

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
        last_in_vain = self._in_vain.get(_key(connection))
        if tokens is None or (last_in_vain is not None and time.monotonic() - last_in_vain < _RENEWED_AGAIN_AFTER):
            return response, tokens
        fresh = await self._obtained(connection, tokens, record)
        response = await self._as_caller(request, connection.after(fresh), fresh, home, record)
        if is_over(response, connection):
            _put(self._in_vain, _key(connection), time.monotonic())
        return response, fresh

    async def _obtained(self, connection: HttpConnection, stale: Tokens | None, record: Record) -> Tokens:
        async def fetch(previous: Tokens | None) -> Tokens:
            flow = grant(connection, previous, now=datetime.now(UTC))
            return await self.run(flow, connection, previous, record=record) if flow is not None else _NO_TOKENS

        return self._remember(connection, await self._keeper.obtain(connection, stale, fetch))

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
        return await self._repeated(request, _Caller(connection, tokens, home, mask, record))

    async def _repeated(self, request: PreparedRequest, caller: _Caller) -> Response:
        attempt = 1
        while True:
            try:
                response = await self._follow(request, caller, attempt)
            except VendorDown as problem:
                wait = wait_before_next(request, attempt, problem)
                if wait is None:
                    raise
            else:
                wait = wait_before_next(request, attempt, response)
                if wait is None:
                    return response
            await asyncio.sleep(wait)
            attempt += 1

    async def _follow(self, request: PreparedRequest, caller: _Caller, attempt: int) -> Response:
        if self._wire is None:
            self._wire = Wire(self._guard)
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
                attempt=attempt,
                mask=mask,
                record=caller.record,
                limit=caller.limit,
            )
            response = await self._wire.send(exchange)
            elapsed += response.elapsed_ms
            location = response.header("location")
            if not hop.follow_redirects or location is None or not is_redirect(response.status, location):
                # What was sent may hold a credential in its query; what is told is the URL without it.
                return replace(response, url=hop.url, elapsed_ms=elapsed)
            hop = _redirected(hop, response.status, location)
        raise VendorRejected("http_too_many_redirects", host=request.url.host or "", limit=REDIRECT_LIMIT)


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
    dropped: set[str] = set()
    if not same_origin(origin_of(url), origin_of(hop.url)):
        dropped |= _DROPPED_ELSEWHERE
    method, body = hop.method, hop.body
    if (status == 303 and method != "HEAD") or (status in {301, 302} and method == "POST"):
        method, body = "GET", None
        dropped |= _DROPPED_WITH_BODY
    headers = tuple(pair for pair in hop.headers if pair[0].lower() not in dropped)
    return replace(hop, url=url, method=method, body=body, headers=headers)


def _key(connection: HttpConnection) -> tuple[str, int]:
    return connection.id, connection.version


def _put(memory: OrderedDict[tuple[str, int], _Result], key: tuple[str, int], value: _Result) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)


def _ignore(_trace: Trace) -> None:
    return
