"""A team's files as calls see them: read by id, added to, and never one that belongs to a connection."""

from __future__ import annotations

from uuid import UUID

from outcode.transport.http import REQUEST_BODY_LIMIT
from outcode.values.json import Json
from outcode.values.problems import NotFound, TooLarge
from outcode.workspace.files import FileStore
from outcode.workspace.scope import Scope


class TeamFiles:
    """The door from HTTP calls to the files of one team."""

    def __init__(self, store: FileStore, scope: Scope) -> None:
        self._store = store
        self._scope = scope

    async def content(self, file_id: str) -> tuple[str, str, bytes]:
        """Name, media type and bytes; raises NotFound, or TooLarge for a file that no request can hold."""
        try:
            file = await self._store.find(self._scope, str(UUID(file_id)))
        except ValueError as error:
            raise NotFound("file_unknown") from error
        if file.sealed:
            raise NotFound("file_unknown")
        if file.size > REQUEST_BODY_LIMIT:
            raise TooLarge("http_body_too_large", size=file.size, limit=REQUEST_BODY_LIMIT)
        return file.name, file.media_type, await self._store.content(self._scope, file_id)

    async def keep(self, name: str, media_type: str, content: bytes) -> dict[str, Json]:
        """Store a new file of the team and answer its value."""
        return (await self._store.add(self._scope, name, media_type, content)).as_value()
