"""Whom a webhook delivery reaches: key, address, flow and membership, looked up together for many deliveries."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import asyncpg

from outcode.database.database import Database
from outcode.database.grouped import Grouped
from outcode.values.problems import AuthProblem, NotFound
from outcode.workspace.flows import FlowVersion
from outcode.workspace.keys import digest_of
from outcode.workspace.scope import Scope

# A key is good while its owner is in the key's own team; to reach a flow the owner must be in the flow's team, too.
_QUERY = """
SELECT wanted.number, keys.id AS key_id, keys.user_id, members.user_id IS NOT NULL AS may_start,
       keys.last_used_at IS NULL OR keys.last_used_at < now() - interval '1 minute' AS stale,
       flows.organization_id, flows.team_id, flows.id AS flow_id, flows.name, versions.id AS version_id
FROM unnest($1::bytea[], $2::text[], $3::text[]) WITH ORDINALITY AS wanted (digest, domain, name, number)
LEFT JOIN api_keys AS keys ON keys.digest = wanted.digest AND keys.revoked_at IS NULL AND EXISTS (
    SELECT FROM memberships WHERE memberships.team_id = keys.team_id AND memberships.user_id = keys.user_id)
LEFT JOIN organizations ON organizations.domain = wanted.domain
LEFT JOIN flows ON flows.organization_id = organizations.id AND flows.webhook_name = wanted.name AND flows.active
LEFT JOIN flow_versions AS versions ON versions.flow_id = flows.id AND versions.number = flows.published_number
LEFT JOIN memberships AS members ON members.team_id = flows.team_id AND members.user_id = keys.user_id
"""


_USED = "UPDATE api_keys SET last_used_at = now() WHERE id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a delivery goes and who sends it: the domain and name of the URL, and the key."""

    domain: str
    name: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Reached:
    """The flow at an address, in the scope of its team and the key's owner."""

    scope: Scope
    version: FlowVersion


class Deliveries:
    """Looks up addresses; those that come together are one query."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._found: Grouped[Address, asyncpg.Record] = Grouped(self._find_all)

    async def find(self, address: Address) -> Reached:
        """The flow at the address.

        Raises AuthProblem when the key is missing, unknown, revoked, or its owner not in the flow's team; NotFound when
        there is no such flow.
        """
        if not address.key:
            raise AuthProblem("api_key_missing")
        row = await self._found.submit(address)
        if row["key_id"] is None:
            raise AuthProblem("api_key_refused")
        if row["version_id"] is None:
            raise NotFound("webhook_unknown")
        if not row["may_start"]:
            raise AuthProblem("api_key_refused")
        scope = Scope(row["organization_id"], row["team_id"], row["user_id"])
        return Reached(scope, FlowVersion(row["flow_id"], row["name"], row["version_id"]))

    async def _find_all(self, addresses: list[Address]) -> list[asyncpg.Record]:
        async with self._pool.acquire() as database:
            rows = await database.fetch(
                _QUERY,
                [digest_of(address.key or "") for address in addresses],
                [unicodedata.normalize("NFC", address.domain) for address in addresses],
                [unicodedata.normalize("NFC", address.name) for address in addresses],
            )
            if used := {row["key_id"] for row in rows if row["key_id"] is not None and row["stale"]}:
                # To the minute: a write at every use would make all users of a key wait for one row.
                await database.execute(_USED, list(used))
        return sorted(rows, key=lambda row: int(row["number"]))
