"""Sending one request on somebody's behalf: credentials for the hosts they belong to, redirects, repeats."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from yarl import URL

from outcode.transport.guard import EgressGuard
from outcode.transport.http.auth import (
    Credential,
    HttpConnection,
    Origin,
    TokenKeeper,
    Tokens,
    credential_of,
    origin_of,
    same_origin,
)
from outcode.transport.http.decode import Response
from outcode.transport.http.prepare import PreparedRequest, callable_url
from outcode.transport.http.retry import wait_before_next
from outcode.transport.http.tokens import TokenCache
from outcode.transport.http.trace import Mask, Trace
from outcode.transport.http.wire import Exchange, Wire, is_redirect
from outcode.values.problems import InputProblem, PermissionProblem, Place, VendorDown, VendorRejected

REDIRECT_LIMIT = 5
_DROPPED_ELSEWHERE = {"authorization", "cookie", "proxy-authorization"}
_DROPPED_WITH_BODY = {"content-type", "content-encoding", "content-language", "content-location"}

Record = Callable[[Trace], None]


@dataclass(frozen=True, slots=True)
class _Caller:
    """On whose behalf a request goes out: the credential, where it may go, and what must never be shown."""

    connection: HttpConnection
    credential: Credential
    home: Origin
    mask: Mask
    record: Record


class Sender:
    """Sends prepared requests through the egress guard; one for a process, closed with :meth:`close`.

    ``allow_unverified_tls``: whether tasks may switch certificate checks off.
    """

    def __init__(
        self, guard: EgressGuard, *, allow_unverified_tls: bool = True, tokens: TokenKeeper | None = None
    ) -> None:
        self._guard = guard
        self._allow_unverified_tls = allow_unverified_tls
        self._wire: Wire | None = None
        self._tokens = TokenCache()
        self._keeper = tokens

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
        InputProblem, EgressRefused, VendorDown and VendorRejected.
        """
        if not request.verify_tls and not self._allow_unverified_tls:
            raise PermissionProblem("http_verify_tls_forbidden", Place(field="inputs.verify_tls"))
        connection = connection or HttpConnection()
        home = home or origin_of(request.url)
        if connection.auth_type != "none" and not connection.may_go_to(request.url, home):
            allowed = list(connection.allowed_hosts) or [str(home[1])]
            raise InputProblem("http_credential_host", host=request.url.host or "", allowed=allowed)
        note = record or _ignore
        kept = self._tokens.kept(connection)
        response, token = await self._as_caller(request, connection, home, note)
        if response.status == 401 and kept is not None and kept == token:
            # The token was taken back before its time; a refused request was not carried out, so it may go again.
            self._tokens.forget(connection, kept)
            response, _ = await self._as_caller(request, connection, home, note)
        return response

    async def tokens(self, _connection: HttpConnection, *, record: Record | None = None) -> Tokens | None:  # noqa: ARG002
        """The connection's tokens, got or renewed where that is due; None where its kind needs none."""
        return None

    def mask_of(self, connection: HttpConnection | None) -> Mask:
        """What must not be shown of the answers to a connection's calls."""
        if connection is None:
            return Mask()
        kept = self._tokens.kept(connection)
        return Mask((*connection.secrets(), kept) if kept else connection.secrets())

    async def close(self) -> None:
        """Close all connections."""
        if self._wire is not None:
            await self._wire.close()
            self._wire = None

    async def _as_caller(
        self, request: PreparedRequest, connection: HttpConnection, home: Origin, record: Record
    ) -> tuple[Response, str]:
        token = ""
        if connection.auth_type == "oauth2_client_credentials":
            token = await self._tokens.token(connection, self._token_sender(record))
        mask = Mask((*connection.secrets(), token))
        caller = _Caller(connection, credential_of(connection, token), home, mask, record)
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
                    return response, token
            await asyncio.sleep(wait)
            attempt += 1

    def _token_sender(self, record: Record) -> Callable[[PreparedRequest, Mask], Awaitable[Response]]:
        async def send(request: PreparedRequest, mask: Mask) -> Response:
            caller = _Caller(HttpConnection(), Credential(), origin_of(request.url), mask, record)
            return await self._follow(request, caller, 1)

        return send

    async def _follow(self, request: PreparedRequest, caller: _Caller, attempt: int) -> Response:
        if self._wire is None:
            self._wire = Wire(self._guard)
        deadline = asyncio.get_running_loop().time() + request.timeout_seconds
        hop = request
        elapsed = 0
        for _ in range(REDIRECT_LIMIT + 1):
            url, headers = hop.url, hop.headers
            if caller.connection.may_go_to(url, caller.home):
                url, headers = caller.credential.added_to(url, headers)
            exchange = Exchange(
                method=hop.method,
                url=url,
                headers=headers,
                body=hop.body,
                verify_tls=hop.verify_tls,
                deadline=deadline,
                seconds=hop.timeout_seconds,
                attempt=attempt,
                mask=caller.mask,
                record=caller.record,
            )
            response = await self._wire.send(exchange)
            elapsed += response.elapsed_ms
            location = response.header("location")
            if not hop.follow_redirects or location is None or not is_redirect(response.status, location):
                # What was sent may hold a credential in its query; what is told is the URL without it.
                return replace(response, url=hop.url, elapsed_ms=elapsed)
            hop = _redirected(hop, response.status, location)
        raise VendorRejected("http_too_many_redirects", host=request.url.host or "", limit=REDIRECT_LIMIT)


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


def _ignore(_trace: Trace) -> None:
    return
