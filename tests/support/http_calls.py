"""Declarations and doors that tests of HTTP calls share: an app with nothing to say, connections, files in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from outcode.appkit import Action, App, Bearer, ConnectionKind, Outputs, Request, TextField, Words
from outcode.transport.http import HttpConnection
from outcode.values.json import Json
from outcode.values.problems import NotFound

WORDS = Words(en="Something", ko="무엇")
TOKEN = "cAnary-s3cret-t0ken"
BEARER = Bearer(key="bearer", label=WORDS, fields=(TextField(key="token", label=WORDS, sensitive=True),))


@dataclass(frozen=True, slots=True)
class Stored:
    """A connection as the workspace would open it."""

    kind: str
    fields: dict[str, Json]
    id: str = "connection-1"
    version: int = 1


@dataclass(slots=True)
class MemoryFiles:
    """Files of a team, in memory."""

    stored: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)

    async def content(self, file_id: str) -> tuple[str, str, bytes]:
        """See ``FileSource``."""
        if file_id not in self.stored:
            raise NotFound("file_unknown")
        return self.stored[file_id]

    async def keep(self, name: str, media_type: str, content: bytes) -> dict[str, Json]:
        """See ``FileSink``."""
        file_id = f"f{len(self.stored) + 1}"
        self.stored[file_id] = (name, media_type, content)
        return {"fileId": file_id, "name": name, "mediaType": media_type, "size": len(content)}


def app(*kinds: ConnectionKind, **settings: Any) -> App:
    """An app of the given connection kinds."""
    return App(
        slug="vendor", name="Vendor", category="Test", description=WORDS, connections=kinds, actions=(), **settings
    )


def action(call: Request, **settings: Any) -> Action:
    """An action of a call."""
    defaults: dict[str, Any] = {"outputs": Outputs(result="data"), "idempotent": "by_inputs"}
    return Action(key="act", name="Act", description=WORDS, fields=(), call=call, **{**defaults, **settings})


APP = app()
UNCONNECTED = HttpConnection.of(APP, None)
BEARER_APP = app(BEARER)


def connected(to: App = BEARER_APP, kind: str = "bearer", id: str = "connection-1", **fields: Json) -> HttpConnection:  # noqa: A002
    """A connection of an app; of its bearer kind with the canary as token, unless other fields are given."""
    return HttpConnection.of(to, Stored(kind, fields or {"token": TOKEN}, id))
