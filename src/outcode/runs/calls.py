"""What a task says to the outside: its connection is opened once, each call carried out by its transport, and whatever
comes back redacted.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, assert_never

from outcode.appkit import (
    Action,
    App,
    AwsKeys,
    AwsOperation,
    ChoiceField,
    DatabaseCredential,
    FlowStep,
    Query,
    ReadSheet,
    RedisCommand,
    RedisScan,
    Request,
    Script,
    TableTask,
    WriteFile,
)
from outcode.appkit.connections import HttpKind
from outcode.appkit.template import literal_or_input
from outcode.engine.inputs import Answer as InputAnswer
from outcode.runs.files import TeamFiles
from outcode.runs.sheets import SheetFiles
from outcode.runs.transports import Transports
from outcode.transport.answer import Answer, CallTrace, StatementTrace, shaped
from outcode.transport.aws import AwsConnection
from outcode.transport.files import write_csv
from outcode.transport.http import ChoiceList, HttpConnection, load_choices, perform_batch
from outcode.transport.http.auth import needs_tokens
from outcode.transport.http.limits import Limiter
from outcode.transport.sql import QueryOptions
from outcode.values.context import ReadContext
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, ProblemList, VendorRejected
from outcode.values.redaction import Redactor
from outcode.values.references import BoundQuery, BoundScript
from outcode.workspace.connections import ConnectionStore, OpenConnection
from outcode.workspace.files import FileStore
from outcode.workspace.scope import Scope

if TYPE_CHECKING:
    from outcode.values.tables import TableResult

_REFUSED = frozenset(
    {
        "connection_refused_credentials",
        "connection_needs_reconnect",
        "sql_password_refused",
        "sql_login_refused",
        "sql_login_method",
        "redis_password_missing",
        "redis_password_refused",
        "redis_password_unwanted",
        "redis_username_unknown",
    }
)
"""Problems that say something of the connection, not of the call."""

Record = Callable[[CallTrace], None]


@dataclass(slots=True)
class Line:
    """What all calls of one task share, made once however many elements it has.

    ``key`` is the beginning of the idempotency keys of its calls; ``context`` says what *today* means in the run.
    """

    scope: Scope
    app: App
    action: Action
    connection: OpenConnection | None
    http: HttpConnection
    context: ReadContext
    key: str
    secrets: tuple[str, ...]
    redactor: Redactor
    marked: bool = False

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The hosts that references may put into a URL, because the connection names them."""
        return self.connection.allowed_hosts if self.connection else frozenset()

    def required(self) -> OpenConnection:
        """The connection of a call that is nothing without one."""
        if self.connection is None:
            raise InputProblem("connection_required", app=self.app.name)
        return self.connection

    def key_of(self, row: int | None) -> str:
        """The idempotency key of one element's call: the same whenever the same work is done again."""
        return hashlib.sha256(f"{self.key}:{row or 0}".encode()).hexdigest()[:32]


class Caller:
    """Carries out the actions of apps for runs; holds nothing of any one run."""

    def __init__(
        self, transports: Transports, connections: ConnectionStore, files: FileStore, limiter: Limiter
    ) -> None:
        self._transports = transports
        self._connections = connections
        self._files = files
        self._limiter = limiter
        self._sheet_files = SheetFiles(files, transports.http)

    async def line(
        self, scope: Scope, app: App, action: Action, connection_name: str | None, context: ReadContext, key: str
    ) -> Line:
        """A line to the outside for one task; the right to use its connection is checked at this moment.

        Raises InputProblem and NotFound without a fitting connection, and VendorRejected
        ``connection_to_be_reconnected`` when only connecting it anew helps.
        """
        opened = None
        if connection_name is not None:
            opened = await self._connections.open(scope, app, connection_name)
            if opened.state == "needs_reconnect":
                raise VendorRejected("connection_to_be_reconnected", name=opened.name)
        elif app.connections and app.connection_required:
            raise InputProblem("connection_required", app=app.name)
        # A database or a file proves itself in its own way; requests of such an app go out without credentials.
        by_http = opened is not None and isinstance(app.connection_kind(opened.kind), HttpKind)
        http = HttpConnection.of(app, opened if by_http else None, client=opened.client if opened else None)
        secrets = opened.secrets if opened else ()
        return Line(scope, app, action, opened, http, context, key, secrets, Redactor(secrets))

    async def call(
        self, line: Line, answers: Mapping[str, InputAnswer], record: Record, row: int | None = None
    ) -> Answer:
        """Carry one call out; what comes back, problems included, holds no secret of the connection.

        ``record`` hears of every exchange with the outside.
        """
        try:
            answer = await self._perform(line, answers, record, row)
        except Problem as problem:
            raise await self._told(line, problem) from problem
        return self._redacted(line, answer)

    async def choices(
        self,
        scope: Scope,
        app: App,
        field: ChoiceField,
        connection_name: str | None,
        answers: Mapping[str, Json],
        *,
        search: str = "",
    ) -> ChoiceList:
        """The options of a pick field, given the other answers of its form.

        Raises NotFound for an unknown connection, and whatever the call that lists them raises, without secrets.
        """
        opened = await self._connections.open(scope, app, connection_name) if connection_name is not None else None
        http = HttpConnection.of(app, opened, client=opened.client) if opened is not None else None
        try:
            return await load_choices(self._transports.http, field, answers, http, app=app, search=search)
        except Problem as problem:
            secrets = (*opened.secrets, *self._transports.http.secrets_of(http)) if opened and http else ()
            problem.details = Redactor(secrets).redact_json(problem.details)
            raise

    async def call_batch(
        self, line: Line, elements: Sequence[Mapping[str, InputAnswer]], record: Record, rows: Sequence[int]
    ) -> list[Answer | Problem]:
        """Carry out the calls of many elements at once, as the action's ``batch`` says; an outcome for each."""
        outcomes = await perform_batch(
            self._transports.http,
            line.action,
            elements,
            line.http,
            app=line.app,
            keys=[line.key_of(row) for row in rows],
            files=TeamFiles(self._files, line.scope),
            record=record,
        )
        return [
            await self._told(line, outcome) if isinstance(outcome, Problem) else self._redacted(line, outcome)
            for outcome in outcomes
        ]

    def _redacted(self, line: Line, answer: Answer) -> Answer:
        redactor = self._redactor(line)
        return Answer(redactor.redact_data(answer.value), redactor.redact_data(answer.meta), answer.traces)

    def _redactor(self, line: Line) -> Redactor:
        """Knows the connection's secrets, and the tokens that it has got since the line was opened."""
        if needs_tokens(line.http):
            secrets = (*line.required().secrets, *self._transports.http.secrets_of(line.http))
            if secrets != line.secrets:
                line.secrets, line.redactor = secrets, Redactor(secrets)
        return line.redactor

    async def _told(self, line: Line, problem: Problem) -> Problem:
        """A problem without secrets; the first that says something of the connection is kept with it."""
        problem.details = self._redactor(line).redact_json(problem.details)
        if line.connection is not None and problem.code in _REFUSED and not line.marked:
            line.marked = True
            await self._connections.mark(line.scope, line.connection, problem)
        return problem

    async def _perform(self, line: Line, answers: Mapping[str, InputAnswer], record: Record, row: int | None) -> Answer:
        action = line.action
        match action.call:
            case Request():
                return await self._transports.http.perform_action(
                    action,
                    answers,
                    line.http,
                    app=line.app,
                    key=line.key_of(row),
                    files=TeamFiles(self._files, line.scope),
                    record=record,
                )
            case AwsOperation() as operation:
                connection = line.required()
                kind = line.app.connection_kind(connection.kind)
                if not isinstance(kind, AwsKeys):
                    raise InputProblem("connection_required", app=line.app.name)
                return await self._transports.aws.perform(
                    operation,
                    answers,
                    action.outputs,
                    AwsConnection.of(kind, connection.fields),
                    errors=line.app.errors,
                    idempotent=action.idempotent is True,
                    key=line.key_of(row),
                    record=record,
                    turn=partial(self._limiter.wait, connection.id, line.app.limits),
                    pause=partial(self._limiter.pause, connection.id),
                )
            case Query() as query:
                connection = line.required()
                statement: BoundQuery = answers[query.statement.field]
                options = QueryOptions.of(query, answers)
                kind = line.app.connection_kind(connection.kind)
                if not isinstance(kind, DatabaseCredential):
                    raise InputProblem("connection_required", app=line.app.name)
                transport = self._transports.database(kind.engine)
                with StatementTrace.of(line.redactor.redact(statement.text), record):
                    return await transport.perform(statement, options, connection)
            case RedisCommand() | RedisScan() as command:
                with StatementTrace.of(command.name, record):
                    return await self._transports.redis.perform(command, answers, action.outputs, line.required())
            case Script() as script:
                return await self._run_script(line, script, answers)
            case ReadSheet() as sheet:
                return await self._read_sheet(line, sheet, answers, record)
            case WriteFile() as write:
                content = await write_csv(answers[write.rows.field])
                file = await self._files.add(line.scope, str(answers[write.name.field]), "text/csv", content)
                return Answer(file.as_value())
            case TableTask() as table:
                return await _table(table, answers, line.context)
            case FlowStep():
                raise TypeError("the steps of a flow ask nobody outside")
            case _:
                assert_never(action.call)

    async def _run_script(self, line: Line, script: Script, answers: Mapping[str, InputAnswer]) -> Answer:
        bound: BoundScript = answers[script.code.field]
        result = await self._transports.sandbox.run(
            team=line.scope.team_id,
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
        return Answer(shaped(whole, line.action.outputs, answers).value, whole)

    async def _read_sheet(
        self, line: Line, sheet: ReadSheet, answers: Mapping[str, InputAnswer], record: Record
    ) -> Answer:
        connection = line.required()
        name, content = await self._sheet_files.content(line.scope, connection, record)
        options = {key: answers.get(source.field) for key, source in sheet.options.items()}
        return await self._transports.sheets.perform(content, name, options)


async def _table(table: TableTask, answers: Mapping[str, InputAnswer], context: ReadContext) -> Answer:
    """Polars computes, so it is given a thread: the event loop renews leases meanwhile."""
    given = {key: answers.get(source.field) for key, source in table.options.items()}
    other = answers[table.other.field] if table.other is not None else None

    def compute() -> TableResult:
        from outcode.values.tables import read_options, run_table  # noqa: PLC0415 - Polars, which many never need

        return run_table(answers[table.rows.field], other, read_options(table.operation, given), context)

    try:
        result = await asyncio.to_thread(compute)
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
