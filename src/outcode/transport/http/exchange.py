"""What passes the wire once, as whoever sends sees it; apart from the wire, which brings its library with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from yarl import URL

from outcode.transport.http.trace import Mask, Trace

RESPONSE_LIMIT = 10 * 1024 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is sent once: a request with its credentials in it, and the moment by which its answer must be complete."""

    method: str
    url: URL = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes | None = field(repr=False)
    verify_tls: bool
    deadline: float
    seconds: int
    attempt: int
    mask: Mask
    record: Callable[[Trace], None] = field(repr=False)
    limit: int = RESPONSE_LIMIT
    """How many bytes of an answer are read."""


def is_redirect(status: int, location: str | None) -> bool:
    """Whether an answer points elsewhere."""
    return status in _REDIRECTS and location is not None
