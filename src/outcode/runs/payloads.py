"""Values of runs, wide or small: up to 32 KB in the database, beyond that as a blob with a row that points at it."""

from __future__ import annotations

import asyncpg

from outcode.database.blobs import BlobStore
from outcode.database.database import Connection
from outcode.values import json
from outcode.values.json import Json
from outcode.workspace.scope import Scope, new_id

INLINE_BYTES = 32 * 1024


class PayloadStore:
    """Writes and reads JSON values that belong to a team."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def put(self, database: Connection, scope: Scope, value: Json) -> str:
        """Store a value within the caller's transaction and return the payload's id.

        A wide value is on disk before the row that names it is committed; a blob whose row was rolled back is swept.
        """
        content = json.dump_bytes(value)
        payload_id = new_id()
        inline, blob = (content, None) if len(content) <= INLINE_BYTES else (None, await self._blobs.put(content))
        await database.execute(
            """
            INSERT INTO payloads (organization_id, team_id, id, size, inline, blob) VALUES ($1, $2, $3, $4, $5, $6)
            """,
            scope.organization_id,
            scope.team_id,
            payload_id,
            len(content),
            inline,
            blob,
        )
        return payload_id

    async def get(self, database: Connection, scope: Scope, payload_id: str) -> Json:
        """The value of a payload of the team; raises KeyError when there is none."""
        row: asyncpg.Record | None = await database.fetchrow(
            "SELECT inline, blob FROM payloads WHERE id = $1 AND organization_id = $2 AND team_id = $3",
            payload_id,
            scope.organization_id,
            scope.team_id,
        )
        if row is None:
            raise KeyError(payload_id)
        return json.loads(row["inline"] if row["blob"] is None else await self._blobs.get(row["blob"]))
