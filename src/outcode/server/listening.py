"""Uvicorn as we start it: inside a program that has more to put in order than its last request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


class Listening(uvicorn.Server):
    """A server that leaves signals to whoever started it.

    Uvicorn's own handlers raise the signal again after the last request, which would end the process before its runs
    and its database are at rest.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
