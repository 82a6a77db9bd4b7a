"""A team's connections: settings in plain, sensitive fields sealed; opened only to carry out a call, never to be shown.

What a connection asks is declared by its app; :func:`split` checks the answers against that declaration and parts them
into what may be shown and what is sealed. A connection's file is stored sealed, too; ``file`` then holds its id.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import PurePath

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError

from outcode.appkit import App
from outcode.appkit.accept import accept_answers
from outcode.appkit.connections import ConnectionKind
from outcode.appkit.fields import Field, FileField
from outcode.database import schema
from outcode.database.database import Database
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import Conflict, InputProblem, NotFound, Place, TooLarge
from outcode.workspace.files import FileStore
from outcode.workspace.scope import Scope, new_id
from outcode.workspace.secrets import SecretStore

_LONGEST_NAME = 200
_LARGEST_EXPONENT = 1000


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """A connection as anybody in the team may see it; sensitive fields are not part of it."""

    id: str
    app: str
    kind: str
    name: str
    settings: dict[str, Json]
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """A connection opened for one call: all its fields in plain. Lives only as long as the call."""

    id: str
    app: str
    kind: str
    name: str
    version: int
    fields: Mapping[str, Json]
    secrets: tuple[str, ...]
    """The sensitive values, for redaction of whatever leaves the call."""

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The hosts that credentials may be sent to, where the kind of connection names them."""
        return frozenset(str(host) for host in self.fields.get("allowed_hosts") or ())

    def __repr__(self) -> str:
        return f"OpenConnection(id={self.id!r}, app={self.app!r}, name={self.name!r})"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way into a connection."""

    name: str
    content: bytes


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
        """Store a connection of one of the app's kinds (None: the usual one).

        Raises InputProblem for wrong answers and Conflict when the name is taken.
        """
        name = _usable_name(name)
        declared = connection_kind(app, kind)
        accepted = check_connection(app, declared, answers, upload)
        async with AsyncExitStack() as undo:
            stored = await self._store_upload(scope, upload)
            if stored:
                undo.push_async_callback(self._files.remove, scope, str(stored["file"]))
            shown, sealed = split(declared.fields, accepted | stored)
            with _name_free(name):
                await self._insert(scope, app, declared, name, shown, sealed)
            undo.pop_all()
        return await self.find(scope, name)

    async def find(self, scope: Scope, name: str) -> ConnectionInfo:
        """The connection of that name; raises NotFound with the nearest name."""
        known = {info.name: info for info in await self.list(scope)}
        if found := known.get(_nfc(name)):
            return found
        near = difflib.get_close_matches(name, known, n=1)
        raise NotFound("connection_unknown", name=name, suggestion=f" ({near[0]}?)" if near else "")

    async def list(self, scope: Scope) -> list[ConnectionInfo]:
        """All connections of the team by name."""
        table = schema.connections
        columns = (
            table.c.id,
            table.c.app,
            table.c.kind,
            table.c.name,
            table.c.settings,
            table.c.version,
            table.c.created_at,
        )
        async with self._database.begin() as connection:
            rows = await connection.execute(scope.select(table, *columns).order_by(table.c.name))
            return [ConnectionInfo(**row._mapping) for row in rows]

    async def open(self, scope: Scope, app: App, name: str) -> OpenConnection:
        """The connection with its secrets, for a call of ``app`` made in this scope.

        The right to use it is decided here, at the moment of use: name and team are conditions of the query.
        """
        table = schema.connections
        async with self._database.begin() as connection:
            row = (await connection.execute(scope.select(table).where(table.c.name == _nfc(name)))).one_or_none()
            if row is None:
                raise NotFound("connection_unknown", name=name, suggestion="")
            if row.app != app.slug:
                raise InputProblem("connection_of_other_app", name=name, other=row.app, app=app.slug)
            plain = await self._secrets.open(connection, scope, row.id, row.data_key_id, row.secret)
        sealed: dict[str, Json] = json.loads(plain)
        return OpenConnection(
            id=row.id,
            app=row.app,
            kind=row.kind,
            name=row.name,
            version=row.version,
            fields={**row.settings, **sealed},
            secrets=tuple(str(value) for value in sealed.values() if value not in (None, "")),
        )

    async def remove(self, scope: Scope, name: str) -> None:
        """Delete a connection and its file; raises NotFound outside the team."""
        table = schema.connections
        async with self._database.begin() as connection:
            query = scope.delete(table).where(table.c.name == _nfc(name)).returning(table.c.settings)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            await self.find(scope, name)  # raises, unless one of that name came this very moment
            return
        if file_id := row.settings.get("file"):
            await self._files.remove(scope, str(file_id))

    async def _insert(
        self,
        scope: Scope,
        app: App,
        kind: ConnectionKind,
        name: str,
        shown: dict[str, Json],
        sealed: dict[str, Json],
    ) -> None:
        connection_id = new_id()
        async with self._database.begin() as connection:
            key_id, secret = await self._secrets.seal(connection, scope, connection_id, json.dump_bytes(sealed))
            values = {
                "id": connection_id,
                "app": app.slug,
                "kind": kind.key,
                "name": name,
                "settings": shown,
                "secret": secret,
                "data_key_id": key_id,
                "created_by": scope.user_id,
            }
            await connection.execute(sql.insert(schema.connections).values(scope.owned(values)))

    async def _store_upload(self, scope: Scope, upload: Upload | None) -> dict[str, Json]:
        if upload is None:
            return {}
        name = PurePath(upload.name).name
        file = await self._files.add(scope, name, "application/octet-stream", upload.content, sealed=True)
        return {"file": file.id, "file_name": name}


def connection_kind(app: App, key: str | None = None) -> ConnectionKind:
    """The app's kind of connection of that key, or its usual one; raises InputProblem when there is none."""
    if not app.connections:
        raise InputProblem("connection_not_taken", app=app.name)
    kind = app.connection_kind(key)
    if kind is None:
        known = [each.key for each in app.connections]
        raise InputProblem("connection_kind_unknown", Place(field="kind"), app=app.name, value=key, known=known)
    return kind


def check_connection(
    app: App, kind: ConnectionKind, answers: Mapping[str, Json], upload: Upload | None
) -> dict[str, Json]:
    """The answers with defaults, checked against the declaration; raises InputProblem naming the field."""
    fields = kind.fields
    if unknown := sorted(set(answers) - {field.key for field in fields}):
        known = [field.key for field in fields]
        raise InputProblem(
            "connection_field_unknown", Place(field=unknown[0]), app=app.name, field=unknown[0], known=known
        )
    for key, value in answers.items():
        if not _is_storable(value):
            raise InputProblem("connection_value_unusable", Place(field=key), field=key, maximum=_LARGEST_EXPONENT)
    file_fields = [field for field in fields if isinstance(field, FileField)]
    if upload is not None and not file_fields:
        raise InputProblem("connection_file_not_taken", Place(field="file"), app=app.name)
    for field in file_fields:
        _check_upload(field, upload)
    return accept_answers((field for field in fields if field not in file_fields), answers)


def split(fields: Iterable[Field], answers: Mapping[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """The answers that may be shown, and those that are sealed."""
    sensitive = {field.key for field in fields if field.sensitive and not isinstance(field, FileField)}
    shown = {key: value for key, value in answers.items() if key not in sensitive}
    return shown, {key: value for key, value in answers.items() if key in sensitive}


@contextmanager
def _name_free(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict("connection_exists", Place(field="name"), name=name) from error


def _is_storable(value: Json) -> bool:
    """Whether PostgreSQL's JSON can hold a value: no NUL in texts, no numbers of endless length."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text) if "\x00" in text:
                return False
            case Decimal() as number if abs(number.adjusted()) > _LARGEST_EXPONENT:
                return False
            case list(items):
                waiting += items
            case dict(entries):
                waiting += [*entries, *entries.values()]
    return True


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _usable_name(name: str) -> str:
    """The name in the form in which it is looked up."""
    name = _nfc(name).strip()
    if not 1 <= len(name) <= _LONGEST_NAME or any(unicodedata.category(character) == "Cc" for character in name):
        raise InputProblem("connection_name_unusable", Place(field="name"))
    return name


def _check_upload(field: FileField, upload: Upload | None) -> None:
    if upload is None:
        if field.required:
            raise InputProblem("field_required", Place(field=field.key), label=field.label.model_dump())
        return
    if "\x00" in upload.name or not upload.name.lower().endswith(field.suffixes):
        raise InputProblem("file_suffix_wrong", Place(field=field.key), name=upload.name, suffixes=list(field.suffixes))
    if len(upload.content) > field.max_bytes:
        raise TooLarge(
            "file_too_large", Place(field=field.key), name=upload.name, limit_mb=field.max_bytes // 1024 // 1024
        )
