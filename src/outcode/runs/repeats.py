"""Doing a run again: as a whole with the same input, or from where it failed, keeping what it had done."""

from __future__ import annotations

from typing import Any

import asyncpg

from outcode.database.database import Connection
from outcode.engine.state import FINAL_RUN_STATES, RunState, TaskState
from outcode.runs.documents import Documents
from outcode.runs.payloads import Payload
from outcode.runs.prepared import KnownTask, PreparedRun, PreparedRuns
from outcode.runs.results import ResultStore
from outcode.runs.starts import checked_input
from outcode.values.json import Json
from outcode.values.problems import Conflict, NotFound
from outcode.workspace.flows import FlowVersion
from outcode.workspace.scope import Scope

_RETRIED = {RunState.FAILED.value, RunState.CRASHED.value, RunState.CANCELLED.value}


class Repeats:
    """Makes new runs of old ones; a new run names the old one as its origin."""

    def __init__(self, prepared: PreparedRuns, documents: Documents) -> None:
        self._prepared = prepared
        self._documents = documents
        self._results = ResultStore(prepared.payloads)

    async def rerun(self, scope: Scope, run_id: str, trigger: str, version: FlowVersion | None = None) -> str:
        """Start a run again with the same input; the new run's id.

        It is made of the same version, or of ``version``, whose declared inputs the input must then fit. Raises
        NotFound outside the team, Conflict when the version is gone, and InputProblem.
        """
        document = (await self._documents.of(scope, version.version_id)).document if version else None
        async with self._prepared.pool.acquire() as connection, connection.transaction():
            origin = await _origin(connection, scope, run_id)
            payloads: list[Payload] = []
            if document is None:
                input_id = await self._copied_input(connection, scope, origin)
            else:
                values = await self._prepared.payloads.get(connection, scope, origin["input_id"])
                values = {**values, "body": checked_input(document.inputs, values.get("body"))}
                payloads = [await self._prepared.payloads.prepare(scope, values)]
                input_id = payloads[0].id
            run = PreparedRun(
                flow_id=origin["flow_id"],
                version_id=version.version_id if version else origin["version_id"],
                flow_name=version.flow_name if version else origin["flow_name"],
                trigger=trigger,
                input_id=input_id,
                test=origin["test"],
                counted=not origin["test"],
                origin_id=run_id,
                payloads=payloads,
            )
            await self._prepared.write(connection, scope, run)
        await self._prepared.wake()
        return run.id

    async def retry(self, scope: Scope, run_id: str, trigger: str, *, repeat_unknown: bool = False) -> str:
        """Go on from where a run failed, in a new run of the same version and input; the new run's id.

        What was done or skipped is kept, also elements of a task that failed in part; everything else runs. It is not
        counted: its origin was. Raises NotFound
        outside the team, and Conflict when the run has not ended, has not failed, is being retried already, or has a
        task whose effect is unknown, unless ``repeat_unknown`` says that it may happen twice.
        """
        async with self._prepared.pool.acquire() as connection, connection.transaction():
            origin = await _origin(connection, scope, run_id)
            tasks = await connection.fetch("SELECT * FROM run_tasks WHERE run_id = $1 ORDER BY letter", run_id)
            await _refuse_retry(connection, origin, tasks, repeat_unknown=repeat_unknown)
            settled = (await self._documents.of(scope, origin["version_id"])).plan.is_settled
            kept = [task for task in tasks if settled(task["letter"], TaskState(task["state"]))]
            ids = [task[column] for task in kept for column in ("result_id", "calls_id") if task[column]]
            copies = await self._prepared.payloads.copy(connection, scope, ids)
            whole = await self._put_together(connection, scope, run_id, kept)
            copies |= {old: payload.id for old, payload in whole.items()}
            others = [task for task in tasks if task not in kept]
            going_on = await self._elements(connection, scope, others, repeat_unknown=repeat_unknown)
            run = PreparedRun(
                flow_id=origin["flow_id"],
                version_id=origin["version_id"],
                flow_name=origin["flow_name"],
                trigger=trigger,
                input_id=await self._copied_input(connection, scope, origin),
                test=origin["test"],
                counted=False,
                origin_id=run_id,
                tasks=[*(_kept(task, copies) for task in kept), *going_on],
                payloads=[*whole.values(), *(task.outcomes for task in going_on if task.outcomes is not None)],
            )
            await self._prepared.write(connection, scope, run)
        await self._prepared.wake()
        return run.id

    async def _put_together(
        self, connection: Connection, scope: Scope, run_id: str, tasks: list[asyncpg.Record]
    ) -> dict[str, Payload]:
        """The results whose values are in chunks of the old run, as payloads of their own, by the old payload's id."""
        letters = await _chunked(connection, run_id)
        return {
            task["result_id"]: await self._prepared.payloads.prepare(
                scope,
                (await self._results.get(connection, scope, task["result_id"])).as_json(),
            )
            for task in tasks
            if task["letter"] in letters and task["result_id"] is not None
        }

    async def _elements(
        self, connection: Connection, scope: Scope, tasks: list[asyncpg.Record], *, repeat_unknown: bool
    ) -> list[KnownTask]:
        """The tasks of which some elements failed: what is done stays, only the others are tried again."""
        going_on: list[KnownTask] = []
        for task in tasks:
            if task["state"] != TaskState.FAILED or task["result_id"] is None or not task["rows_total"]:
                continue
            result = await self._results.get(connection, scope, task["result_id"])
            failed = {failure.row - 1: failure.error for failure in result.failures}
            outcomes: list[Json] = [
                _again(failed[row], repeat_unknown=repeat_unknown) if row in failed else [value]
                for row, value in enumerate(result.value)
            ]
            done = len(outcomes) - len(failed)
            going_on.append(
                KnownTask(
                    letter=task["letter"],
                    state=TaskState.WAITING.value,
                    result_id=None,
                    rows=(len(outcomes), done, 0),
                    outcomes=await self._prepared.payloads.prepare(scope, outcomes),
                )
            )
        return going_on

    async def _copied_input(self, connection: Connection, scope: Scope, origin: asyncpg.Record) -> str:
        copies = await self._prepared.payloads.copy(connection, scope, [origin["input_id"]])
        return copies[origin["input_id"]]


def _again(error: dict[str, Any], *, repeat_unknown: bool) -> Json:
    """What is known of a failed element: it is tried again, unless that might do twice what nobody wants twice."""
    unknown = error["code"] == "effect_unknown" and not repeat_unknown
    return {"error": error} if unknown else {"again": error}


async def _chunked(connection: Connection, run_id: str) -> set[str]:
    rows = await connection.fetch("SELECT DISTINCT letter FROM run_chunks WHERE run_id = $1", run_id)
    return {row["letter"] for row in rows}


async def _origin(connection: Connection, scope: Scope, run_id: str) -> asyncpg.Record:
    """The run to be done again, held so that nobody else begins to retry it."""
    origin = await connection.fetchrow(
        "SELECT * FROM runs WHERE id = $1 AND organization_id = $2 AND team_id = $3 FOR NO KEY UPDATE",
        run_id,
        scope.organization_id,
        scope.team_id,
    )
    if origin is None:
        raise NotFound("run_unknown")
    if origin["version_id"] is None:
        raise Conflict("run_version_gone")
    return origin


async def _refuse_retry(
    connection: Connection, origin: asyncpg.Record, tasks: list[asyncpg.Record], *, repeat_unknown: bool
) -> None:
    if origin["state"] not in FINAL_RUN_STATES:
        raise Conflict("retry_not_ended", state=origin["state"])
    if origin["state"] not in _RETRIED:
        raise Conflict("retry_not_failed")
    going = await connection.fetchval(
        "SELECT id FROM runs WHERE origin_id = $1 AND state IN ('waiting', 'running') LIMIT 1", origin["id"]
    )
    if going is not None:
        raise Conflict("retry_going", run=going)
    unknown = [task["letter"] for task in tasks if task["state"] == TaskState.UNKNOWN]
    if unknown and not repeat_unknown:
        raise Conflict("retry_effect_unknown", tasks=unknown)


def _kept(task: asyncpg.Record, copies: dict[str, str]) -> KnownTask:
    return KnownTask(
        letter=task["letter"],
        state=task["state"],
        result_id=copies.get(task["result_id"]),
        reason=task["reason"],
        calls_id=copies.get(task["calls_id"]),
        error=task["error"],
        rows=(task["rows_total"], task["rows_done"], task["rows_failed"]),
        attempt=task["attempt"],
        started_at=task["started_at"],
        finished_at=task["finished_at"],
    )
