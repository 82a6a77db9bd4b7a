"""Where a team's connections are kept. What may be shown stands in plain; the rest is sealed, and so is a file."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from outcode.appkit import App, OAuth2Code
from outcode.database import schema
from outcode.database.database import Database
from outcode.transport.http.auth.keeper import NEEDS_RECONNECT
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import (
    Conflict,
    EgressRefused,
    InputProblem,
    NotFound,
    PermissionProblem,
    Place,
    Problem,
    RateLimited,
    VendorDown,
)
from outcode.workspace.connections.drafts import (
    Draft,
    Upload,
    Verified,
    check_connection,
    connection_kind,
    draft,
    file_name,
    nfc,
    refuse_moved_secrets,
    secret_texts,
    split,
    usable_name,
)
from outcode.workspace.connections.info import ConnectionInfo, ConnectionState, OpenConnection
from outcode.workspace.connections.uses import flows_by_connection, rename_in_flows
from outcode.workspace.files import FileStore
from outcode.workspace.oauth_clients import find_client
from outcode.workspace.scope import Scope
from outcode.workspace.secrets import SecretStore
from outcode.workspace.tokens import put_tokens

_TOKENS = schema.connection_tokens
_SHOWN = (
    *("id", "app", "kind", "name", "settings", "version", "state", "identity", "problem", "tested_at"),
    *("created_by", "created_at", "updated_at"),
)


class ConnectionStore:
    """Reads and writes a team's connections."""

    def __init__(self, database: Database, secrets: SecretStore, files: FileStore) -> None:
        self._database = database
        self._secrets = secrets
        self._files = files

    async def add(
        self,
        scope: Scope,
        app: App,
        name: str,
        answers: Mapping[str, Json],
        upload: Upload | None = None,
        *,
        kind: str | None = None,
    ) -> ConnectionInfo:
        """Store a connection without trying it; raises InputProblem, and Conflict when the name is taken."""
        return await self.insert(scope, draft(app, name, answers, upload, kind=kind))

    async def insert(self, scope: Scope, new: Draft, tested: Verified | None = None) -> ConnectionInfo:
        """Store a draft, as working when it has been tested; raises Conflict when its name is taken."""
        async with self._stored_file(scope, new) as file:
            shown, sealed = split(new.kind.fields, {**new.fields, **file})
            values = {"id": new.id, "app": new.app.slug, "name": new.name, "created_by": scope.user_id}
            with _name_free(new.name):
                async with self._database.begin() as connection:
                    values |= await self._columns(connection, scope, new, shown, sealed, tested)
                    await connection.execute(sql.insert(schema.connections).values(scope.owned(values)))
                    await self._put_tokens(connection, scope, new, tested)
        return await self.find(scope, new.name)

    async def changed(
        self,
        scope: Scope,
        app: App,
        name: str,
        answers: Mapping[str, Json],
        upload: Upload | None = None,
        *,
        kind: str | None = None,
    ) -> Draft:
        """The connection as the form would have it: sensitive fields and a file that it leaves out stay as they are.

        Raises InputProblem for wrong answers, and for secrets left out though they might now go elsewhere;
        PermissionProblem when the connection is not the user's to change.
        """
        current = await self.open(scope, app, name)
        async with self._database.begin() as connection:
            await self._refuse_others(connection, scope, current.id)
        declared = connection_kind(app, kind or current.kind)
        kept = current.fields if declared.key == current.kind else {}
        _, sealed = split(declared.fields, kept)
        file = {key: kept[key] for key in ("file", "file_name") if key in kept and upload is None}
        accepted = check_connection(app, declared, {**sealed, **answers}, upload, has_file=bool(file))
        if sealed:
            refuse_moved_secrets(declared.fields, current.fields, accepted, answers)
        return Draft(current.id, app, declared, current.name, current.version + 1, {**accepted, **file}, upload)

    async def replace(self, scope: Scope, changed: Draft, tested: Verified | None = None) -> ConnectionInfo:
        """Store a changed draft; its former tokens are gone with the former credentials.

        Raises Conflict when somebody has changed the connection meanwhile.
        """
        table = schema.connections
        async with self._stored_file(scope, changed) as file:
            shown, sealed = split(changed.kind.fields, {**changed.fields, **file})
            async with self._database.begin() as connection:
                columns = await self._columns(connection, scope, changed, shown, sealed, tested)
                former = await self._settings_before(connection, scope, changed)
                change = scope.update(table).where(table.c.id == changed.id)
                await connection.execute(change.values(**columns, updated_at=sql.func.now()))
                await connection.execute(scope.delete(_TOKENS).where(_TOKENS.c.connection_id == changed.id))
                await self._put_tokens(connection, scope, changed, tested)
        if (old := former.get("file")) and old != shown.get("file"):
            await self._files.remove(scope, str(old))
        return await self.find(scope, changed.name)

    async def rename(self, scope: Scope, name: str, new_name: str) -> ConnectionInfo:
        """Name a connection anew, in the flows that use it, too; runs that have begun keep what they opened."""
        table, new_name = schema.connections, usable_name(new_name)
        found = await self.find(scope, name)
        with _name_free(new_name):
            async with self._database.begin() as connection:
                await self._refuse_others(connection, scope, found.id)
                change = scope.update(table).where(table.c.id == found.id)
                await connection.execute(change.values(name=new_name, updated_at=sql.func.now()))
                await rename_in_flows(connection, scope, found.name, new_name)
        return await self.find(scope, new_name)

    async def refuse_taken(self, scope: Scope, name: str) -> None:
        """Raise Conflict when the team has a connection of that name."""
        table = schema.connections
        async with self._database.begin() as connection:
            query = scope.select(table, table.c.id).where(table.c.name == nfc(name))
            if (await connection.execute(query)).one_or_none() is not None:
                raise Conflict("connection_exists", Place(field="name"), name=name)

    async def find(self, scope: Scope, name: str) -> ConnectionInfo:
        """The connection of that name; raises NotFound with the nearest name."""
        known = {info.name: info for info in await self.list(scope)}
        if found := known.get(nfc(name)):
            return found
        near = difflib.get_close_matches(name, known, n=1)
        raise NotFound("connection_unknown", name=name, suggestion=f" ({near[0]}?)" if near else "")

    async def list(self, scope: Scope) -> list[ConnectionInfo]:
        """All connections of the team by name."""
        table = schema.connections
        async with self._database.begin() as connection:
            query = scope.select(table, *(table.c[name] for name in _SHOWN)).order_by(table.c.name)
            rows = (await connection.execute(query)).all()
            users = await flows_by_connection(connection, scope)
        return [
            ConnectionInfo(**row._mapping, used_by=users.get(row.name, ()), same_as=_same(row, rows)) for row in rows
        ]

    async def same_as(self, scope: Scope, app: App, identity: str | None, *, but: str | None = None) -> tuple[str, ...]:
        """The names of the connections to one account of an app, except the one of that id."""
        if identity is None:
            return ()
        return tuple(
            info.name
            for info in await self.list(scope)
            if (info.app, info.identity) == (app.slug, identity) and info.id != but
        )

    async def open(self, scope: Scope, app: App, name: str) -> OpenConnection:
        """The connection with its secrets, for a call of ``app`` made in this scope.

        The right to use it is decided here, at the moment of use: name and team are conditions of the query.
        """
        table = schema.connections
        async with self._database.begin() as connection:
            row = (await connection.execute(scope.select(table).where(table.c.name == nfc(name)))).one_or_none()
            if row is None:
                raise NotFound("connection_unknown", name=name, suggestion="")
            if row.app != app.slug:
                raise InputProblem("connection_of_other_app", name=name, other=row.app, app=app.slug)
            kind = connection_kind(app, row.kind)
            plain = await self._secrets.open(connection, scope, row.id, row.data_key_id, row.secret)
            client = None
            if isinstance(kind, OAuth2Code):
                client = await find_client(connection, self._secrets, app.slug)
        sealed: dict[str, Json] = json.loads(plain)
        return OpenConnection(
            id=row.id,
            app=row.app,
            kind=row.kind,
            name=row.name,
            version=row.version,
            fields={**row.settings, **sealed},
            secrets=secret_texts(sealed),
            state=row.state,
            client=client,
        )

    async def mark(self, scope: Scope, opened: OpenConnection, tested: Verified | Problem) -> None:
        """Remember that the connection works, or what is wrong with it; nothing when it has changed meanwhile."""
        table = schema.connections
        if isinstance(tested, Problem):
            values: dict[str, Any] = {"state": state_after(opened.state, tested), "problem": tested.as_json()}
        else:
            values = {"state": "working", "problem": None, "identity": tested.identity}
        change = scope.update(table).where(table.c.id == opened.id, table.c.version == opened.version)
        async with self._database.begin() as connection:
            await connection.execute(change.values(**values, tested_at=sql.func.now()))

    async def forget_problem(self, scope: Scope, opened: OpenConnection) -> None:
        """Let a lost connection be tried again: its tokens are not fetched as long as it counts as lost."""
        table = schema.connections
        change = scope.update(table).where(table.c.id == opened.id, table.c.version == opened.version)
        async with self._database.begin() as connection:
            await connection.execute(change.values(state="untested", problem=None))

    async def remove(self, scope: Scope, name: str, *, used: bool = False) -> None:
        """Delete a connection and its file; raises NotFound outside the team.

        Raises Conflict with the names of the flows that use it, unless ``used`` ones shall go, too.
        """
        found = await self.find(scope, name)
        table = schema.connections
        async with self._database.begin() as connection:
            await self._refuse_others(connection, scope, found.id)
            if found.used_by and not used:
                raise Conflict("connection_used", name=found.name, flows=list(found.used_by))
            await connection.execute(scope.delete(table).where(table.c.id == found.id))
        if file_id := found.settings.get("file"):
            await self._files.remove(scope, str(file_id))

    async def _columns(
        self,
        connection: AsyncConnection,
        scope: Scope,
        new: Draft,
        shown: dict[str, Json],
        sealed: dict[str, Json],
        tested: Verified | None,
    ) -> dict[str, Any]:
        key_id, secret = await self._secrets.seal(connection, scope, new.id, json.dump_bytes(sealed))
        return {
            "kind": new.kind.key,
            "settings": shown,
            "secret": secret,
            "data_key_id": key_id,
            "version": new.version,
            "state": "untested" if tested is None else "working",
            "identity": tested.identity if tested else None,
            "problem": None,
            "tested_at": sql.func.now() if tested else None,
        }

    async def _put_tokens(self, connection: AsyncConnection, scope: Scope, new: Draft, tested: Verified | None) -> None:
        if tested is not None and tested.tokens is not None:
            await put_tokens(connection, self._secrets, scope, new.id, tested.tokens)

    @staticmethod
    async def _settings_before(connection: AsyncConnection, scope: Scope, changed: Draft) -> dict[str, Json]:
        """The settings that a change replaces, locked until it is stored."""
        table = schema.connections
        query = scope.select(table, table.c.settings).where(
            table.c.id == changed.id, table.c.version == changed.version - 1
        )
        settings: dict[str, Json] | None = (await connection.execute(query.with_for_update())).scalar_one_or_none()
        if settings is None:
            raise Conflict("connection_changed")
        return settings

    @staticmethod
    async def _refuse_others(connection: AsyncConnection, scope: Scope, connection_id: str) -> None:
        """Only who made a connection, and a team's administrators, may change or remove it."""
        table, members = schema.connections, schema.memberships
        administers = scope.select(members, members.c.user_id).where(
            members.c.user_id == scope.user_id, members.c.role == "administrator"
        )
        query = scope.select(table, table.c.name).where(
            table.c.id == connection_id, sql.or_(table.c.created_by == scope.user_id, administers.exists())
        )
        if (await connection.execute(query)).one_or_none() is None:
            raise PermissionProblem("connection_of_another")

    @asynccontextmanager
    async def _stored_file(self, scope: Scope, new: Draft) -> AsyncIterator[dict[str, Json]]:
        """Keep the draft's file, for good when the block ends well; its place in the connection's fields."""
        if new.upload is None:
            yield {}
            return
        name = file_name(new.upload)
        file = await self._files.add(scope, name, "application/octet-stream", new.upload.content, sealed=True)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self._files.remove, scope, file.id)
            yield {"file": file.id, "file_name": name}
            undo.pop_all()


def state_after(state: ConnectionState, problem: Problem) -> ConnectionState:
    """The state of a connection that met a problem; one that says nothing of its credentials leaves it as it was."""
    if isinstance(problem, VendorDown | RateLimited | EgressRefused):
        return state
    return "needs_reconnect" if problem.code == NEEDS_RECONNECT else "needs_attention"


def _same(row: sql.Row[Any], rows: Sequence[sql.Row[Any]]) -> tuple[str, ...]:
    if row.identity is None:
        return ()
    return tuple(
        other.name for other in rows if (other.app, other.identity) == (row.app, row.identity) and other.id != row.id
    )


@contextmanager
def _name_free(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict("connection_exists", Place(field="name"), name=name) from error
