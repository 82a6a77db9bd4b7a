"""What PostgreSQL and the wire say, as our problems: class and hint by SQLSTATE, the server's sentence, the place.

The server's sentence may repeat a parameter (``invalid input syntax for type integer: "…"``), and its DETAIL often
does; so parameters are masked and DETAIL is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import asyncpg

from outcode.transport.sql.postgresql.settings import ServerSettings
from outcode.transport.sql.problems import masked, network_problem
from outcode.transport.sql.statement import place_of
from outcode.values.problems import (
    InputProblem,
    Problem,
    RateLimited,
    Stopped,
    VendorDown,
    VendorRejected,
)

_BY_STATE: dict[str, tuple[type[Problem], str]] = {
    "28P01": (VendorRejected, "sql_password_refused"),
    "28000": (VendorRejected, "sql_login_refused"),
    "3D000": (VendorRejected, "sql_no_database"),
    "3F000": (InputProblem, "sql_no_schema"),
    "42P01": (InputProblem, "sql_no_table"),
    "42703": (InputProblem, "sql_no_column"),
    "42883": (InputProblem, "sql_no_function"),
    "42601": (InputProblem, "sql_syntax"),
    "42P18": (InputProblem, "sql_type_unknown"),
    "42501": (VendorRejected, "sql_not_permitted"),
    "23505": (VendorRejected, "sql_unique"),
    "23503": (VendorRejected, "sql_foreign_key"),
    "25001": (InputProblem, "sql_no_transaction_block"),
    "25006": (InputProblem, "sql_read_only"),
    "2D000": (InputProblem, "sql_no_transaction_block"),
    "40001": (VendorRejected, "sql_try_again"),
    "40003": (VendorDown, "sql_maybe_done"),
    "40P01": (VendorRejected, "sql_try_again"),
    "53300": (RateLimited, "sql_too_many_connections"),
    "57014": (Stopped, "sql_cancelled"),
    "57P01": (VendorDown, "sql_server_stopping"),
    "57P02": (VendorDown, "sql_server_stopping"),
    "57P03": (VendorDown, "sql_server_stopping"),
}
_BY_CLASS: dict[str, tuple[type[Problem], str]] = {
    "08": (VendorDown, "sql_connection_lost"),
    "22": (InputProblem, "sql_value_refused"),
    "23": (VendorRejected, "sql_constraint"),
    "28": (VendorRejected, "sql_login_refused"),
    "42": (InputProblem, "sql_statement_refused"),
    "53": (VendorDown, "sql_server_full"),
}


def statement_problem(
    error: asyncpg.PostgresError, statement: str, values: Sequence[str], origin: Callable[[int], int]
) -> Problem:
    """The problem of a statement that the server refused.

    ``statement`` is what the user wrote, ``values`` what must not be repeated; ``origin`` maps an offset in the text
    that was sent to one in ``statement``.
    """
    state = error.sqlstate or ""
    kind, code = _known(state)
    position = str(getattr(error, "position", None) or "")
    if state == "42601" and not position:
        code = "sql_several_statements"
    place = place_of(statement, origin(int(position) - 1)) if position.isdigit() else None
    return kind(code, place, reason=_sentence(error, values), sqlstate=state)


def connect_problem(error: Exception, settings: ServerSettings) -> Problem:
    """The problem of a connection that could not be opened; nothing of a statement was sent."""
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate and error.sqlstate[:2] != "08":
        kind, code = _known(error.sqlstate)
        return kind(code, reason=_sentence(error, [settings.password]), sqlstate=error.sqlstate)
    if type(error) is ConnectionError and settings.sslmode not in {"disable", "allow"}:
        return VendorRejected("sql_no_tls", sslmode=settings.sslmode, host=settings.host, port=settings.port)
    if isinstance(error, OSError):
        return network_problem(error, settings)
    return VendorDown("sql_unreachable", reason=type(error).__name__, host=settings.host, port=settings.port)


def _known(state: str) -> tuple[type[Problem], str]:
    return _BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or (VendorRejected, "sql_refused")


def _sentence(error: asyncpg.PostgresError, values: Sequence[str]) -> str:
    return masked(str(getattr(error, "message", None) or error.args[0]), values)
