"""What went wrong on the way, as problems people can act on; nothing here shows a secret."""

from __future__ import annotations

import os
import ssl

import aiohttp
from yarl import URL

from outcode.values.problems import Problem, VendorDown, VendorRejected

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


def _tls_reason(error: Exception) -> str:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    reason = getattr(cause, "reason", None)
    return str(reason or type(cause).__name__)
