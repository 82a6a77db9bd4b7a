"""``POST /hooks/{domain}/{name}``: the door for deliveries, ahead of FastAPI, since nothing is called as often.

With a webhook host name the bare form ``https://host/{domain}/{name}`` is the same address. Every other method and path
goes on to the application, so that there is nothing at a webhook's address but ``POST``, and no CORS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from outcode.runs.instance import Instance
from outcode.runs.webhooks import Reply
from outcode.server.access import KEY_HEADER
from outcode.server.client_address import TrustedProxies
from outcode.server.delivery import KEY_PARAMETER, read_delivery
from outcode.server.language import language_of
from outcode.server.problems import DATABASE_LOST, on_database_lost, page_unknown, problem_response, status_of
from outcode.server.validation import header_problem
from outcode.values import json
from outcode.values.problems import Problem, SetupProblem, TooLarge
from outcode.workspace.deliveries import Address
from outcode.workspace.settings import Settings

_PREFIX = b"/hooks/"
_LONGEST_IDEMPOTENCY_KEY = 200
_STATUS_OF = {"service_ended": 423}
_RUN_ID = b"x-outcode-run-id"
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.?(?::[0-9]{1,5})?")
# What a flow answers must not act as one of our own pages, which stand under the same address.
_CONTENT_SECURITY = (
    b"default-src 'none'; img-src https: data:; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
)
_HEADERS = [(b"content-security-policy", _CONTENT_SECURITY)]
_NOT_TO_BE_KEPT = (b"cache-control", b"no-store")


class _Gone(Exception):
    """The sender went away before its body was there."""


class HookDoor:
    """The ASGI application of all webhooks' addresses; :meth:`takes` says which requests are for it."""

    def __init__(self, instance: Instance) -> None:
        settings = instance.settings
        self._webhooks = instance.webhooks
        self._proxies = TrustedProxies.of(settings.trusted_proxies)
        self._host = webhook_host(settings)
        self._most_bytes = settings.webhook_body_mib * 1024 * 1024

    def takes(self, scope: Scope) -> bool:
        """Whether a request is a delivery; if so its ``path_params`` are the address, still percent-encoded."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return False
        path: bytes = scope["raw_path"]
        if path.startswith(_PREFIX):
            parts = path[len(_PREFIX) :].split(b"/")
        elif self._host is not None and _host_of(scope) in self._host:
            parts = path[1:].split(b"/")
        else:
            return False
        if len(parts) != 2 or not all(parts):
            return False
        scope["path_params"] = {"domain": parts[0], "name": parts[1]}
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._receive(scope, receive)
        except Problem as problem:
            language = language_of(Request(scope))
            response = problem_response(problem, language, delivery_status(problem))
        except DATABASE_LOST as error:
            response = await on_database_lost(Request(scope), error)
        except _Gone:
            return
        else:
            if reply.outcome is None or reply.outcome.problem is None:
                await _send(send, reply)
                return
            response = problem_response(reply.outcome.problem, language_of(Request(scope)), 500)
            response.headers["X-Outcode-Run-Id"] = reply.run_id or ""
        response.raw_headers += [*_HEADERS, _NOT_TO_BE_KEPT]
        await response(scope, receive, send)

    async def _receive(self, scope: Scope, receive: Receive) -> Reply:
        headers = _joined(scope["headers"])
        query = _query(scope["query_string"])
        key = headers.get(KEY_HEADER) or next((value for name, value in query if name == KEY_PARAMETER), None)
        address = scope["path_params"]
        domain, name = _decoded(address["domain"], scope["path"]), _decoded(address["name"], scope["path"])
        admitted = await self._webhooks.admit(Address.of(domain, name, key), self._proxies.sender_of(scope))
        try:
            idempotency_key = _idempotency_key(headers)
            body = await self._body(headers, receive)
            await self._webhooks.prove(admitted, headers, body)
            return await self._webhooks.receive(admitted, read_delivery(headers, query, body, idempotency_key))
        except Problem as problem:
            self._webhooks.refuse(admitted, problem)
            raise

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        """The whole body; raises TooLarge as soon as it is over the limit, announced or on its way."""
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._most_bytes:
            raise self._too_large()
        message = await receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body"):
            if message["type"] == "http.disconnect":
                raise _Gone
            if len(body) > self._most_bytes:
                raise self._too_large()
            return body
        pieces, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > self._most_bytes:
                raise self._too_large()
        return b"".join(pieces)

    def _too_large(self) -> TooLarge:
        return TooLarge("body_too_large", limit_mb=self._most_bytes // 1024 // 1024)


def delivery_status(problem: Problem) -> int:
    """The HTTP status with which a delivery is refused."""
    return _STATUS_OF.get(problem.code) or status_of(problem)


def webhook_host(settings: Settings) -> tuple[str, ...] | None:
    """The webhook host name as ``Host`` headers spell it, without and with the scheme's port; raises SetupProblem.

    A name that is set with a port is meant with that port.
    """
    if settings.webhook_host is None:
        return None
    host = settings.webhook_host.strip().lower()
    if not _HOST.fullmatch(host):
        raise SetupProblem("webhook_host_invalid", value=host[:100])
    name, _, port = host.partition(":")
    name = name.rstrip(".")
    return (f"{name}:{port}",) if port else (name, f"{name}:443", f"{name}:80")


def webhook_url(settings: Settings, served_at: str, domain: str, name: str) -> str:
    """The one address at which a webhook is called, in tests and for good.

    ``served_at`` is where this server was just reached, for an instance without a host name of its own for webhooks.
    """
    host = webhook_host(settings)
    scheme = urlsplit(settings.public_url or "").scheme or "https"
    base = f"{served_at.rstrip('/')}/hooks" if host is None else f"{scheme}://{host[0]}"
    return f"{base}/{quote(domain, safe='')}/{quote(name, safe='')}"


async def _send(send: Send, reply: Reply) -> None:
    content_type, status, more = b"application/json", 200, [_NOT_TO_BE_KEPT]
    if reply.run_id is None:
        content = b'{"captured":true}'
    elif reply.reply is not None:
        said = reply.reply
        content, content_type, status = said.content(), said.content_type.encode("latin-1"), said.status
        more = [(name.encode(), text.encode("latin-1")) for name, text in said.headers.items()]
        if "cache-control" not in said.headers:
            more.append(_NOT_TO_BE_KEPT)
    elif reply.outcome is None:
        content, status = json.dump_bytes({"runId": reply.run_id}), 202 if reply.waited else 200
    else:
        content = json.dump_bytes(reply.outcome.value)
    headers = [(b"content-type", content_type), *more, *_HEADERS]
    if status not in {204, 304}:
        headers.append((b"content-length", str(len(content)).encode()))
    if reply.run_id is not None:
        headers.append((_RUN_ID, reply.run_id.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; one that comes several times is its values with commas between, as HTTP has it."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _host_of(scope: Scope) -> str:
    return next((value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"), "")


def _query(query: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else []


def _decoded(part: bytes, path: str) -> str:
    """A part of the path; raises NotFound for one that no name can be."""
    try:
        text = unquote_to_bytes(part).decode()
    except UnicodeDecodeError as error:
        raise page_unknown(path) from error
    if "\x00" in text:
        raise page_unknown(path)
    return text


def _idempotency_key(headers: dict[str, str]) -> str | None:
    key = headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= _LONGEST_IDEMPOTENCY_KEY:
        raise header_problem("idempotency-key", key, _LONGEST_IDEMPOTENCY_KEY)
    return key
