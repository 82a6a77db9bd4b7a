"""Runs as people and programs see them: pages of runs, one run with its tasks, a task's result, cancelling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import distinct_on

from outcode.database import schema
from outcode.database.database import Database
from outcode.engine.plan import letter_order
from outcode.engine.results import TaskResult
from outcode.engine.state import FINAL_RUN_STATES, RunState
from outcode.runs.payloads import PayloadStore
from outcode.runs.queue import CANCELS
from outcode.runs.results import ResultStore
from outcode.values.json import Json
from outcode.values.problems import Conflict, NotFound, Stopped
from outcode.workspace.scope import Scope

_FINAL = tuple(state.value for state in FINAL_RUN_STATES)


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """A task of a run; ``error`` is a journaled problem.

    ``reason``: why it was skipped, ``no_rows`` or ``branch``. ``waiting_for``: kind, until, and what else is known.
    """

    letter: str
    name: str | None
    app: str
    action: str
    state: str
    started_at: datetime | None
    finished_at: datetime | None
    rows_total: int | None
    rows_done: int | None
    rows_failed: int | None
    error: dict[str, Any] | None
    attempt: int
    reason: str | None
    waiting_for: dict[str, Any] | None
    has_result: bool
    has_calls: bool


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run; ``tasks`` is empty in lists.

    ``version`` is the number of the flow's version that it is made of, None for a document that was not saved.
    ``waiting_for`` says what a suspended run waits for, and until when. ``parent_id`` is the run that called it,
    ``origin_id`` the one that it does again.
    """

    id: str
    flow_id: str | None
    version_id: str | None
    flow_name: str
    trigger: str
    test: bool
    state: str
    waiting_for: dict[str, Any] | None
    error: dict[str, Any] | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    version: int | None
    counted: bool
    parent_id: str | None
    origin_id: str | None
    tasks: tuple[TaskInfo, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether the run is in a final state."""
        return self.state in _FINAL


class RunHistory:
    """Reads a team's runs."""

    def __init__(self, database: Database, payloads: PayloadStore) -> None:
        self._database = database
        self._payloads = payloads
        self._results = ResultStore(payloads)

    async def page(
        self,
        scope: Scope,
        *,
        limit: int,
        before: str | None = None,
        flow_id: str | None = None,
        state: str | None = None,
    ) -> list[RunInfo]:
        """Up to ``limit`` runs, newest first; ``before`` is the id after which to go on."""
        table = schema.runs
        query = scope.select(table, *_columns()).order_by(table.c.id.desc()).limit(limit)
        for column, value in ((table.c.flow_id, flow_id), (table.c.state, state)):
            if value is not None:
                query = query.where(column == value)
        if before is not None:
            query = query.where(table.c.id < before)
        async with self._database.begin() as connection:
            return [RunInfo(**row._mapping) for row in await connection.execute(query)]

    async def latest(self, scope: Scope, flow_ids: list[str]) -> dict[str, RunInfo]:
        """The newest run of each flow that has one."""
        table = schema.runs
        query = (
            scope.select(table, *_columns())
            .where(table.c.flow_id.in_(flow_ids))
            .ext(distinct_on(table.c.flow_id))
            .order_by(table.c.flow_id, table.c.id.desc())
        )
        async with self._database.begin() as connection:
            runs = [RunInfo(**row._mapping) for row in await connection.execute(query)]
        return {run.flow_id: run for run in runs if run.flow_id is not None}

    async def find(self, scope: Scope, run_id: str) -> RunInfo:
        """A run with its tasks, those that have not begun included; raises NotFound outside the team."""
        runs, versions, tasks = schema.runs, schema.flow_versions, schema.run_tasks
        async with self._database.begin() as connection:
            query = (
                sql.select(*_columns(), versions.c.document)
                .outerjoin_from(runs, versions, versions.c.id == runs.c.version_id)
                .where(scope.within(runs), runs.c.id == run_id)
            )
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                raise NotFound("run_unknown")
            begun = await connection.execute(scope.select(tasks).where(tasks.c.run_id == run_id))
            known = {task.letter: task for task in begun}
        values = dict(row._mapping)
        document = values.pop("document") or {"tasks": {}}
        infos = (_task(letter, task, known.get(letter)) for letter, task in document["tasks"].items())
        return RunInfo(**values, tasks=tuple(sorted(infos, key=lambda info: letter_order(info.letter))))

    async def result(self, scope: Scope, run_id: str, letter: str) -> TaskResult:
        """A task's result; raises NotFound when there is none."""
        payload_id = await self._payload_id(scope, run_id, letter, schema.run_tasks.c.result_id, "result_unknown")
        async with self._database.pool.acquire() as connection:
            return await self._results.get(connection, scope, payload_id)

    async def input(self, scope: Scope, run_id: str) -> dict[str, Json]:
        """What ``{{trigger}}`` means in a run; raises NotFound outside the team."""
        runs = schema.runs
        async with self._database.begin() as connection:
            input_id = await connection.scalar(scope.select(runs, runs.c.input_id).where(runs.c.id == run_id))
        if input_id is None:
            raise NotFound("run_unknown")
        async with self._database.pool.acquire() as connection:
            data: dict[str, Json] = await self._payloads.get(connection, scope, input_id)
        return data

    async def calls(self, scope: Scope, run_id: str, letter: str) -> dict[str, Json]:
        """What a task said to the outside, ``{count, calls}``; raises NotFound when nothing is kept."""
        payload_id = await self._payload_id(scope, run_id, letter, schema.run_tasks.c.calls_id, "calls_unknown")
        async with self._database.pool.acquire() as connection:
            data: dict[str, Json] = await self._payloads.get(connection, scope, payload_id)
        return data

    async def _payload_id(self, scope: Scope, run_id: str, letter: str, column: sql.Column[Any], absent: str) -> str:
        tasks = schema.run_tasks
        async with self._database.begin() as connection:
            found = await connection.execute(
                scope.select(tasks, column).where(tasks.c.run_id == run_id, tasks.c.letter == letter)
            )
            payload_id: str | None = found.scalar_one_or_none()
        if payload_id is None:
            raise NotFound(absent, task=letter)
        return payload_id

    async def cancel(self, scope: Scope, run_id: str) -> RunInfo:
        """Ask a run, and those it has called, to stop: a waiting one at once, a running one within seconds.

        Raises NotFound outside the team and Conflict when the run has ended already.
        """
        table = schema.runs
        waiting, said = table.c.state == RunState.WAITING, Stopped("run_cancelled").as_json()
        async with self._database.begin() as connection:
            changed = await connection.execute(
                scope.update(table)
                .where(table.c.id.in_(_with_called(run_id)), table.c.state.not_in(_FINAL))
                .values(
                    cancel_requested=True,
                    state=sql.case((waiting, RunState.CANCELLED), else_=table.c.state),
                    finished_at=sql.case((waiting, sql.func.now()), else_=table.c.finished_at),
                    error=sql.case((waiting, sql.cast(said, table.c.error.type)), else_=table.c.error),
                    wake_at=None,
                    waiting_for=None,
                )
            )
            await connection.execute(sql.select(sql.func.pg_notify(CANCELS, "")))
        run = await self.find(scope, run_id)
        if changed.rowcount == 0:
            raise Conflict("run_ended", state=run.state)
        return run


def _with_called(run_id: str) -> sql.Select[tuple[str]]:
    """The run, if it has not ended, and all runs that it, or one of those, has called."""
    table = schema.runs
    found = sql.select(table.c.id).where(table.c.id == run_id, table.c.state.not_in(_FINAL)).cte(recursive=True)
    called = sql.select(table.c.id).join(found, table.c.parent_id == found.c.id)
    return sql.select(found.union(called).c.id)


def _columns() -> list[sql.ColumnElement[Any]]:
    names = "id flow_id version_id flow_name trigger test state waiting_for error queued_at started_at finished_at"
    names += " counted parent_id origin_id"
    saved = schema.flow_versions.alias("saved")
    number = sql.select(saved.c.number).where(saved.c.id == schema.runs.c.version_id, saved.c.number > 0)
    return [*(schema.runs.c[name] for name in names.split()), number.scalar_subquery().label("version")]


def _task(letter: str, task: dict[str, Any], begun: Any) -> TaskInfo:
    return TaskInfo(
        letter=letter,
        name=task["name"],
        app=task["app"],
        action=task["action"],
        state=begun.state if begun else "waiting",
        started_at=begun.started_at if begun else None,
        finished_at=begun.finished_at if begun else None,
        rows_total=begun.rows_total if begun else None,
        rows_done=begun.rows_done if begun else None,
        rows_failed=begun.rows_failed if begun else None,
        error=begun.error if begun else None,
        attempt=begun.attempt if begun else 1,
        reason=begun.reason if begun else None,
        waiting_for=begun.waiting_for if begun else None,
        has_result=bool(begun and begun.result_id),
        has_calls=bool(begun and begun.calls_id),
    )
