"""Running one PostgreSQL statement: bound parameters in, JSON rows out, within a count, a size and a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import monotonic
from typing import Any

import asyncpg

from outcode.transport.answer import Answer
from outcode.transport.guard import EgressGuard
from outcode.transport.sql.options import QueryOptions
from outcode.transport.sql.pools import IDLE_SECONDS, SESSIONS_PER_POOL, SessionPools
from outcode.transport.sql.postgresql.connect import CONNECT_SECONDS, open_session
from outcode.transport.sql.postgresql.errors import connect_problem, statement_problem
from outcode.transport.sql.postgresql.parameters import Prepared, argument, first_word, prepare
from outcode.transport.sql.postgresql.session import Session
from outcode.transport.sql.postgresql.settings import POSTGRESQL, Flavour, ServerSettings
from outcode.transport.sql.retry import retried
from outcode.transport.sql.rows import answer_of, too_large
from outcode.transport.sql.settings import DatabaseConnection
from outcode.transport.sql.statement import texts_in
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Stopped, VendorDown
from outcode.values.references import BoundQuery

_BATCH = 500
_GRACE_SECONDS = 2.0
"""How much later than the server's own time-out we give up waiting for it."""
_RETRIES = 5
_LOST = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_CHANGED = re.compile(r"(?:INSERT \d+|UPDATE|DELETE|MERGE|COPY) (\d+)")
_MAY_COMMIT_INSIDE = {"call", "do"}


class PostgresqlTransport:
    """Runs statements on the databases of connections, over pooled sessions.

    ``flavour``: whose protocol it is besides PostgreSQL's own, ``COCKROACHDB``. ``max_bytes`` bounds the text of one
    result, so that ``max_rows`` of huge rows cannot fill the memory.
    """

    def __init__(self, guard: EgressGuard, *, flavour: Flavour = POSTGRESQL, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._guard = guard
        self._flavour = flavour
        self._pools: SessionPools[Session] = SessionPools(asyncpg.PostgresError, *_LOST)
        self._max_bytes = max_bytes

    async def perform(self, query: BoundQuery, options: QueryOptions, connection: DatabaseConnection) -> Answer:
        """Run exactly one statement in a transaction of its own.

        The answer's value is the rows, ``[{column: value}]``; its meta ``row_count, affected_rows, columns, truncated,
        insert_id``. A statement that the server refuses because another transaction was in the way (40001, 40P01) is
        run again, up to 5 times and within its time, unless it may commit on its way (CALL, DO). Raises the problems of
        ``errors.py``; Stopped ``sql_timeout``; TooLarge ``sql_result_too_large``. After ``sql_connection_lost``,
        ``sql_maybe_done`` and ``sql_timeout`` the statement may have been done; after every other problem it was not.

            answer = await transport.perform(query, QueryOptions(max_rows=10), connection)
            answer.value[0]["id"], answer.meta["truncated"]
        """
        settings = ServerSettings.of(connection.fields, self._flavour)
        prepared = prepare(query, options.parameters)
        repeatable = options.read_only or first_word(prepared.text) not in _MAY_COMMIT_INSIDE
        pool = partial(self._pool, settings)
        async with self._pools.session(connection.id, connection.version, pool, options.timeout_seconds) as session:
            try:
                async with asyncio.timeout(options.timeout_seconds + _GRACE_SECONDS):
                    return await retried(
                        lambda: self._attempt(session, query, prepared, options, settings),
                        retries=_RETRIES if repeatable else 0,
                    )
            except TimeoutError as error:
                raise Stopped("sql_timeout", seconds=options.timeout_seconds) from error

    async def test(self, connection: DatabaseConnection) -> str:
        """Open, ask what the server is, close, in at most 10 seconds; raises the problem that a run would meet."""
        settings = ServerSettings.of(connection.fields, self._flavour)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                session = await open_session(settings, self._guard)
                try:
                    return str(await session.fetchval("SELECT version()"))
                finally:
                    session.terminate()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise connect_problem(error, settings) from error

    async def close(self) -> None:
        """Close every session, cutting short what still runs."""
        await self._pools.close()

    async def _pool(self, settings: ServerSettings) -> Any:
        return await asyncpg.create_pool(
            min_size=0,
            max_size=SESSIONS_PER_POOL,
            max_inactive_connection_lifetime=IDLE_SECONDS,
            connection_class=Session,
            connect=_opener(settings, self._guard),
        )

    async def _attempt(
        self,
        session: Session,
        query: BoundQuery,
        prepared: Prepared,
        options: QueryOptions,
        settings: ServerSettings,
    ) -> Answer:
        started = monotonic()
        try:
            return await self._run(session, prepared, options, settings)
        except asyncpg.PostgresError as error:
            if error.sqlstate == "57014" and monotonic() - started >= options.timeout_seconds:
                raise Stopped("sql_timeout", seconds=options.timeout_seconds) from error
            secrets = texts_in([*query.parameters, options.parameters])
            raise statement_problem(error, query.text, secrets, prepared.origin) from error
        except TimeoutError:
            raise
        except _LOST as error:
            raise VendorDown("sql_connection_lost", reason=type(error).__name__, sqlstate="") from error

    async def _run(
        self, session: Session, prepared: Prepared, options: QueryOptions, settings: ServerSettings
    ) -> Answer:
        await session.execute(_session_settings(options, settings))
        statement = await session.prepare(prepared.text)
        values = _arguments(session, statement, prepared.values)
        columns = statement.get_attributes()
        word = first_word(prepared.text)
        if word == "copy":
            raise InputProblem("sql_copy")
        # CALL answers one row and may commit inside; what answers no rows may refuse a transaction (VACUUM).
        streamed = word in {"select", "table", "values"} or (columns and word != "call")
        if not (streamed or options.read_only):
            records = await statement.fetch(*values)
            await _leave_no_transaction(session)
            return _answer(session, columns, records, options.max_rows, statement.get_statusmsg())
        async with session.transaction(readonly=options.read_only):
            if not streamed:
                records = await statement.fetch(*values)
                return _answer(session, columns, records, options.max_rows, statement.get_statusmsg())
            cursor = await statement.cursor(*values)
            rows = await self._fetch(cursor, options.max_rows + 1)
            return _answer(session, columns, rows, options.max_rows, None)

    async def _fetch(self, cursor: Any, wanted: int) -> list[Any]:
        records: list[Any] = []
        size = 0
        while len(records) < wanted:
            batch = await cursor.fetch(min(_BATCH, wanted - len(records)))
            size += sum(len(text) for record in batch for text in record if text is not None)
            if size > self._max_bytes:
                raise too_large(self._max_bytes, len(records))
            records += batch
            if len(batch) < _BATCH:
                break
        return records


def _opener(settings: ServerSettings, guard: EgressGuard) -> Callable[..., Awaitable[Session]]:
    async def connect(*_arguments: object, **_options: object) -> Session:
        return await open_session(settings, guard)

    return connect


def _arguments(session: Session, statement: Any, values: Sequence[Json]) -> list[str | None]:
    types = statement.get_parameters()
    if len(types) != len(values):
        raise InputProblem("sql_parameter_count", listed="$1, $2, …", expected=len(types), given=len(values))
    return [argument(value, as_list=session.is_array(type_.oid)) for value, type_ in zip(values, types, strict=True)]


def _answer(session: Session, columns: Sequence[Any], records: Sequence[Any], limit: int, status: str | None) -> Answer:
    decoders = [session.decoder(column.type.oid) for column in columns]
    rows = [
        [None if text is None else decode(text) for decode, text in zip(decoders, record, strict=True)]
        for record in records[:limit]
    ]
    changed = _CHANGED.fullmatch(status or "")
    return answer_of(
        ((column.name, session.type_name(column.type.oid)) for column in columns),
        rows,
        truncated=len(records) > limit,
        affected=int(changed[1]) if changed else None,
    )


async def _leave_no_transaction(session: Session) -> None:
    if session.is_in_transaction():
        await session.execute("ROLLBACK")
        raise InputProblem("sql_transaction_control")


def _session_settings(options: QueryOptions, settings: ServerSettings) -> str:
    """What every run asks of its session.

    Sent as SET and not in the start-up packet, where poolers such as PgBouncer refuse what they do not know.
    """
    lines = [
        f"SET statement_timeout = {int(options.timeout_seconds * 1000)}",
        "SET standard_conforming_strings = on",
        "SET DateStyle = 'ISO'",
        "SET IntervalStyle = 'iso_8601'",
        "SET bytea_output = 'hex'",
        "SET extra_float_digits = 1",
    ]
    if settings.search_path is not None:
        path = settings.search_path.replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"SELECT pg_catalog.set_config('search_path', E'{path}', false)")
    return "; ".join(lines)
