"""What a server said, fit to be shown: values masked, of bounded length; and problems that all databases share."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable

from outcode.transport.sql.settings import Server
from outcode.values.problems import Problem, VendorDown, VendorRejected

_LONGEST_SENTENCE = 500
_SHORTEST_BEGINNING = 16
_QUOTED = re.compile(r"(['\"])(.*?)\1", re.DOTALL)


def masked(sentence: str, values: Iterable[str]) -> str:
    """A server's sentence without the values that it repeats, also where it repeats only a value's beginning.

    >>> masked("no '123 Main Street, Spr', no 345", ["123 Main Street, Springfield", "345"])
    "no '•••', no •••"
    """
    known = sorted(set(filter(None, values)), key=len, reverse=True)
    for value in known:
        shown = re.escape(value)
        pattern = rf"(?<!\w){shown}(?!\w)" if len(value) > 2 else rf"(?<=[\"']){shown}(?=[\"'])"
        sentence = re.sub(pattern, "•••", sentence)

    def beginning(match: re.Match[str]) -> str:
        quoted = match[2].removesuffix("...")
        cut = len(quoted) >= _SHORTEST_BEGINNING and any(value.startswith(quoted) for value in known)
        return f"{match[1]}•••{match[1]}" if cut else match[0]

    return _QUOTED.sub(beginning, sentence)[:_LONGEST_SENTENCE]


def network_problem(error: OSError, server: Server) -> Problem:
    """The problem of a connection that the network, or TLS, did not let happen."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return VendorRejected(
            "sql_certificate_refused", host=server.host, port=server.port, reason=error.verify_message
        )
    if isinstance(error, TimeoutError):
        return VendorDown("sql_connect_timeout", host=server.host, port=server.port)
    return VendorDown(
        "sql_unreachable", host=server.host, port=server.port, reason=error.strerror or type(error).__name__
    )
