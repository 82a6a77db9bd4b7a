"""Connections as the workspace would hand them over, without a workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from outcode.appkit import App, ConnectionKind, Outputs, Request, Words
from outcode.apps.api import APP as API
from outcode.transport.answer import Answer
from outcode.transport.http import HttpClient, HttpConnection, Trace
from outcode.transport.http.auth import OAuthClient
from outcode.values.json import Json


@dataclass(frozen=True)
class Stored:
    """A stored connection."""

    kind: str
    fields: Mapping[str, Json]
    id: str = "connection-1"
    version: int = 1


def connected(
    app: App,
    kind: str,
    fields: Mapping[str, Json],
    *,
    base_url: str | None = None,
    client: OAuthClient | None = None,
    id: str = "connection-1",  # noqa: A002 - a stored connection's own word
    version: int = 1,
) -> HttpConnection:
    """A connection of an app."""
    return HttpConnection.of(app, Stored(kind, fields, id, version), base_url=base_url, client=client)


def api_connection(kind: str, **fields: Json) -> HttpConnection:
    """A connection of the app "API"."""
    return connected(API, kind, fields)


async def performed(
    client: HttpClient, call: Request, connection: HttpConnection, *, record: Callable[[Trace], None] | None = None
) -> Answer:
    """The whole answer of a call with a connection."""
    return await client.perform(call, {}, Outputs(), connection, app=API, record=record)


def app_of(*kinds: ConnectionKind, **settings: object) -> App:
    """An app that has these kinds of connection and no action."""
    words = Words(en="An app of a test.", ko="테스트용 앱입니다.")
    known = {"slug": "test-app", "name": "Test App", "category": "Test", "description": words, "actions": ()}
    return App.model_validate({**known, "connections": kinds, **settings})
