"""What a database connection's form holds, read once and checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from outcode.values.json import Json
from outcode.values.problems import EgressRefused, InputProblem, Place

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


class DatabaseConnection(Protocol):
    """A team's connection with its credentials in clear, as the workspace hands it to a transport."""

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> int:
        """Changes with every change of the credentials."""

    @property
    def fields(self) -> Mapping[str, Json]: ...


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the server is and who asks; the password never shows in ``repr``."""

    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)
    sslmode: str
    ca_certificate: str | None = field(repr=False)
    search_path: str | None

    @classmethod
    def of(cls, fields: Mapping[str, Json], *, default_port: int = 5432) -> ServerSettings:
        """Read a connection's fields; raises InputProblem naming the field, EgressRefused for a socket path."""
        host = _text(fields, "host", required=True).strip()
        if host.startswith(("/", "@", ".")) or "/" in host or "\\" in host:
            raise EgressRefused("blocked_socket_path", host=host)
        port = fields.get("port") or default_port
        if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
            raise InputProblem("sql_field_invalid", Place(field="port"), name="port", expected="1–65535")
        sslmode = _text(fields, "sslmode") or "prefer"
        if sslmode not in SSL_MODES:
            raise InputProblem("sql_field_invalid", Place(field="sslmode"), name="sslmode", expected=SSL_MODES)
        return cls(
            host=host.removeprefix("[").removesuffix("]"),
            port=port,
            database=_text(fields, "database") or "postgres",
            username=_text(fields, "username", required=True),
            password=_text(fields, "password"),
            sslmode=sslmode,
            ca_certificate=_text(fields, "sslrootcert").strip() or None,
            search_path=_text(fields, "search_path").strip() or None,
        )


def _text(fields: Mapping[str, Json], key: str, *, required: bool = False) -> str:
    value = fields.get(key)
    if value is None or value == "":
        if required:
            raise InputProblem("field_required", Place(field=key), label=key)
        return ""
    if not isinstance(value, str) or "\0" in value:
        raise InputProblem("sql_field_invalid", Place(field=key), name=key, expected="text")
    return value
