"""Journaled results, put together again where their values are kept in chunks."""

from __future__ import annotations

from dataclasses import replace

from outcode.database.database import Connection
from outcode.engine.results import TaskResult
from outcode.runs.payloads import PayloadStore
from outcode.runs.rows import KnownRows, failures_in
from outcode.workspace.scope import Scope


class ResultStore:
    """Reads results of tasks."""

    def __init__(self, payloads: PayloadStore) -> None:
        self._payloads = payloads

    async def get(self, database: Connection, scope: Scope, payload_id: str) -> TaskResult:
        """A task's result by its payload."""
        data = await self._payloads.get(database, scope, payload_id)
        result = TaskResult.from_json(data)
        chunks = data.get("chunks")
        if chunks is None:
            return result
        outcomes = (await self.rows(database, scope, chunks["run"], chunks["letter"])).outcomes
        values = [outcome[0] if isinstance(outcome := outcomes[row], list) else None for row in range(chunks["count"])]
        return replace(result, value=values, failures=failures_in(outcomes))

    async def rows(self, database: Connection, scope: Scope, run_id: str, letter: str) -> KnownRows:
        """What the chunks of a task say of its elements."""
        begun = await database.fetchval(
            "SELECT rows_begun FROM run_tasks WHERE run_id = $1 AND letter = $2", run_id, letter
        )
        chunks = await database.fetch(
            "SELECT rows, outcome_id FROM run_chunks WHERE run_id = $1 AND letter = $2 ORDER BY number", run_id, letter
        )
        found = await self._payloads.get_many(
            database, scope, [chunk["outcome_id"] for chunk in chunks if chunk["outcome_id"] is not None]
        )
        return KnownRows.read(((chunk["rows"], found.get(chunk["outcome_id"])) for chunk in chunks), begun)
