"""Making connections that work: credentials are tried before anything is stored, and whose they are is found out."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from outcode.appkit import App, AwsKeys, ConnectionTest, DatabaseCredential, FileConnection, OAuth2Code, Outputs
from outcode.runs.sheets import SheetFiles
from outcode.runs.transports import Transports
from outcode.transport.answer import optional_at
from outcode.transport.aws import AwsConnection
from outcode.transport.guard import EgressGuard
from outcode.transport.http import HttpClient
from outcode.transport.http.auth import HttpConnection, MemoryTokens, TokenKeeper, Tokens, needs_tokens
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem
from outcode.values.redaction import Redactor
from outcode.values.references.rendering import render
from outcode.workspace.connections import (
    ConnectionInfo,
    ConnectionStore,
    Draft,
    OpenConnection,
    Upload,
    Verified,
    draft,
)
from outcode.workspace.files import FileStore
from outcode.workspace.scope import Scope

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_LONGEST_IDENTITY = 200


class Connector:
    """Adds, changes and tries connections."""

    def __init__(
        self, transports: Transports, connections: ConnectionStore, files: FileStore, guard: EgressGuard
    ) -> None:
        self._transports = transports
        self._connections = connections
        self._sheet_files = SheetFiles(files, transports.http)
        self._guard = guard

    async def add(
        self,
        scope: Scope,
        app: App,
        name: str,
        answers: Mapping[str, Json],
        upload: Upload | None = None,
        *,
        kind: str | None = None,
        test: bool = True,
    ) -> ConnectionInfo:
        """Try and store a connection (``test`` false: store it untested).

        Raises what a call with it would meet, InputProblem for wrong answers, and Conflict when the name is taken;
        then nothing is stored.
        """
        new = draft(app, name, answers, upload, kind=kind)
        _refuse_consent(new)
        await self._connections.refuse_taken(scope, new.name)
        return await self._connections.insert(scope, new, await self.tried(scope, new) if test else None)

    async def update(
        self,
        scope: Scope,
        app: App,
        name: str,
        answers: Mapping[str, Json],
        upload: Upload | None = None,
        *,
        kind: str | None = None,
        test: bool = True,
    ) -> ConnectionInfo:
        """Try and store what the same form says now; after a failure the connection is what it was."""
        changed = await self._connections.changed(scope, app, name, answers, upload, kind=kind)
        _refuse_consent(changed)
        return await self._connections.replace(scope, changed, await self.tried(scope, changed) if test else None)

    async def try_form(
        self,
        scope: Scope,
        app: App,
        answers: Mapping[str, Json],
        upload: Upload | None = None,
        *,
        kind: str | None = None,
    ) -> Verified | None:
        """What trying a form finds out; nothing is stored. None where there is no way to try."""
        new = draft(app, app.name, answers, upload, kind=kind)
        _refuse_consent(new)
        return await self.tried(scope, new)

    async def test(self, scope: Scope, app: App, name: str) -> ConnectionInfo:
        """Try a stored connection and remember how it went; raises the problem that a call with it would meet."""
        opened = await self._connections.open(scope, app, name)
        if opened.state == "needs_reconnect":
            await self._connections.forget_problem(scope, opened)
        try:
            tested = await self._tried(scope, app, opened, self._transports.http, None, None)
        except Problem as problem:
            await self._connections.mark(scope, opened, problem)
            raise
        if tested is not None:
            await self._connections.mark(scope, opened, tested)
        return await self._connections.find(scope, name)

    async def remove(self, scope: Scope, name: str, apps: Mapping[str, App], *, used: bool = False) -> None:
        """Delete a connection, and take its tokens back at the vendor's where that is possible.

        Raises NotFound outside the team, PermissionProblem for another's, and Conflict while flows use it.
        """
        info = await self._connections.find(scope, name)
        app = apps.get(info.app)
        take_back = None
        if app is not None and isinstance(app.connection_kind(info.kind), OAuth2Code):
            take_back = await _if_possible(self._take_back(scope, app, name))
        await self._connections.remove(scope, name, used=used)
        if take_back is not None:
            await _if_possible(take_back())

    async def tried(
        self, scope: Scope, new: Draft, opened: OpenConnection | None = None, tokens: Tokens | None = None
    ) -> Verified | None:
        """What a draft's credentials, or ``tokens`` that somebody agreed to, are good for; with all tokens it took."""
        keeper = MemoryTokens()
        client = HttpClient(self._guard, tokens=keeper)
        opened = opened or new.opened()
        try:
            content = new.upload.content if new.upload else None
            if tokens is not None:
                keeper.put(HttpConnection.of(new.app, opened, client=opened.client), tokens)
            return await self._tried(scope, new.app, opened, client, keeper, content)
        finally:
            await client.close()

    async def _take_back(self, scope: Scope, app: App, name: str) -> Callable[[], Awaitable[None]] | None:
        opened = await self._connections.open(scope, app, name)
        return await self._transports.http.revoked(HttpConnection.of(app, opened, client=opened.client))

    async def _tried(
        self,
        scope: Scope,
        app: App,
        opened: OpenConnection,
        client: HttpClient,
        keeper: TokenKeeper | None,
        content: bytes | None,
    ) -> Verified | None:
        try:
            match app.connection_kind(opened.kind):
                case DatabaseCredential(engine="redis"):
                    return Verified(await self._transports.redis.test(opened))
                case DatabaseCredential(engine=engine):
                    return Verified(await self._transports.database(engine).test(opened))
                case AwsKeys() as kind:
                    return Verified(await self._transports.aws.test(AwsConnection.of(kind, opened.fields)))
                case FileConnection():
                    name = str(opened.fields.get("file_name"))
                    if content is None:
                        name, content = await self._sheet_files.content(scope, opened)
                    await self._transports.sheets.inspect(content, name)
                    return Verified()
                case _:
                    return await _asked(app, opened, client, keeper)
        except Problem as problem:
            problem.details = Redactor(opened.secrets).redact_json(problem.details)
            raise


async def _asked(app: App, opened: OpenConnection, client: HttpClient, keeper: TokenKeeper | None) -> Verified | None:
    connection = HttpConnection.of(app, opened, client=opened.client)
    identity = None
    if app.test is not None:
        outputs = Outputs(result="data")
        answer = await client.perform(app.test.request, {}, outputs, connection, app=app, idempotent=True)
        identity = identity_in(app.test, answer.value)
    elif needs_tokens(connection):
        await client.tokens(connection)
    else:
        return None
    return Verified(identity, await keeper.kept(connection) if keeper is not None else None)


def identity_in(test: ConnectionTest, data: Json) -> str | None:
    """Whose account it is, as the test's answer says; None where it does not say.

    >>> from outcode.appkit import Request
    >>> test = ConnectionTest(request=Request(method="GET", url="/me"), identity="{user.email} ({team})")
    >>> identity_in(test, {"user": {"email": "kim@example.com"}, "team": "Sales"})
    'kim@example.com (Sales)'
    """
    if test.identity is None:
        return None
    found = {path: optional_at(data, path) for path in _PLACEHOLDER.findall(test.identity)}
    if all(value in (None, "") for value in found.values()):
        return None
    text = _PLACEHOLDER.sub(lambda match: render(found[match[1]]), test.identity)
    return " ".join(text.replace("\x00", "").split())[:_LONGEST_IDENTITY]


async def _if_possible(step: Awaitable[_T]) -> _T | None:
    """What a step of taking tokens back answers; None when it fails."""
    try:
        return await step
    except Problem as problem:
        # The connection goes either way; at the vendor's it ends when its tokens do.
        _log.warning("the tokens of a removed connection were not taken back: %s", problem.code)
        return None


def _refuse_consent(new: Draft) -> None:
    if isinstance(new.kind, OAuth2Code):
        raise InputProblem("connection_needs_consent", app=new.app.name)
