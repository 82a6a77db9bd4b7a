"""What a PostgreSQL connection's form holds, for PostgreSQL itself and for servers that speak its protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from outcode.transport.sql.settings import Server, read_choice, read_host, read_port, read_text
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_CLUSTER = re.compile(r"--cluster=[A-Za-z0-9._-]{1,100}\Z")


@dataclass(frozen=True, slots=True)
class Flavour:
    """What differs between servers of PostgreSQL's protocol: what an empty field means, and what is allowed.

    ``clusters``: the start-up option ``--cluster=<id>`` may be given in the field ``options``, and nothing else.
    """

    port: int = 5432
    database: str = "postgres"
    sslmode: str = "prefer"
    ssl_modes: tuple[str, ...] = SSL_MODES
    clusters: bool = False


POSTGRESQL = Flavour()
COCKROACHDB = Flavour(
    port=26257,
    database="defaultdb",
    sslmode="verify-full",
    ssl_modes=("disable", "require", "verify-ca", "verify-full"),
    clusters=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings(Server):
    """Where the server is, who asks, and how the session begins."""

    database: str
    sslmode: str
    search_path: str | None = None
    options: str | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Json], flavour: Flavour = POSTGRESQL) -> ServerSettings:
        """Read a connection's fields; raises InputProblem naming the field, EgressRefused for a socket path."""
        return cls(
            host=read_host(fields),
            port=read_port(fields, flavour.port),
            database=read_text(fields, "database") or flavour.database,
            username=read_text(fields, "username", required=True),
            password=read_text(fields, "password"),
            sslmode=read_choice(fields, "sslmode", flavour.ssl_modes, flavour.sslmode),
            ca_certificate=read_text(fields, "sslrootcert").strip() or None,
            search_path=read_text(fields, "search_path").strip() or None,
            options=_options(fields, flavour),
        )


def _options(fields: Mapping[str, Json], flavour: Flavour) -> str | None:
    """Start-up options can change anything about a session, so only the name of a cluster is let through."""
    options = read_text(fields, "options").strip()
    if options and not (flavour.clusters and _CLUSTER.match(options)):
        expected = "--cluster=<id>" if flavour.clusters else "–"
        raise InputProblem("sql_field_invalid", Place(field="options"), name="options", expected=expected)
    return options or None
