"""Values of runs, wide or small: up to 32 KB in the database, beyond that as a blob with a row that points at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from outcode.database.blobs import BlobStore
from outcode.database.database import Connection
from outcode.values import json
from outcode.values.json import Json
from outcode.workspace.scope import Scope, new_id

INLINE_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Payload:
    """A value ready to be stored: its content, or the blob that holds it already."""

    id: str
    scope: Scope
    size: int
    inline: bytes | None
    blob: str | None


class PayloadStore:
    """Writes and reads JSON values that belong to a team."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def prepare(self, scope: Scope, value: Json) -> Payload:
        """A payload to be written with the row that points at it.

        A wide value is on disk before that row is committed; a blob whose row was rolled back is swept.
        """
        content = json.dump_bytes(value)
        if len(content) <= INLINE_BYTES:
            return Payload(new_id(), scope, len(content), content, None)
        return Payload(new_id(), scope, len(content), None, await self._blobs.put(content))

    async def write(self, database: Connection, payloads: Sequence[Payload]) -> None:
        """Store prepared payloads within the caller's transaction, in one statement."""
        if not payloads:
            return
        await database.execute(
            """
            INSERT INTO payloads (organization_id, team_id, id, size, inline, blob)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bytea[], $6::text[])
            ON CONFLICT (id) DO NOTHING
            """,
            [payload.scope.organization_id for payload in payloads],
            [payload.scope.team_id for payload in payloads],
            [payload.id for payload in payloads],
            [payload.size for payload in payloads],
            [payload.inline for payload in payloads],
            [payload.blob for payload in payloads],
        )

    async def copy(self, database: Connection, scope: Scope, payload_ids: Sequence[str]) -> dict[str, str]:
        """Second payloads of the same values, within the caller's transaction: their ids by the ids given.

        Each lives as long as what points at it. Ids that are no payload's of the team are left out.
        """
        rows = await database.fetch(
            "SELECT id, blob FROM payloads WHERE id = ANY($1::uuid[]) AND organization_id = $2 AND team_id = $3",
            list(payload_ids),
            scope.organization_id,
            scope.team_id,
        )
        copies = {row["id"]: new_id() for row in rows}
        await database.execute(
            """
            INSERT INTO payloads (organization_id, team_id, id, size, inline, blob)
            SELECT organization_id, team_id, copies.new, size, inline, copies.blob
            FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS copies (old, new, blob)
            JOIN payloads ON payloads.id = copies.old
            """,
            list(copies),
            list(copies.values()),
            [await self._blobs.copy(row["blob"]) if row["blob"] else None for row in rows],
        )
        return copies

    async def forget(self, database: Connection, scope: Scope, payload_id: str) -> str | None:
        """Delete a payload that nothing points at, within the caller's transaction.

        Returns the blob that is to be deleted once that has committed, None where there is none.
        """
        blob: str | None = await database.fetchval(
            "DELETE FROM payloads WHERE id = $1 AND organization_id = $2 AND team_id = $3 RETURNING blob",
            payload_id,
            scope.organization_id,
            scope.team_id,
        )
        return blob

    async def delete_blob(self, blob: str) -> None:
        """Delete the blob of a payload that is forgotten."""
        await self._blobs.delete(blob)

    async def get(self, database: Connection, scope: Scope, payload_id: str) -> Json:
        """The value of a payload of the team; raises KeyError when there is none."""
        return (await self.get_many(database, scope, [payload_id]))[payload_id]

    async def get_many(self, database: Connection, scope: Scope, payload_ids: Sequence[str]) -> dict[str, Json]:
        """The values of payloads of the team, by id; those that are not there are left out."""
        rows: list[asyncpg.Record] = await database.fetch(
            """
            SELECT id, inline, blob FROM payloads
            WHERE id = ANY($1::uuid[]) AND organization_id = $2 AND team_id = $3
            """,
            payload_ids,
            scope.organization_id,
            scope.team_id,
        )
        return {row["id"]: await self.read(row) for row in rows}

    async def read(self, row: asyncpg.Record) -> Json:
        """The value of a row with ``inline`` and ``blob``; raises OSError when its blob cannot be read."""
        return json.loads(row["inline"] if row["blob"] is None else await self._blobs.get(row["blob"]))
