"""Whom a webhook delivery reaches: key, address, flow and membership, looked up together for many deliveries.

Nothing of it is remembered from one call to the next, so that a key that was revoked a moment ago opens nothing. What
makes that cheap is that all deliveries that arrive while a look-up is under way share the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from outcode.database.database import Database
from outcode.database.grouped import Grouped
from outcode.values.problems import AuthProblem, NotFound, PermissionProblem, Problem
from outcode.workspace.flows import FlowVersion
from outcode.workspace.keys import digest_of
from outcode.workspace.scope import Scope
from outcode.workspace.webhook_names import composed

# A key is good while its owner is in the key's own team; to reach a flow the owner must be in the flow's team, too.
# A name that the webhook had before leads to it as its present one does. A flow that is off, or was never published, is
# reached only while it waits for a sample, and then as its draft.
_QUERY = """
SELECT wanted.number, keys.id AS key_id, keys.user_id, keys.organization_id AS key_organization_id,
       keys.team_id AS key_team_id, members.user_id IS NOT NULL AS may_start,
       keys.last_used_at IS NULL OR keys.last_used_at < now() - interval '1 minute' AS stale,
       coalesce(organizations.service_ended_at <= now(), false) AS ended, captures.flow_id IS NOT NULL AS armed,
       flows.organization_id, flows.team_id, flows.id AS flow_id, flows.name, versions.id AS version_id,
       flows.active AND flows.published_number IS NOT NULL AS live
FROM unnest($1::bytea[], $2::text[], $3::text[]) WITH ORDINALITY AS wanted (digest, domain, name, number)
LEFT JOIN api_keys AS keys ON keys.digest = wanted.digest AND keys.revoked_at IS NULL AND EXISTS (
    SELECT FROM memberships WHERE memberships.team_id = keys.team_id AND memberships.user_id = keys.user_id)
LEFT JOIN organizations ON organizations.domain = wanted.domain
LEFT JOIN webhook_names AS names ON names.organization_id = organizations.id AND names.name = wanted.name
LEFT JOIN flows ON flows.id = names.flow_id
LEFT JOIN memberships AS members ON members.team_id = flows.team_id AND members.user_id = keys.user_id
LEFT JOIN webhook_captures AS captures ON captures.flow_id = flows.id AND captures.armed_until > now()
LEFT JOIN flow_versions AS versions ON versions.flow_id = flows.id AND versions.number = CASE
    WHEN flows.active AND flows.published_number IS NOT NULL THEN flows.published_number
    WHEN captures.flow_id IS NOT NULL THEN flows.version END
"""


_USED = "UPDATE api_keys SET last_used_at = now() WHERE id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a delivery goes and who sends it: domain and name of the URL, and the digest of the key, None without."""

    domain: str
    name: str
    digest: bytes | None

    @classmethod
    def of(cls, domain: str, name: str, key: str | None) -> Address:
        """The address as it is looked up: names in NFC, of the key only the digest."""
        return cls(composed(domain), composed(name), digest_of(key) if key else None)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose delivery it is, also when it is refused; without ``flow_id`` it is the team of the key that was used."""

    organization_id: str
    team_id: str
    flow_id: str | None


@dataclass(frozen=True, slots=True)
class Reached:
    """The flow at an address, in the scope of its team and the key's owner.

    ``live``: it is published and on; only then it is started. ``armed``: it waits for a request to keep as a sample.
    """

    scope: Scope
    version: FlowVersion
    key_id: str
    live: bool
    armed: bool

    @property
    def owner(self) -> Owner:
        """Whose delivery it is."""
        return Owner(self.scope.organization_id, self.scope.team_id, self.version.flow_id)


@dataclass(frozen=True, slots=True)
class Unreached:
    """Why an address leads nowhere for this caller; ``owner`` is who should hear of it, None: nobody."""

    owner: Owner | None
    problem: Problem


class Deliveries:
    """Looks up addresses; those that come together are one query, and equal ones are one row of it."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._found: Grouped[Address, asyncpg.Record] = Grouped(self._find_all)

    async def find(self, address: Address) -> Reached | Unreached:
        """What the address leads to.

        Why it is not reached: AuthProblem when the key is missing, unknown, revoked, or its owner not in the flow's
        team; NotFound when there is no such flow; PermissionProblem when the organization's service has ended.
        """
        row = await self._found.submit(address)
        owner = _owner(row)
        if row["key_id"] is None:
            return Unreached(owner, AuthProblem("api_key_refused" if address.digest else "api_key_missing"))
        if row["version_id"] is None:
            return Unreached(owner, NotFound("webhook_unknown", name=address.name[:100]))
        if not row["may_start"]:
            return Unreached(owner, AuthProblem("api_key_refused"))
        if row["ended"]:
            return Unreached(owner, PermissionProblem("service_ended"))
        scope = Scope(row["organization_id"], row["team_id"], row["user_id"])
        version = FlowVersion(row["flow_id"], row["name"], row["version_id"])
        return Reached(scope, version, row["key_id"], row["live"], row["armed"])

    async def _find_all(self, addresses: list[Address]) -> list[asyncpg.Record]:
        wanted = list(dict.fromkeys(addresses))
        async with self._pool.acquire() as database:
            rows = await database.fetch(
                _QUERY,
                [address.digest or b"" for address in wanted],
                [address.domain for address in wanted],
                [address.name for address in wanted],
            )
            if used := {row["key_id"] for row in rows if row["key_id"] is not None and row["stale"]}:
                # To the minute: a write at every use would make all users of a key wait for one row.
                await database.execute(_USED, list(used))
        known = {wanted[row["number"] - 1]: row for row in rows}
        return [known[address] for address in addresses]


def _owner(row: asyncpg.Record) -> Owner | None:
    if row["flow_id"] is not None:
        return Owner(row["organization_id"], row["team_id"], row["flow_id"])
    if row["key_id"] is not None:
        return Owner(row["key_organization_id"], row["key_team_id"], None)
    return None
