"""Files of a team: uploads that connections read (encrypted) and files that runs write; addressed by id only."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql

from outcode.database import schema
from outcode.database.blobs import BlobStore
from outcode.database.database import Database
from outcode.values.json import Json
from outcode.values.problems import NotFound, SetupProblem
from outcode.workspace.scope import Scope, new_id
from outcode.workspace.secrets import SecretStore


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a team; ``size`` is in bytes. A ``sealed`` one belongs to a connection and is never given out."""

    id: str
    name: str
    media_type: str
    size: int
    sealed: bool = False

    def as_value(self) -> dict[str, Json]:
        """The file as a value of a flow."""
        return {"fileId": self.id, "name": self.name, "mediaType": self.media_type, "size": self.size}


class FileStore:
    """Keeps files of teams in the blob folder; ``sealed`` ones are encrypted with the organization's data key."""

    def __init__(self, database: Database, blobs: BlobStore, secrets: SecretStore) -> None:
        self._database = database
        self._blobs = blobs
        self._secrets = secrets

    async def add(
        self, scope: Scope, name: str, media_type: str, content: bytes, *, sealed: bool = False
    ) -> StoredFile:
        """Store a file of the team; ``name`` is only shown, never a path."""
        file = StoredFile(new_id(), name, media_type, len(content), sealed)
        async with AsyncExitStack() as undo:
            async with self._database.begin() as connection:
                key_id = None
                if sealed:
                    key_id, content = await self._secrets.seal(connection, scope, file.id, content)
                blob = await self._blobs.put(content)
                undo.push_async_callback(self._blobs.delete, blob)
                values = {
                    "id": file.id,
                    "name": name,
                    "media_type": media_type,
                    "size": file.size,
                    "blob": blob,
                    "data_key_id": key_id,
                }
                await connection.execute(sql.insert(schema.files).values(scope.owned(values)))
            undo.pop_all()
        return file

    async def find(self, scope: Scope, file_id: str) -> StoredFile:
        """What is known of a file; raises NotFound outside the team."""
        row = await self._row(scope, file_id)
        return StoredFile(row.id, row.name, row.media_type, row.size, row.data_key_id is not None)

    async def content(self, scope: Scope, file_id: str) -> bytes:
        """The bytes of a file; raises NotFound outside the team."""
        row = await self._row(scope, file_id)
        try:
            content = await self._blobs.get(row.blob)
        except FileNotFoundError as error:
            raise SetupProblem("file_content_missing", name=row.name) from error
        if row.data_key_id is None:
            return content
        async with self._database.begin() as connection:
            return await self._secrets.open(connection, scope, row.id, row.data_key_id, content)

    async def remove(self, scope: Scope, file_id: str) -> None:
        """Delete a file of the team; raises NotFound outside the team."""
        row = await self._row(scope, file_id)
        table = schema.files
        async with self._database.begin() as connection:
            await connection.execute(scope.delete(table).where(table.c.id == file_id))
        await self._blobs.delete(row.blob)

    async def _row(self, scope: Scope, file_id: str) -> Any:
        table = schema.files
        async with self._database.begin() as connection:
            row = (await connection.execute(scope.select(table).where(table.c.id == file_id))).one_or_none()
        if row is None:
            raise NotFound("file_unknown")
        return row
