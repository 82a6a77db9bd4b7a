"""What the form of a MySQL or MariaDB connection holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from outcode.transport.sql.settings import Server, read_choice, read_host, read_port, read_text
from outcode.values.json import Json

TLS_MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")
CHARSETS = ("utf8mb4", "utf8mb3")
"""Values are written into statements as UTF-8, so no other character set is spoken; the server converts to those of
its tables. ``utf8mb3`` is for servers that do not know ``utf8mb4``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings(Server):
    """Where the server is, who asks, and how the session begins."""

    database: str | None
    tls_mode: str
    charset: str

    @classmethod
    def of(cls, fields: Mapping[str, Json]) -> ServerSettings:
        """Read a connection's fields; raises InputProblem naming the field, EgressRefused for a socket path."""
        return cls(
            host=read_host(fields),
            port=read_port(fields, 3306),
            database=read_text(fields, "database") or None,
            username=read_text(fields, "username", required=True),
            password=read_text(fields, "password"),
            tls_mode=read_choice(fields, "tls_mode", TLS_MODES, "preferred"),
            ca_certificate=read_text(fields, "tls_ca").strip() or None,
            charset=read_choice(fields, "charset", CHARSETS, "utf8mb4"),
        )
