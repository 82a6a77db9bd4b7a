"""Running one PostgreSQL statement: bound parameters in, JSON rows out, within a count, a size and a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from time import monotonic
from typing import Any

import asyncpg

from outcode.appkit import Input, Query
from outcode.appkit.template import literal_or_input
from outcode.transport.answer import Answer
from outcode.transport.files.names import unique_names
from outcode.transport.guard import EgressGuard
from outcode.transport.sql.connect import CONNECT_SECONDS, open_session
from outcode.transport.sql.errors import connect_problem, statement_problem
from outcode.transport.sql.parameters import Prepared, argument, first_word, prepare
from outcode.transport.sql.pools import SessionPools
from outcode.transport.sql.session import Session
from outcode.transport.sql.settings import DatabaseConnection, ServerSettings
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place, Stopped, TooLarge, VendorDown
from outcode.values.references import BoundQuery

_BATCH = 500
_GRACE_SECONDS = 2.0
"""How much later than the server's own time-out we give up waiting for it."""
_CHANGED = re.compile(r"(?:INSERT \d+|UPDATE|DELETE|MERGE|COPY) (\d+)")


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """The limits of one run. ``parameters``: the field of that name, a list for ``$1 …`` or an object for ``:name``."""

    max_rows: int = 1000
    timeout_seconds: int = 30
    read_only: bool = False
    parameters: Json = None

    @classmethod
    def of(cls, call: Query, inputs: Mapping[str, Json]) -> QueryOptions:
        """The options of a declared call once its inputs are known; an empty input means the default.

        Raises InputProblem ``sql_field_invalid`` for a limit below 1.
        """
        usual = cls()
        return cls(
            max_rows=_limit(call.max_rows, inputs, "max_rows", usual.max_rows),
            timeout_seconds=_limit(call.timeout_seconds, inputs, "timeout_seconds", usual.timeout_seconds),
            read_only=literal_or_input(call.read_only, inputs) is True,
            parameters=literal_or_input(call.parameters, inputs),
        )


class PostgresqlTransport:
    """Runs statements on the databases of connections, over pooled sessions.

    ``max_bytes`` bounds the text of one result, so that ``max_rows`` of huge rows cannot fill the memory.
    """

    def __init__(self, guard: EgressGuard, *, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._guard = guard
        self._pools = SessionPools(guard)
        self._max_bytes = max_bytes

    async def perform(self, query: BoundQuery, options: QueryOptions, connection: DatabaseConnection) -> Answer:
        """Run exactly one statement in a transaction of its own.

        The answer's value is the rows, ``[{column: value}]``; its meta ``row_count, affected_rows, columns, truncated,
        insert_id``. Raises the problems of ``errors.py``; Stopped ``sql_timeout``; TooLarge
        ``sql_result_too_large``. After ``sql_connection_lost`` and ``sql_timeout`` the statement may have been done;
        after every other problem it was not.

            answer = await transport.perform(query, QueryOptions(max_rows=10), connection)
            answer.value[0]["id"], answer.meta["truncated"]
        """
        settings = ServerSettings.of(connection.fields)
        prepared = prepare(query, options.parameters)
        secrets = _texts([*query.parameters, options.parameters])
        async with self._pools.session(connection.id, connection.version, settings, options.timeout_seconds) as session:
            started = monotonic()
            try:
                async with asyncio.timeout(options.timeout_seconds + _GRACE_SECONDS):
                    return await self._run(session, prepared, options, settings)
            except TimeoutError as error:
                raise Stopped("sql_timeout", seconds=options.timeout_seconds) from error
            except asyncpg.PostgresError as error:
                if error.sqlstate == "57014" and monotonic() - started >= options.timeout_seconds:
                    raise Stopped("sql_timeout", seconds=options.timeout_seconds) from error
                raise statement_problem(error, query.text, secrets, prepared.origin) from error
            except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
                raise VendorDown("sql_connection_lost", reason=type(error).__name__, sqlstate="") from error

    async def test(self, connection: DatabaseConnection) -> None:
        """Open, ``SELECT 1``, close, in at most 10 seconds; raises the problem that a run would meet."""
        settings = ServerSettings.of(connection.fields)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                session = await open_session(settings, self._guard)
                try:
                    await session.fetchval("SELECT 1")
                finally:
                    session.terminate()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise connect_problem(error, settings) from error

    async def close(self) -> None:
        """Close every session, cutting short what still runs."""
        await self._pools.close()

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
                raise TooLarge("sql_result_too_large", limit_mb=self._max_bytes // 1024**2, rows=len(records))
            records += batch
            if len(batch) < _BATCH:
                break
        return records


def _limit(declared: int | Input, inputs: Mapping[str, Json], name: str, default: int) -> int:
    value = literal_or_input(declared, inputs)
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != int(value) or value < 1:
        raise InputProblem("sql_field_invalid", Place(field=f"inputs.{name}"), name=name, expected="≥ 1")
    return int(value)


def _arguments(session: Session, statement: Any, values: Sequence[Json]) -> list[str | None]:
    types = statement.get_parameters()
    if len(types) != len(values):
        raise InputProblem("sql_parameter_count", expected=len(types), given=len(values))
    return [argument(value, as_list=session.is_array(type_.oid)) for value, type_ in zip(values, types, strict=True)]


def _answer(session: Session, columns: Sequence[Any], records: Sequence[Any], limit: int, status: str | None) -> Answer:
    names = unique_names(column.name for column in columns)
    decoders = [session.decoder(column.type.oid) for column in columns]
    rows = [
        {
            name: None if text is None else decode(text)
            for name, decode, text in zip(names, decoders, record, strict=True)
        }
        for record in records[:limit]
    ]
    changed = _CHANGED.fullmatch(status or "")
    meta: dict[str, Json] = {
        "row_count": len(rows),
        "affected_rows": int(changed[1]) if changed else None,
        "columns": [
            {"name": name, "type": session.type_name(column.type.oid)}
            for name, column in zip(names, columns, strict=True)
        ],
        "truncated": len(records) > limit,
        "insert_id": None,
    }
    return Answer(rows, meta)


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


def _texts(value: Json) -> list[str]:
    """Every text and number inside the field *Parameters*, to be masked in messages."""
    match value:
        case list():
            return [text for item in value for text in _texts(item)]
        case dict():
            return [text for item in value.values() for text in _texts(item)]
        case None | bool():
            return []
        case _:
            return [str(value)]
