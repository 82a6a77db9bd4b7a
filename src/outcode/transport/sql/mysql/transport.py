"""Running one statement on MySQL or MariaDB: bound parameters in, JSON rows out, within a count, a size and a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from time import monotonic

from outcode.transport.answer import Answer
from outcode.transport.guard import EgressGuard
from outcode.transport.sql.mysql.errors import TIMED_OUT, connect_problem, number_of, statement_problem
from outcode.transport.sql.mysql.parameters import Prepared, prepare
from outcode.transport.sql.mysql.pool import SessionPool
from outcode.transport.sql.mysql.session import CONNECT_SECONDS, FAULTS, Result, Session
from outcode.transport.sql.mysql.settings import ServerSettings
from outcode.transport.sql.mysql.threads import Threads
from outcode.transport.sql.options import QueryOptions
from outcode.transport.sql.pools import SessionPools
from outcode.transport.sql.retry import retried
from outcode.transport.sql.rows import answer_of, too_large
from outcode.transport.sql.settings import DatabaseConnection
from outcode.transport.sql.statement import texts_in
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, Stopped, TooLarge, VendorDown
from outcode.values.references import BoundQuery

_GRACE_SECONDS = 2.0
"""How much later than the server's own time-out we give up waiting for it."""
_KILL_SECONDS = 5.0
_RETRIES = 3
_THREADS = 256
_KILLING_THREADS = 8


class MysqlTransport:
    """Runs statements on the databases of connections, over pooled sessions.

    ``max_bytes`` bounds the text of one result, so that ``max_rows`` of huge rows cannot fill the memory.
    """

    def __init__(self, guard: EgressGuard, *, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._guard = guard
        self._max_bytes = max_bytes
        self._pools: SessionPools[Session] = SessionPools()
        self._threads = Threads(_THREADS, "mysql")
        self._killing_threads = Threads(_KILLING_THREADS, "mysql-kill")

    async def perform(self, query: BoundQuery, options: QueryOptions, connection: DatabaseConnection) -> Answer:
        """Run exactly one statement, committed by itself.

        The answer's value is the rows, ``[{column: value}]``; its meta ``row_count, affected_rows, columns, truncated,
        insert_id``. A statement that the server refuses because of a deadlock or a lock that it waited for too long
        (1213, 1205) is run again, up to 3 times and within its time, where it can only read or change rows. Raises the
        problems of ``errors.py``; Stopped ``sql_timeout``; TooLarge ``sql_result_too_large`` (rows that a change
        returns are cut instead, since it was done). After ``sql_connection_lost`` and ``sql_timeout`` the statement may
        have been done; after every other problem it was not.

            answer = await transport.perform(query, QueryOptions(max_rows=10), connection)
            answer.value[0]["id"], answer.meta["insert_id"]
        """
        settings = ServerSettings.of(connection.fields)
        prepared = prepare(query, options.parameters)
        if options.read_only and not prepared.plain:
            # Of other statements some end the transaction that is read only, and go on (CALL).
            raise InputProblem("sql_read_only", reason=prepared.word)
        secrets = texts_in([*query.parameters, options.parameters])
        pool = partial(self._pool, settings)
        async with self._pools.session(connection.id, connection.version, pool, options.timeout_seconds) as session:
            work = partial(self._perform, session, settings, prepared, options, secrets)
            kill = partial(self._kill, session, settings)
            try:
                async with asyncio.timeout(options.timeout_seconds + _GRACE_SECONDS):
                    return await retried(
                        lambda: self._threads.run(session, work, kill), retries=_RETRIES if prepared.plain else 0
                    )
            except TimeoutError as error:
                raise Stopped("sql_timeout", seconds=options.timeout_seconds) from error

    async def test(self, connection: DatabaseConnection) -> str:
        """Open, ask what the server is, close, in at most 10 seconds; raises the problem that a run would meet."""
        session = await self._open(ServerSettings.of(connection.fields))
        await self._threads.drop(session)
        return session.variables.get("version", "")

    async def close(self) -> None:
        """Close every session, cutting short what still runs."""
        await self._pools.close()
        await self._threads.close()
        await self._killing_threads.close()

    async def _pool(self, settings: ServerSettings) -> SessionPool:
        return SessionPool(partial(self._open, settings), self._threads)

    async def _open(self, settings: ServerSettings) -> Session:
        addresses = [str(address) for address in await self._guard.resolve(settings.host, settings.port)]
        session = Session(settings)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._threads.run(session, partial(session.dial, addresses))
        except TimeoutError as error:
            raise VendorDown("sql_connect_timeout", host=settings.host, port=settings.port) from error
        except FAULTS as error:
            raise connect_problem(error, settings) from error
        return session

    async def _kill(self, session: Session, settings: ServerSettings) -> None:
        """End what the session's server works on, over another session with that very server."""
        other = Session(settings)

        def kill() -> None:
            try:
                other.dial([session.address])
                other.run(f"KILL QUERY {session.thread_id()}".encode())
            finally:
                other.end()

        with suppress(Problem, TimeoutError, *FAULTS):  # the session is cut off then
            async with asyncio.timeout(_KILL_SECONDS):
                await self._killing_threads.run(other, kill)

    def _perform(
        self,
        session: Session,
        settings: ServerSettings,
        prepared: Prepared,
        options: QueryOptions,
        secrets: Sequence[str],
    ) -> Answer:
        """What happens in the thread."""
        session.wait_at_most(options.timeout_seconds + 2 * _GRACE_SECONDS)
        try:
            session.set_up(seconds=options.timeout_seconds, read_only=options.read_only)
        except FAULTS as error:
            raise connect_problem(error, settings) from error
        rendered = prepared.rendered(session.escape)
        statement = rendered.text.encode()
        if len(statement) >= session.most_bytes:
            raise TooLarge("sql_packet_too_large", limit_mb=max(1, session.most_bytes // 1024**2))
        session.broken = session.broken or not prepared.plain  # what else it leaves behind, no reset need undo
        started = monotonic()
        try:
            result = session.run(
                statement, most_rows=options.max_rows, most_bytes=self._max_bytes, whole=not prepared.reads
            )
            if result.full and prepared.reads:
                raise too_large(self._max_bytes, len(result.rows))
            if not prepared.plain and session.leave_transaction():
                raise InputProblem("sql_transaction_control")
            if result.columns and prepared.plain and not prepared.reads:  # INSERT … RETURNING
                result.affected = result.count
                result.insert_id = session.last_insert_id() if prepared.word != "DELETE" else 0
        except FAULTS as error:
            if number_of(error) in TIMED_OUT and monotonic() - started >= options.timeout_seconds:
                raise Stopped("sql_timeout", seconds=options.timeout_seconds) from error
            raise statement_problem(error, prepared, rendered, secrets, session.most_bytes) from error
        return _answer(result)


def _answer(result: Result) -> Answer:
    decoders = [column.decoder for column in result.columns]
    rows: list[list[Json]] = [
        [None if content is None else decode(content) for decode, content in zip(decoders, row, strict=True)]
        for row in result.rows
    ]
    return answer_of(
        ((column.label, column.type_name) for column in result.columns),
        rows,
        truncated=result.count > len(rows),
        affected=result.affected,
        insert_id=result.insert_id or None,
    )
