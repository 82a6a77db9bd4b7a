"""Where a PostgreSQL is and how to get in: one form for our own server and for one that the operator brought.

asyncpg would read a URL by itself, and fill what is missing from its environment and from files in the home folder;
here a URL is checked first, so that a slip is told in words and what is connected to is what was written.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from sqlalchemy import URL

from outcode.values.problems import SetupProblem

VARIABLE = "OUTCODE_DATABASE_URL"
SCHEMES = ("postgresql", "postgres")
PARAMETERS = ("host", "sslmode", "sslrootcert")
TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True)
class DatabaseAddress:
    """One database of one server, as one user; its ``repr`` holds no password.

    ``host`` is a host name, an IP address or the folder of a unix socket. ``tls_mode`` is one of libpq's ``sslmode``
    words, ``tls_root`` a file of certificate authorities to trust instead of the system's.

    >>> "hunter2" in repr(DatabaseAddress("/run/outcode", 5432, "outcode", "hunter2", "outcode"))
    False
    """

    host: str
    port: int
    user: str
    password: str | None = field(repr=False)
    database: str
    tls_mode: str = "disable"
    tls_root: Path | None = None

    def arguments(self) -> dict[str, Any]:
        """The keyword arguments for ``asyncpg.connect`` and ``asyncpg.create_pool``.

        >>> DatabaseAddress("db.example", 5432, "me", None, "outcode").arguments()["host"]
        'db.example'
        """
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "ssl": self.tls(),
        }

    def sqlalchemy_url(self) -> URL:
        """For ``create_async_engine(url, connect_args={"ssl": address.tls()})``; its ``str`` hides the password."""
        socket = self.host.startswith("/")
        return URL.create(
            "postgresql+asyncpg",
            username=self.user,
            password=self.password,
            host=None if socket else self.host,
            port=self.port,
            database=self.database,
            query={"host": self.host} if socket else {},
        )

    def tls(self) -> bool | str | ssl.SSLContext:
        """What asyncpg calls ``ssl``; verifying modes trust the system's authorities when no file is named.

        Like libpq, ``require`` verifies the certificate as soon as a file is named.
        """
        if self.tls_mode == "disable" or self.host.startswith("/"):
            return False
        if self.tls_root is None and not self.tls_mode.startswith("verify"):
            return self.tls_mode
        context = ssl.create_default_context(cafile=self.tls_root)
        context.check_hostname = self.tls_mode == "verify-full"
        return context


def external(url: str) -> DatabaseAddress:
    """The address in ``OUTCODE_DATABASE_URL``; a SetupProblem says which part is wrong, and never repeats the URL.

    >>> external("postgres://me:secret@db.example/outcode?sslmode=verify-full")
    DatabaseAddress(host='db.example', port=5432, user='me', database='outcode', tls_mode='verify-full', tls_root=None)
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port or 5432
    except ValueError:
        raise SetupProblem("database_url_host", variable=VARIABLE) from None
    if parts.scheme not in SCHEMES:
        raise SetupProblem("database_url_scheme", variable=VARIABLE)
    if parts.fragment:
        raise SetupProblem("database_url_host", variable=VARIABLE)
    parameters = _parameters(parts)
    host = parameters.get("host") or unquote(parts.hostname or "")
    if "," in host or (parts.hostname and "host" in parameters):
        raise SetupProblem("database_url_host", variable=VARIABLE)
    database = unquote(parts.path.removeprefix("/"))
    user = unquote(parts.username or "")
    for part, found in (("host", host), ("user", user), ("database", database)):
        if not found:
            raise SetupProblem("database_url_part", variable=VARIABLE, part=part)
    if "/" in database:
        raise SetupProblem("database_url_host", variable=VARIABLE)
    return DatabaseAddress(
        host=host,
        port=port,
        user=user,
        password=None if parts.password is None else unquote(parts.password),
        database=database,
        tls_mode=parameters.get("sslmode", "prefer"),
        tls_root=_authorities(parameters.get("sslrootcert")),
    )


def _parameters(parts: SplitResult) -> dict[str, str]:
    found = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in found:
        if name not in PARAMETERS:
            # A name that looks odd may be a piece of a password that was not percent-encoded.
            shown = name if re.fullmatch(r"[a-z_]{1,40}", name) else "?"
            raise SetupProblem("database_url_parameter", variable=VARIABLE, name=shown, known=PARAMETERS)
    if found.get("sslmode", "prefer") not in TLS_MODES:
        raise SetupProblem("database_url_tls", variable=VARIABLE, known=TLS_MODES)
    return found


def _authorities(file: str | None) -> Path | None:
    if not file:
        return None
    try:
        ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or "not a certificate file"
        raise SetupProblem("database_url_authorities", variable=VARIABLE, file=file, reason=reason) from None
    return Path(file)
