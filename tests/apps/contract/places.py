"""Moves the world's addresses to one local server and back.

``https://api.example.com/v1`` becomes ``http://127.0.0.1:4711/@api.example.com/v1`` in declarations, inputs and
answers, and what the server sees and the client answers is turned back before anything is compared. So samples are
written with true addresses, whatever the number of hosts an app talks to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from outcode.appkit import App, SecretUrl

_WORLD = re.compile(r"(https?)://(?!127\.0\.0\.1)")
_MARKS = {"https": "@", "http": "!"}
Piece = TypeVar("Piece", bound=BaseModel)


class Places:
    """Addresses as seen from a server at ``base``."""

    def __init__(self, base: str) -> None:
        self.base = base

    def local(self, value: Any) -> Any:
        """The same value with its addresses on the local server; works on JSON and on declarations."""
        match value:
            case str():
                return _WORLD.sub(lambda found: f"{self.base}/{_MARKS[found[1]]}", value)
            case BaseModel():
                return self._piece(value)
            case Mapping():
                return {self.local(key): self.local(item) for key, item in value.items()}
            case list():
                return [self.local(item) for item in value]
            case tuple():
                return tuple(self.local(item) for item in value)
            case _:
                return value

    def real(self, value: Any) -> Any:
        """JSON with its addresses out in the world again."""
        match value:
            case str():
                for scheme, mark in _MARKS.items():
                    value = value.replace(f"{self.base}/{mark}", f"{scheme}://")
                    value = value.replace(quote(f"{self.base}/{mark}", safe=""), quote(f"{scheme}://", safe=""))
                return value
            case dict():
                return {self.real(key): self.real(item) for key, item in value.items()}
            case list():
                return [self.real(item) for item in value]
            case _:
                return value

    def app(self, app: App) -> App:
        """The app on the local server, without waiting: no limits."""
        return self._piece(app).model_copy(update={"hosts": ("127.0.0.1",), "limits": ()})

    def _piece(self, piece: Piece) -> Piece:
        update = {name: self.local(value) for name, value in piece}
        if isinstance(piece, SecretUrl):
            update["pattern"] = None
        return piece.model_copy(update=update)
