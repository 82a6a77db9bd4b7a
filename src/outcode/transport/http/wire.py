"""One HTTP exchange on the wire: to a checked address, without proxies, cookies or silent repeats, within the caps."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from multidict import CIMultiDict

from outcode.transport.guard import EgressGuard, literal_address
from outcode.transport.http.decode import Response
from outcode.transport.http.exchange import Exchange, is_redirect
from outcode.transport.http.failures import transport_problem
from outcode.transport.http.trace import Trace
from outcode.values.problems import Problem, TooLarge, VendorDown

RESPONSE_HEADERS = 100
CONNECT_SECONDS = 10
# Shorter than what common servers keep a connection open, so that few requests meet one that is just being closed.
_KEEP_ALIVE_SECONDS = 4


class CheckedResolver(AbstractResolver):
    """Hands aiohttp the addresses that the guard has checked, and no others."""

    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = []
        for address in await self._guard.resolve(host, port):
            own = socket.AF_INET if address.version == 4 else socket.AF_INET6
            if family in {socket.AF_UNSPEC, own}:
                flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
                found.append(
                    ResolveResult(hostname=host, host=str(address), port=port, family=own, proto=0, flags=flags)
                )
        return found

    async def close(self) -> None:
        return


class _Answer(aiohttp.ClientResponse):
    """An answer that remembers whom it came from: its connection is gone as soon as the last byte is there."""

    peer: str | None = None

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        if connection.transport is not None:
            self.peer = str(connection.transport.get_extra_info("peername")[0])
        return await super().start(connection)


class Wire:
    """A pool of connections; made inside a running event loop, closed with :meth:`close`."""

    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard
        self._verified = ssl.create_default_context()
        tracing = aiohttp.TraceConfig()
        tracing.on_connection_reuseconn.append(_note_reuse)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=CheckedResolver(guard),
                use_dns_cache=False,
                limit=512,
                limit_per_host=64,
                keepalive_timeout=_KEEP_ALIVE_SECONDS,
            ),
            response_class=_Answer,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            max_headers=RESPONSE_HEADERS,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            skip_auto_headers=("Content-Type",),
            trace_configs=[tracing],
        )

    async def close(self) -> None:
        """Close every connection of the pool."""
        await self._session.close()

    async def send(self, exchange: Exchange) -> Response:
        """Send once and read the answer within cap and time; records one trace whatever happens.

        Raises EgressRefused, VendorDown, VendorRejected or TooLarge ``http_too_large``.
        """
        begun = time.perf_counter()
        trace = _first_trace(exchange)
        try:
            async with asyncio.timeout_at(exchange.deadline):
                response, trace = await self._exchange(exchange, trace)
            return replace(response, elapsed_ms=_milliseconds(begun))
        except Problem as problem:
            trace = replace(trace, error=problem.code)
            raise
        except aiohttp.ClientError as error:
            # Its family also holds time-outs of connecting, so it comes before TimeoutError.
            failure = transport_problem(error, exchange.url)
            trace = replace(trace, error=failure.code)
            raise failure from error
        except TimeoutError as error:
            trace = replace(trace, error="http_timeout")
            url = exchange.url
            raise VendorDown("http_timeout", host=url.host, port=url.port, seconds=exchange.seconds) from error
        except OSError as error:
            failure = transport_problem(error, exchange.url)
            trace = replace(trace, error=failure.code)
            raise failure from error
        except asyncio.CancelledError:
            trace = replace(trace, error="cancelled")
            raise
        finally:
            exchange.record(replace(trace, elapsed_ms=_milliseconds(begun)))

    async def _exchange(self, exchange: Exchange, trace: Trace) -> tuple[Response, Trace]:
        url = exchange.url
        connection = SimpleNamespace(reused=False)
        if literal_address(url.raw_host or ""):
            # aiohttp asks no resolver about a literal address, so it is checked here, and sent in its plain form.
            address = (await self._guard.resolve(url.raw_host or "", url.port or 0))[0]
            url = url.with_host(str(address))
        async with self._session.request(
            exchange.method,
            url,
            headers=CIMultiDict(exchange.headers),
            data=exchange.body,
            allow_redirects=False,
            ssl=self._verified if exchange.verify_tls else False,
            middlewares=(_once(connection),),
            trace_request_ctx=connection,
        ) as answer:
            body = (
                b""
                if is_redirect(answer.status, answer.headers.get("Location"))
                else await _read(answer, exchange.limit)
            )
            response = Response(answer.status, tuple(answer.headers.items()), body, exchange.url)
        peer = answer.peer if isinstance(answer, _Answer) else None
        return response, replace(trace, status=response.status, response_size=len(body), address=peer)


async def _read(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    too_large = TooLarge("http_too_large", host=answer.url.host or "", limit=limit)
    if answer.method != "HEAD" and (answer.content_length or 0) > limit:
        raise too_large
    body = bytearray()
    # Chunks arrive decompressed piece by piece, so a small answer that unfolds endlessly stops here as well.
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def _once(connection: SimpleNamespace) -> aiohttp.ClientMiddlewareType:
    """Keep aiohttp from repeating a request by itself, save on a kept connection that was closed meanwhile."""

    async def middleware(
        request: aiohttp.ClientRequest, handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]]
    ) -> aiohttp.ClientResponse:
        connection.reused = False
        try:
            return await handler(request)
        except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if connection.reused:
                raise
            raise aiohttp.ClientConnectionError("closed") from error

    return middleware


async def _note_reuse(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceConnectionReuseconnParams
) -> None:
    context.trace_request_ctx.reused = True


def _first_trace(exchange: Exchange) -> Trace:
    return Trace(
        method=exchange.method,
        url=exchange.mask.url(exchange.url),
        started_at=datetime.now(UTC),
        request_headers=exchange.mask.headers(exchange.headers),
        request_body=exchange.mask.body(exchange.body),
        request_size=len(exchange.body or b""),
        attempt=exchange.attempt,
        verify_tls=exchange.verify_tls,
    )


def _milliseconds(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)
