"""Calls that are no HTTP requests, carried out by the product's own caller; only what it keeps is kept in memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from outcode.appkit import Action, App, CodeField
from outcode.appkit.accept import accept_answers
from outcode.runs.calls import Caller, Line
from outcode.runs.connecting import Connector
from outcode.runs.sandbox import SandboxPool
from outcode.runs.transports import Transports
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import HttpClient, HttpConnection
from outcode.transport.redis import RedisTransport
from outcode.values.json import Json
from outcode.values.problems import NotFound, Problem
from outcode.values.redaction import Redactor
from outcode.values.references import BoundQuery, BoundScript
from outcode.values.types import ReadContext
from outcode.workspace.connections import ConnectionStore, OpenConnection, Upload, Verified, draft
from outcode.workspace.files import FileStore, StoredFile
from outcode.workspace.scope import Scope, new_id
from tests.apps.contract.stage import KEY, NoWaiting, Outcome

_SCOPE = Scope("organization", "team", "user")
_NOW = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))


class MemoryFiles(FileStore):
    """A team's files for the time of a check."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    async def add(
        self, scope: Scope, name: str, media_type: str, content: bytes, *, sealed: bool = False
    ) -> StoredFile:
        """Keep a file."""
        file = StoredFile(new_id(), name, media_type, len(content), sealed)
        self.contents[file.id] = content
        return file

    async def content(self, scope: Scope, file_id: str) -> bytes:
        """The bytes of a file."""
        if file_id not in self.contents:
            raise NotFound("file_unknown")
        return self.contents[file_id]


class MemoryMarks(ConnectionStore):
    """What would be kept with a connection, its state, is only listed."""

    def __init__(self) -> None:
        self.marked: list[Verified | Problem] = []

    async def mark(self, scope: Scope, opened: OpenConnection, tested: Verified | Problem) -> None:
        """List it."""
        self.marked.append(tested)


class Backstage:
    """Carries out an app's calls and tries its connections, as a run and the form of a connection would."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.files = MemoryFiles()
        self.marks = MemoryMarks()
        guard = EgressGuard(parse_allow_rules("127.0.0.1 ::1"))
        http = HttpClient(guard, limiter=NoWaiting())
        self._transports = Transports(guard, http, SandboxPool(size=1))
        self._transports.redis = RedisTransport(guard, seconds=3)
        self._caller = Caller(self._transports, self.marks, self.files, NoWaiting())
        self._connector = Connector(self._transports, self.marks, self.files, guard)

    async def connected(
        self, kind: str | None, fields: Mapping[str, Json], upload: Upload | None = None
    ) -> OpenConnection:
        """A connection as the app's own form makes it; what the form does not ask for is left out."""
        new = draft(self.app, "Contract", self._asked(kind, fields), upload, kind=kind)
        opened = new.opened()
        if upload is None:
            return opened
        file = await self.files.add(_SCOPE, upload.name, "application/octet-stream", upload.content, sealed=True)
        return replace(opened, fields={**opened.fields, "file": file.id})

    async def tried(self, kind: str | None, fields: Mapping[str, Json], upload: Upload | None = None) -> Outcome:
        """Try a connection before it is stored."""
        outcome = Outcome()
        with _LISTENER.during(outcome.log):
            try:
                new = draft(self.app, "Contract", self._asked(kind, fields), upload, kind=kind)
                outcome.verified = await self._connector.tried(_SCOPE, new)
            except Problem as problem:
                outcome.problem = problem
        return outcome

    async def perform(self, action: Action, inputs: Mapping[str, Json], connection: OpenConnection | None) -> Outcome:
        """Carry a call out as a task of a run does."""
        secrets = connection.secrets if connection else ()
        http = HttpConnection.of(self.app, None)
        line = Line(_SCOPE, self.app, action, connection, http, _NOW, KEY, secrets, Redactor(secrets))
        outcome = Outcome()
        with _LISTENER.during(outcome.log):
            try:
                outcome.answer = await self._caller.call(line, _bound(action, inputs), outcome.traces.append)
            except Problem as problem:
                outcome.problem = problem
        return outcome

    async def close(self) -> None:
        """Close connections and end child processes."""
        await self._transports.close()

    def _asked(self, kind: str | None, fields: Mapping[str, Json]) -> dict[str, Json]:
        declared = self.app.connection_kind(kind)
        known = {field.key for field in declared.fields} if declared else set()
        return {key: value for key, value in fields.items() if key in known}


def _bound(action: Action, inputs: Mapping[str, Json]) -> dict[str, Any]:
    """The answers of the form, its code as calls take it."""
    answers: dict[str, Any] = accept_answers(action.fields, dict(inputs), within="inputs")
    for field in action.fields:
        if isinstance(field, CodeField) and isinstance(text := answers.get(field.key), str):
            answers[field.key] = BoundQuery(text) if field.place == "sql" else BoundScript(text, {})
    return answers


class _Listener(logging.Handler):
    """Writes down whatever anybody logs, however small, for each call that goes on meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._logs: list[list[str]] = []
        self._level_before = logging.NOTSET

    def emit(self, record: logging.LogRecord) -> None:
        for log in self._logs:
            log.append(self.format(record))

    @contextmanager
    def during(self, log: list[str]) -> Iterator[None]:
        root = logging.getLogger()
        if not self._logs:
            self._level_before = root.level
            root.setLevel(logging.DEBUG)
            root.addHandler(self)
        self._logs.append(log)
        try:
            yield
        finally:
            self._logs = [other for other in self._logs if other is not log]
            if not self._logs:
                root.removeHandler(self)
                root.setLevel(self._level_before)


_LISTENER = _Listener()
