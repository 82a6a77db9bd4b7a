"""One connection to a MySQL or MariaDB server, for one thread at a time.

PyMySQL is driven a little below its cursors, whose way of ending a result early is to read all of it; and it cannot
reset a session. What is not public of it is used in this module only, and covered by tests against a real server.
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pymysql.connections import Connection
from pymysql.constants import CLIENT, SERVER_STATUS
from pymysql.converters import encoders
from pymysql.cursors import Cursor
from pymysql.err import Error
from pymysql.protocol import FieldDescriptorPacket

from outcode.transport.sql.mysql.login import handlers
from outcode.transport.sql.mysql.settings import ServerSettings
from outcode.transport.sql.mysql.tls import context
from outcode.transport.sql.mysql.values import Column

CONNECT_SECONDS = 10.0
_RESET = 0x1F  # COM_RESET_CONNECTION
_ENCODERS: dict[int | type[Any], Any] = dict(encoders.items())
"""How the driver writes values; how it would read them is left out."""
_VARIABLES = ("max_allowed_packet", "max_execution_time", "max_statement_time", "sql_mode", "version")
_REFUSED_MODES = {"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"}
"""Modes in which literals end elsewhere than parameters are written for; from ANSI on, names for several at once."""

FAULTS = (
    *(Error, OSError),
    *(struct.error, AssertionError, IndexError, RuntimeError, TypeError, ValueError),
)
"""What the driver raises when a server says no, or is gone; and when it does not keep to the protocol."""

if TYPE_CHECKING:
    _Connection = Connection[Cursor]
else:  # which only the driver's stubs call generic
    _Connection = Connection


@dataclass(slots=True)
class Result:
    """What a statement answered; ``rows`` are of the first set of rows, as the server wrote them.

    ``count``: how many rows there were, also those beyond the limit, where they were read. ``full``: the rows were cut
    because of their size.
    """

    columns: list[Column] = field(default_factory=list)
    rows: list[tuple[bytes | None, ...]] = field(default_factory=list)
    count: int = 0
    full: bool = False
    affected: int | None = None
    insert_id: int = 0


class Session(_Connection):
    """A session; every method blocks, and none but :meth:`interrupt` may be called while another works.

    ``address`` is where it is connected. ``broken`` is set where nobody must use it again.
    """

    if TYPE_CHECKING:  # what the driver's stubs leave out
        _sock: socket.socket | None
        _result: Any
        _ssl_required: bool
        _read_timeout: float | None
        _write_timeout: float | None
        server_status: int

        def _execute_command(self, command: int, sql: bytes) -> None: ...
        def _read_ok_packet(self) -> Any: ...
        def _force_close(self) -> None: ...
        def thread_id(self) -> int: ...

    def __init__(self, settings: ServerSettings) -> None:
        encryption = context(settings)
        super().__init__(
            host=settings.host,  # what TLS verifies; never dialled
            port=settings.port,
            user=settings.username,
            password=settings.password.encode(),
            database=settings.database,
            charset=settings.charset,
            use_unicode=False,
            conv=_ENCODERS,
            autocommit=None,
            local_infile=False,
            read_timeout=CONNECT_SECONDS,
            write_timeout=CONNECT_SECONDS,
            program_name="outcode",
            ssl=encryption,
            ssl_disabled=encryption is None,
            auth_plugin_map=handlers(trusted=encryption is not None and encryption.verify_mode is ssl.CERT_REQUIRED),
            defer_connect=True,
        )
        if settings.tls_mode == "preferred":
            self._ssl_required = False
            self.client_flag &= ~CLIENT.SSL
        self.address = ""
        self.broken = False
        self.variables: dict[str, str] = {}

    def dial(self, addresses: Iterable[str]) -> None:
        """Connect to the first address that answers, and log in.

        Raises OSError where none answers; what PyMySQL raises where the server says no.
        """
        refused: OSError | None = None
        for address in addresses:
            try:
                connected = socket.create_connection((address, self.port), CONNECT_SECONDS)
            except OSError as error:
                refused = error
                continue
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self.address = address
            self.connect(connected)
            names = ", ".join(f"'{name}'" for name in _VARIABLES)
            found = self.run(f"SHOW SESSION VARIABLES WHERE Variable_name IN ({names})".encode()).rows
            self.variables = {_plain(name): _plain(value) for name, value in found}
            return
        raise refused or OSError("no address")

    @property
    def most_bytes(self) -> int:
        """How large a statement may be."""
        return int(self.variables.get("max_allowed_packet") or 2**24)

    def set_up(self, *, seconds: int, read_only: bool) -> None:
        """Set what a run asks of its session; ``seconds`` is also the server's own limit, where it has one."""
        modes = [mode for mode in self.variables.get("sql_mode", "").split(",") if mode not in _REFUSED_MODES]
        chosen = ["autocommit = 1", "time_zone = '+00:00'", f"sql_mode = '{','.join(modes)}'"]
        if "max_statement_time" in self.variables:
            chosen.append(f"max_statement_time = {seconds}")
        elif "max_execution_time" in self.variables:
            chosen.append(f"max_execution_time = {seconds * 1000}")
        self.run(("SET " + ", ".join(f"SESSION {each}" for each in chosen)).encode())
        if read_only:
            self.run(b"SET SESSION TRANSACTION READ ONLY")

    def wait_at_most(self, seconds: float) -> None:
        """How long the server may be silent before the connection counts as lost."""
        self._read_timeout = self._write_timeout = seconds

    def run(self, statement: bytes, *, most_rows: int = 1000, most_bytes: int = 2**24, whole: bool = True) -> Result:
        """Send one statement and read what it answers.

        At most ``most_rows`` rows are kept, and none beyond ``most_bytes``. With ``whole`` the rest is read all the
        same, since the statement ends only then; else the session is dropped.
        """
        made = Result()
        try:
            self.query(statement, unbuffered=True)
            self._read(made, most_rows, most_bytes, whole=whole)
            while self._result.has_next:
                self.next_result(unbuffered=True)
                self._read(Result() if made.columns else made, most_rows, most_bytes, whole=True)
        except BaseException as error:
            if self._result is not None:
                self._result.unbuffered_active = False
            self.broken = self.broken or not self.open or not isinstance(error, Error)
            raise
        return made

    def last_insert_id(self) -> int:
        """The number that the last statement generated, for statements that answer rows instead of saying so."""
        return int(self.run(b"SELECT LAST_INSERT_ID()").rows[0][0] or 0)

    def leave_transaction(self) -> bool:
        """Roll back a transaction that a statement has left open; whether there was one."""
        left = bool(self.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)
        if left:
            self.rollback()
        return left

    def is_alive(self) -> bool:
        """Whether the server still answers."""
        try:
            self.ping()
        except (Error, OSError):
            return False
        return True

    def reset(self) -> bool:
        """Forget variables, locks, temporary tables and transactions; False where the server cannot."""
        try:
            self._execute_command(_RESET, b"")
            self._read_ok_packet()
            self.set_character_set(self.charset)
        except (Error, OSError):
            return False
        return True

    def interrupt(self) -> None:
        """End whatever waits for the server, from another thread."""
        self.broken = True
        if self._sock is not None:
            with suppress(OSError):
                # Not SSLSocket's own method, which would take the other thread's TLS state away.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def end(self) -> None:
        """Close the connection; politely where the server waits for a statement."""
        self.broken = True
        if self._result is not None and self._result.unbuffered_active:
            self._result.unbuffered_active = False
            self._force_close()
        elif self.open:
            self.close()

    def _read(self, made: Result, most_rows: int, most_bytes: int, *, whole: bool) -> None:
        answered = self._result
        if not answered.unbuffered_active:
            made.affected, made.insert_id = answered.affected_rows, answered.insert_id
            return
        made.columns = [_column(described) for described in answered.fields]
        size = 0
        while (row := answered._read_rowdata_packet_unbuffered()) is not None:
            made.count += 1
            size += sum(len(content) for content in row if content is not None)
            made.full = made.full or size > most_bytes
            if made.count <= most_rows and not made.full:
                made.rows.append(row)
            elif not whole:
                break
        if answered.unbuffered_active:
            self.end()


def _column(described: FieldDescriptorPacket) -> Column:
    known: Any = described
    return Column(known.name, known.type_code, known.flags, known.charsetnr, known.length)


def _plain(content: bytes | None) -> str:
    return (content or b"").decode()
