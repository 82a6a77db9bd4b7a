"""What MySQL, MariaDB and the wire say, as our problems: class and hint by error number, the server's sentence.

The server's sentence repeats values (``Duplicate entry '…'``), a syntax error even a piece of the statement in which
they stand; so values are masked, and of the statement only what the user wrote is shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pymysql.err import Error

from outcode.transport.sql.mysql.parameters import Prepared, Rendered
from outcode.transport.sql.mysql.settings import ServerSettings
from outcode.transport.sql.problems import masked, network_problem
from outcode.transport.sql.statement import place_of
from outcode.values.problems import (
    InputProblem,
    Place,
    Problem,
    RateLimited,
    Stopped,
    TooLarge,
    VendorDown,
    VendorRejected,
)

TIMED_OUT = {1969, 3024}
_SYNTAX = {1064, 1149}
_NO_TLS = 2026
_NO_METHOD = {2059, 2061, 1251, 1524}
_PACKET = {1153, 2020}
_NEAR = re.compile(r"near '(.*)' at line \d+\Z", re.DOTALL)
_SHOWN = 40
_ASKED_FROM = re.compile(r"@'[^']*'")
"""In ``user 'ann'@'10.0.0.5'``: the address of this instance, which is nobody's business."""

_KINDS: dict[tuple[type[Problem], str], tuple[int, ...]] = {
    (VendorRejected, "sql_password_refused"): (1045, 1698),
    (VendorRejected, "sql_login_refused"): (1129, 1130, 1396, 1820, 1862, 3118, 3159, 4151),
    (VendorRejected, "sql_not_permitted"): (1044, 1095, 1142, 1143, 1227, 1370, 1410),
    (VendorRejected, "sql_no_database"): (1046, 1049),
    (InputProblem, "sql_syntax"): (1064, 1149),
    (InputProblem, "sql_no_table"): (1051, 1109, 1146),
    (InputProblem, "sql_no_column"): (1054, 1072, 1091),
    (InputProblem, "sql_no_function"): (1128, 1305, 1582, 1630),
    (InputProblem, "sql_value_refused"): (
        *(1264, 1265, 1292, 1365, 1366, 1367, 1406, 1411, 1416, 1441, 1690, 3140, 3141, 3144, 3156, 3157),
        *(4037, 4038),
    ),
    (InputProblem, "sql_read_only"): (1792,),
    (InputProblem, "sql_statement_refused"): (1048, 1050, 1052, 1055, 1060, 1061, 1111, 1136, 1221, 1222, 1235, 1241),
    (VendorRejected, "sql_unique"): (1022, 1062, 1169, 1557, 1586),
    (VendorRejected, "sql_foreign_key"): (1216, 1217, 1451, 1452),
    (VendorRejected, "sql_constraint"): (1364, 3819, 4025),
    (VendorRejected, "sql_try_again"): (1205, 1213),
    (RateLimited, "sql_too_many_connections"): (1040, 1203, 1226),
    (Stopped, "sql_cancelled"): (1317, *TIMED_OUT),
    (VendorDown, "sql_server_stopping"): (1053, 1077),
    (VendorDown, "sql_server_full"): (1021, 1037, 1038, 1041, 1114, 1135),
    (VendorDown, "sql_connection_lost"): (1152, 1158, 1159, 1160, 1161, 1184, 1927),
}
_BY_NUMBER = {number: kind for kind, numbers in _KINDS.items() for number in numbers}


def number_of(error: Exception) -> int:
    """The error's number: below 2000 and above 2999 the server's own, between them the client's; 0 without one."""
    number = error.args[0] if isinstance(error, Error) and error.args else 0
    return number if isinstance(number, int) else 0


def statement_problem(
    error: Exception, prepared: Prepared, rendered: Rendered, values: Sequence[str], limit: int
) -> Problem:
    """The problem of a statement: what the server refused, or the connection that was lost meanwhile.

    ``values``: what must not be repeated; ``limit``: how many bytes the server takes.
    """
    number = number_of(error)
    if number in _PACKET:
        return TooLarge("sql_packet_too_large", limit_mb=max(1, limit // 1024**2))
    if number in _SYNTAX:
        return _syntax_problem(error, prepared, rendered, number)
    if not number or 2000 <= number < 3000:
        return VendorDown("sql_connection_lost", reason=_lost(error), sqlstate="")
    kind, code = _BY_NUMBER.get(number, (VendorRejected, "sql_refused"))
    return kind(code, reason=_sentence(error, values), sqlstate=str(number))


def connect_problem(error: Exception, settings: ServerSettings) -> Problem:
    """The problem of a connection that could not be opened; nothing of a statement was sent."""
    if isinstance(error, Problem):
        return error
    number = number_of(error)
    cause = getattr(error, "original_exception", None) or error.__context__
    if number in _NO_METHOD:
        return VendorRejected("sql_login_method", method=_sentence(error, [settings.password]))
    if number == _NO_TLS:
        return VendorRejected("sql_no_tls", sslmode=settings.tls_mode, host=settings.host, port=settings.port)
    if number and not 2000 <= number < 3000:
        kind, code = _BY_NUMBER.get(number, (VendorRejected, "sql_refused"))
        return kind(code, reason=_sentence(error, [settings.password]), sqlstate=str(number))
    for met in (error, cause):
        if isinstance(met, OSError):
            return network_problem(met, settings)
    if number:
        return VendorDown("sql_unreachable", reason=_lost(error), host=settings.host, port=settings.port)
    return VendorDown("sql_not_understood", reason=type(error).__name__, host=settings.host, port=settings.port)


def _syntax_problem(error: Exception, prepared: Prepared, rendered: Rendered, number: int) -> Problem:
    """The place is where the server's ``near '…'`` begins in what was sent, which is the rest, or its beginning."""
    found = _NEAR.search(str(error.args[1]))
    place: Place | None = None
    reason = "syntax"
    if found is not None:
        near = found[1].removesuffix("...")
        start = len(rendered.text) - len(near) if rendered.text.endswith(near) else rendered.text.find(near)
        if start >= 0:
            offset = rendered.origin(start)
            place = place_of(prepared.written, offset)
            shown = prepared.written[offset : offset + _SHOWN].strip()
            reason = f"near '{shown}'" if shown else "near the end"
    code = "sql_several_statements" if prepared.several else "sql_syntax"
    return InputProblem(code, place, reason=reason, sqlstate=str(number))


def _sentence(error: Exception, values: Sequence[str]) -> str:
    said = str(error.args[1]) if len(error.args) > 1 else str(error)
    return masked(_ASKED_FROM.sub("", said), values)


def _lost(error: Exception) -> str:
    cause = error.__context__ or error
    return getattr(cause, "strerror", None) or type(cause).__name__
