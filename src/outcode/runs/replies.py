"""Replies that a flow gives while it goes on: what the task *Respond to webhook* says, on its way to whoever waits.

Where the run is carried by the process that took the delivery, the reply goes through :class:`Replies` at once. Where
another process took the run over, it is read from the journal: the task's result is ``{status, headers, body}``.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_MOST_HEADER_BYTES = 16 * 1024
_LARGEST_NUMBER = 10**18
_WITHOUT_BODY = frozenset({204, 205, 304})
REFUSED_HEADERS = frozenset(
    # Of the connection, and of the answer's framing
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "content-length", "content-encoding", "date", "server", "alt-svc"}
    # Of browsers that look at our own pages under the same address
    | {"set-cookie", "set-cookie2", "clear-site-data", "content-security-policy", "strict-transport-security"}
    | {"content-security-policy-report-only", "x-content-type-options", "referrer-policy", "service-worker-allowed"}
    | {"public-key-pins", "expect-ct", "refresh", "x-outcode-run-id"}
)
_REFUSED_PREFIXES = ("access-control-", "cross-origin-", "sec-", "proxy-")


@dataclass(frozen=True, slots=True)
class WebhookReply:
    """What a delivery is answered; made by :meth:`of`, which lets nothing through that an answer must not say.

    ``headers`` by name in lower case, without Content-Type, which stands in ``content_type``.
    """

    status: int
    headers: Mapping[str, str]
    body: Json
    content_type: str

    @classmethod
    def of(cls, value: Json) -> WebhookReply:
        """The reply of ``{status, headers, body}``; raises InputProblem that names what of it cannot be sent.

        ``status`` is 200 when it is left out. A text is sent as it is, everything else as JSON; ``Content-Type`` among
        the headers says otherwise.

        >>> WebhookReply.of({"body": "ok"}).content_type
        'text/plain; charset=utf-8'
        """
        if not isinstance(value, dict):
            raise InputProblem("reply_not_object")
        headers = _headers(value.get("headers"))
        body = value.get("body")
        as_it_is = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
        return cls(_status(value.get("status")), headers, body, headers.pop("content-type", as_it_is))

    def content(self) -> bytes:
        """The body as it is sent."""
        if self.status in _WITHOUT_BODY or self.body is None:
            return b""
        return self.body.encode(errors="replace") if isinstance(self.body, str) else json.dump_bytes(self.body)


class Replies:
    """Who waits for the reply of which run, in this process."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[WebhookReply]] = {}

    def expect(self, run_id: str) -> asyncio.Future[WebhookReply]:
        """The reply of a run, once it is given; :meth:`forget` it when nobody waits any more."""
        future = self._waiting.get(run_id)
        if future is None:
            future = self._waiting[run_id] = asyncio.get_running_loop().create_future()
        return future

    def give(self, run_id: str, reply: WebhookReply) -> None:
        """Hand a run's reply to whoever waits for it; the first one counts, and nobody needs to wait."""
        future = self._waiting.get(run_id)
        if future is not None and not future.done():
            future.set_result(reply)

    def forget(self, run_id: str) -> None:
        """Nobody waits for this run's reply any more."""
        self._waiting.pop(run_id, None)


def _status(value: Json) -> int:
    if value is None:
        return 200
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        raise InputProblem("reply_status_invalid", Place(field="status"), status=_shown(value))
    return value


def _headers(value: Json) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputProblem("reply_not_object", Place(field="headers"))
    headers: dict[str, str] = {}
    for name, given in value.items():
        lower = str(name).lower()
        text = str(given) if _is_plain_number(given) else given
        if not _HEADER_NAME.fullmatch(lower) or not isinstance(text, str) or not _sendable(text) or lower in headers:
            raise InputProblem("reply_header_invalid", Place(field="headers"), header=_shown(name))
        if lower in REFUSED_HEADERS or lower.startswith(_REFUSED_PREFIXES):
            raise InputProblem("reply_header_refused", Place(field="headers"), header=_shown(name))
        headers[lower] = text.strip(" \t")
    if sum(len(name) + len(text) for name, text in headers.items()) > _MOST_HEADER_BYTES:
        raise InputProblem("reply_headers_too_large", Place(field="headers"), limit=_MOST_HEADER_BYTES)
    return headers


def _sendable(text: str) -> bool:
    """Whether a header can hold it: one line, and no sign beyond what headers are encoded in."""
    return _HEADER_VALUE.fullmatch(text) is not None


def _shown(value: Json) -> str:
    return str(value)[:100] if isinstance(value, str) or _is_plain_number(value) else type(value).__name__


def _is_plain_number(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_NUMBER
