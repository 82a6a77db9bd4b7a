"""Ways of signing in that would hand the password out: refused, unless the server has proved who it is.

A server names the way it wants, and the driver obeys. Somebody who answers in the server's place could so ask for the
password in clear. ``caching_sha2_password`` and ``sha256_password`` send it through TLS or, without, encrypted with the
key that the server sends, as the protocol has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from outcode.values.problems import VendorRejected

_CLEAR = ("mysql_clear_password", "dialog")
_NEVER = ("mysql_old_password", "client_ed25519")
"""A hash that is as good as the password; a signature that needs a library which is not here."""

Handler = Callable[[Any], "_Way"]
"""Makes a way of signing in for a connection of the driver."""


class _Way:
    """What the driver calls when the server asks for this way."""

    def __init__(self, connection: Any, method: str, *, trusted: bool) -> None:
        self._connection = connection
        self._method = method
        self._trusted = trusted

    def authenticate(self, _packet: object) -> Any:
        """Answer the password where that is safe; raises VendorRejected ``sql_login_method``."""
        if not self._trusted or self._method not in _CLEAR:
            raise VendorRejected("sql_login_method", method=self._method)
        self._connection.write_packet(self._connection.password + b"\0")
        return self._connection._read_packet()


def handlers(*, trusted: bool) -> dict[str, Handler]:
    """The driver's map of ways; ``trusted``: the connection is encrypted, and the server's certificate was checked."""

    def way(method: str) -> Handler:
        return lambda connection: _Way(connection, method, trusted=trusted)

    return {method: way(method) for method in (*_CLEAR, *_NEVER)}
