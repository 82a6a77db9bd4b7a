"""The two points where an app may run code of its own; everything else of it is data.

A hook is a pure function in the app's ``hooks.py``: no I/O, no state, raising only problems. What else data can make it
raise (ValueError, KeyError, TypeError and their like) is told as a fault of the app. It is called in a thread, because
it may be slow (parsing a feed), with bodies that the transport has bounded already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from outcode.values.json import Json


class ReceivedAnswer(Protocol):
    """An answer as it came: status, headers with repeated names joined by a comma, and the whole body."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def body(self) -> bytes:
        """The decoded body (content encoding undone)."""
        ...

    def header(self, name: str) -> str | None:
        """The first header of that name in any case, or None."""
        ...


Before = Callable[[Mapping[str, Json]], dict[str, Json]]
"""From the answers of an action's fields to the values that its call takes: ``before(inputs)``."""

After = Callable[[ReceivedAnswer, Mapping[str, Json]], Json]
"""From an answer to its data, in place of JSON or text: ``after(answer, inputs)``."""
