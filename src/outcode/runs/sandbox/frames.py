"""What pool and child say to each other: frames of JSON, each after its length as four bytes, big-endian.

``Call`` goes down; ``Ready`` (once) and ``Reply`` come up. Arguments and values stay raw JSON, so that neither side
reads what it only hands on.
"""

from __future__ import annotations

from typing import Literal

import msgspec

LENGTH_BYTES = 4
MAX_FRAME_BYTES = 512 * 1024 * 1024
MAX_RESULT_BYTES = 5 * 1024 * 1024
MAX_BATCH_RESULT_BYTES = 64 * 1024 * 1024


class Call(msgspec.Struct):
    """Run ``code`` once for each argument. ``names`` are the parameters after ``input``; ``payload`` is
    ``{"arguments": [argument, …], "variables": [[value, …], …]}``, two lists of equal length."""

    team: str
    code: str
    names: list[str]
    payload: msgspec.Raw
    memory_mb: int
    timeout_seconds: int


class Ready(msgspec.Struct):
    """The child has locked itself in; ``measures`` names what is in force on this machine."""

    measures: list[str]
    failure: str = ""
    """Why it could not; nothing may be run then."""


class Failure(msgspec.Struct):
    """Why one call gave no value; only what ``kind`` needs is filled. Lines count in the wrapped source."""

    kind: Literal["runtime", "not_json", "circular", "too_large", "memory", "no_library"]
    name: str = ""
    message: str = ""
    type: str = ""
    key: str = ""
    line: int | None = None
    column: int | None = None


class Element(msgspec.Struct):
    """What one call came to: a value, or an error."""

    logs: list[str]
    duration_ms: int
    value: msgspec.Raw = msgspec.Raw(b"null")
    error: Failure | None = None


class Reply(msgspec.Struct):
    """What a frame came to: one element per argument when ``done``; nothing ran when ``syntax`` or ``unbalanced``."""

    outcome: Literal["done", "syntax", "unbalanced", "memory", "too_large"]
    results: list[Element] = []
    message: str = ""
    line: int | None = None
    column: int | None = None
    retire: bool = False
    """The process should be replaced."""


_encoder = msgspec.json.Encoder()


def framed(body: bytes) -> bytes:
    """A body after its length."""
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def pack(message: Call | Ready | Reply) -> bytes:
    """A message as a frame.

    >>> pack(Ready(measures=[]))
    b'\\x00\\x00\\x00\\x1c{"measures":[],"failure":""}'
    """
    return framed(_encoder.encode(message))
