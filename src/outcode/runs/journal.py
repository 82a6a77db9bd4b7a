"""The journal: the run row is the truth about a run, and whoever writes must still hold its lease.

A run is *claimed* by raising its ``epoch`` (:mod:`outcode.runs.leases`); every later write names that epoch. A worker
that was paused past its lease finds that the run is not its own any more: its writes change nothing, and it stops with
:class:`outcode.runs.claims.LeaseLost`. While the database is away, what was done waits to be written.
"""

from __future__ import annotations

from functools import partial

from outcode.database.absence import outlast
from outcode.database.database import Database
from outcode.database.grouped import Grouped
from outcode.engine.results import TaskResult
from outcode.runs.acceptance import Acceptance, NewRun
from outcode.runs.claims import Accepted, Claim, Start
from outcode.runs.payloads import PayloadStore
from outcode.runs.record import RunEntry, RunRecord
from outcode.runs.record_writes import RecordWrites
from outcode.runs.results import ResultStore
from outcode.runs.rows import KnownRows
from outcode.values.json import Json
from outcode.workspace.scope import Scope, new_id


class Journal:
    """Writes and reads runs."""

    def __init__(self, database: Database, payloads: PayloadStore, lease_seconds: float) -> None:
        self._pool = database.pool
        self._payloads = payloads
        self._results = ResultStore(payloads)
        self._lease_seconds = lease_seconds
        self._accepted: Grouped[NewRun, Accepted] = Grouped(Acceptance(database, payloads, lease_seconds).write)
        self._writes = RecordWrites(database, payloads)
        self._written: Grouped[RunEntry, bool] = Grouped(self._write)

    async def accept(self, scope: Scope, start: Start, *, leased: bool = False) -> Accepted:
        """Write a run; once this returns it survives any crash.

        With ``leased`` it is written as running here, for a caller who carries it out at once and waits for the end;
        else as waiting for a worker.
        """
        payload = await self._payloads.prepare(scope, start.input)
        return await self._accepted.submit(NewRun(new_id(), scope, start, payload, leased))

    def record(self, claim: Claim) -> RunRecord:
        """What is written about a run while we hold it."""
        return RunRecord(claim, self._payloads, self._written)

    async def document(self, scope: Scope, version_id: str) -> Json:
        """The stored document of a version of the team; raises KeyError when there is none."""
        async with self._pool.acquire() as database:
            document = await database.fetchval(
                "SELECT document FROM flow_versions WHERE id = $1 AND organization_id = $2 AND team_id = $3",
                version_id,
                scope.organization_id,
                scope.team_id,
            )
        if document is None:
            raise KeyError(version_id)
        return document

    async def result(self, claim: Claim, letter: str) -> TaskResult | None:
        """The journaled result of a finished task; None when it was never executed."""
        async with self._pool.acquire() as database:
            payload_id = await database.fetchval(
                "SELECT result_id FROM run_tasks WHERE run_id = $1 AND letter = $2", claim.run_id, letter
            )
            if payload_id is None:
                return None
            return await self._results.get(database, claim.scope, payload_id)

    async def rows(self, claim: Claim, letter: str) -> KnownRows:
        """What is journaled of the elements of a task that iterates."""
        async with self._pool.acquire() as database:
            return await self._results.rows(database, claim.scope, claim.run_id, letter)

    async def _write(self, entries: list[RunEntry]) -> list[bool]:
        """What happened has happened: it is written once the database is back, as far as the runs are still ours."""
        return await outlast(partial(self._writes.write, entries), self._pool.is_closing)
