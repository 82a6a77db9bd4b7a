"""One task, one element: the connection is opened, the call carried out by its transport, the answer redacted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from outcode.appkit import (
    Action,
    App,
    DatabaseCredential,
    FileConnection,
    Query,
    ReadSheet,
    Request,
    Script,
    TableTask,
    WriteFile,
)
from outcode.appkit.template import literal_or_input
from outcode.engine.inputs import Answer as InputAnswer
from outcode.runs.files import TeamFiles
from outcode.runs.sandbox import SandboxPool
from outcode.transport.answer import Answer, shaped
from outcode.transport.files import SheetReader, write_csv
from outcode.transport.http import HttpClient, HttpConnection
from outcode.transport.sql import PostgresqlTransport, QueryOptions
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, ProblemList
from outcode.values.redaction import Redactor
from outcode.values.references import BoundQuery, BoundScript
from outcode.values.tables import read_options, run_table
from outcode.values.types import ReadContext
from outcode.workspace.connections import ConnectionStore, OpenConnection
from outcode.workspace.files import FileStore
from outcode.workspace.scope import Scope


@dataclass(frozen=True, slots=True)
class Transports:
    """Everything that can carry out a call."""

    http: HttpClient
    postgresql: PostgresqlTransport
    sheets: SheetReader
    sandbox: SandboxPool

    async def close(self) -> None:
        """Close connections and end child processes."""
        await self.http.close()
        await self.postgresql.close()
        await self.sandbox.close()


class Caller:
    """Carries out the actions of apps for runs; holds nothing of any one run."""

    def __init__(self, transports: Transports, connections: ConnectionStore, files: FileStore) -> None:
        self._transports = transports
        self._connections = connections
        self._files = files

    async def connection(self, scope: Scope, app: App, name: str | None) -> OpenConnection | None:
        """The task's connection, opened; the right to use it is checked at this moment, not when the flow was saved."""
        if name is None:
            if app.connections and app.connection_required:
                raise InputProblem("connection_required", app=app.name)
            return None
        return await self._connections.open(scope, app, name)

    async def test(self, scope: Scope, app: App, name: str) -> None:
        """Try a connection; raises the problem that a call with it would meet."""
        connection = await self._connections.open(scope, app, name)
        match app.connection_kind(connection.kind):
            case DatabaseCredential():
                await self._transports.postgresql.test(connection)
            case FileConnection():
                content = await self._files.content(scope, str(connection.fields["file"]))
                await self._transports.sheets.inspect(content, str(connection.fields["file_name"]))
            case _:
                return

    async def call(
        self,
        scope: Scope,
        app: App,
        action: Action,
        answers: Mapping[str, InputAnswer],
        connection: OpenConnection | None,
        context: ReadContext,
    ) -> Answer:
        """Carry one call out; what comes back, problems included, holds no secret of the connection.

        ``context`` says what *today* means in the run: its start, in the organization's timezone.
        """
        redactor = Redactor(connection.secrets if connection else ())
        try:
            answer = await self._perform(scope, app, action, answers, connection, context)
        except Problem as problem:
            problem.details = redactor.redact_json(problem.details)
            raise
        return Answer(redactor.redact_data(answer.value), redactor.redact_data(answer.meta), answer.traces)

    async def _perform(
        self,
        scope: Scope,
        app: App,
        action: Action,
        answers: Mapping[str, InputAnswer],
        connection: OpenConnection | None,
        context: ReadContext,
    ) -> Answer:
        match action.call:
            case Request():
                http = HttpConnection.of(app, connection)
                files = TeamFiles(self._files, scope)
                return await self._transports.http.perform_action(action, answers, http, app=app, files=files)
            case Query() as query:
                if connection is None:
                    raise InputProblem("connection_required", app=query.dialect)
                statement: BoundQuery = answers[query.statement.field]
                options = QueryOptions.of(query, answers)
                return await self._transports.postgresql.perform(statement, options, connection)
            case Script() as script:
                return await self._run_script(scope, script, action, answers)
            case ReadSheet() as sheet:
                return await self._read_sheet(scope, sheet, answers, connection)
            case WriteFile() as write:
                return await self._write_file(scope, write, answers)
            case TableTask() as table:
                return await self._table(table, answers, context)
            case _:
                assert_never(action.call)

    async def _run_script(
        self, scope: Scope, script: Script, action: Action, answers: Mapping[str, InputAnswer]
    ) -> Answer:
        bound: BoundScript = answers[script.code.field]
        result = await self._transports.sandbox.run(
            team=scope.team_id,
            code=bound.code,
            argument=answers[script.argument.field],
            variables=bound.variables,
            timeout_seconds=int(literal_or_input(script.timeout_seconds, answers)),
            memory_mb=int(literal_or_input(script.memory_mb, answers)),
        )
        whole: dict[str, Json] = {
            "result": result.value,
            "logs": result.logs,
            "duration_ms": result.duration_ms,
        }
        return Answer(shaped(whole, action.outputs, answers).value, whole)

    async def _read_sheet(
        self, scope: Scope, sheet: ReadSheet, answers: Mapping[str, InputAnswer], connection: OpenConnection | None
    ) -> Answer:
        if connection is None:
            raise InputProblem("connection_required", app="microsoft-excel-xlsx-file")
        content = await self._files.content(scope, str(connection.fields["file"]))
        options = {key: answers.get(source.field) for key, source in sheet.options.items()}
        return await self._transports.sheets.perform(content, str(connection.fields["file_name"]), options)

    async def _write_file(self, scope: Scope, write: WriteFile, answers: Mapping[str, InputAnswer]) -> Answer:
        content = await write_csv(answers[write.rows.field])
        file = await self._files.add(scope, str(answers[write.name.field]), "text/csv", content)
        return Answer(file.as_value())

    async def _table(self, table: TableTask, answers: Mapping[str, InputAnswer], context: ReadContext) -> Answer:
        """Polars computes, so it is given a thread: the event loop renews leases meanwhile."""
        given = {key: answers.get(source.field) for key, source in table.options.items()}
        other = answers[table.other.field] if table.other is not None else None
        try:
            options = read_options(table.operation, given)
            result = await asyncio.to_thread(run_table, answers[table.rows.field], other, options, context)
        except ProblemList as problems:
            for problem in problems.problems:
                _of_input(problem)
            raise
        except InputProblem as problem:
            _of_input(problem)
            raise
        return Answer(result.rows, result.meta)


def _of_input(problem: Problem) -> None:
    """A path inside a table task's options is a path inside the inputs of the same names."""
    if problem.place.field is not None:
        problem.place = replace(problem.place, field=f"inputs.{problem.place.field}")
