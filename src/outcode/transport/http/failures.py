"""What went wrong on the way, as problems people can act on; nothing here shows a secret."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime

import aiohttp
from yarl import URL

from outcode.transport.http.decode import Response, text_body
from outcode.transport.http.retry import retry_after
from outcode.transport.http.trace import Mask
from outcode.values.problems import Problem, RateLimited, VendorDown, VendorRejected

BODY_EXCERPT = 2048
_SENTENCE = 300


def transport_problem(error: Exception, url: URL) -> Problem:
    """The problem behind an error of the HTTP client."""
    host, port = url.host or "", url.port or 0
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return VendorDown("http_tls_error", host=host, port=port, reason=_tls_reason(error))
        case aiohttp.ConnectionTimeoutError():
            return VendorDown("http_connect_error", host=host, port=port, reason="timeout")
        case aiohttp.ClientConnectorError():
            number = error.os_error.errno
            reason = os.strerror(number) if number else type(error.os_error).__name__
            return VendorDown("http_connect_error", host=host, port=port, reason=reason)
        case aiohttp.ClientResponseError():
            return VendorRejected("http_bad_response", host=host, reason=error.message.splitlines()[0][:_SENTENCE])
        case aiohttp.ClientPayloadError() if "encoding" in str(error).lower():
            return VendorRejected("http_bad_response", host=host, reason="Content-Encoding")
        case aiohttp.InvalidURL():
            return VendorRejected("http_bad_response", host=host, reason="URL")
        case _:
            return VendorDown("http_connection_lost", host=host, port=port)


def status_problem(response: Response, mask: Mask) -> Problem:
    """The problem of an answer from 400 on: what the other side said, shortened and masked, and when to come again."""
    status = response.status
    body = mask.text(text_body(response)[: 2 * BODY_EXCERPT])[:BODY_EXCERPT]
    excerpt = " ".join(body.split())[:_SENTENCE] or "-"
    wait = retry_after(response.header("retry-after"), datetime.now(UTC))
    kind, code = _kind_and_code(status)
    return kind(code, retry_after=wait, host=response.url.host or "", status=status, excerpt=excerpt, body=body)


def _kind_and_code(status: int) -> tuple[type[Problem], str]:
    if status >= 500:
        return VendorDown, "http_status_server"
    if status == 429:
        return RateLimited, "http_status_rate_limited"
    if status in {401, 403, 407}:
        return VendorRejected, "http_status_credentials"
    if status in {404, 410}:
        return VendorRejected, "http_status_not_found"
    return VendorRejected, "http_status"


def _tls_reason(error: Exception) -> str:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    reason = getattr(cause, "reason", None)
    return str(reason or type(cause).__name__)
