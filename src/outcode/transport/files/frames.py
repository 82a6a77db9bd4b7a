"""Messages between the parent and the child that parses: a length of four bytes, then that much JSON or file."""

from __future__ import annotations

from outcode.values.json import Json, dump_bytes

LENGTH_BYTES = 4
MOST_FRAME_BYTES = 256 * 1024 * 1024


def frame(message: Json) -> bytes:
    """A JSON message, ready to be written.

    >>> frame({"kind": "end"})
    b'\\x00\\x00\\x00\\x0e{"kind":"end"}'
    """
    return packed(dump_bytes(message))


def packed(content: bytes) -> bytes:
    """Raw bytes with their length before them."""
    return len(content).to_bytes(LENGTH_BYTES, "big") + content
