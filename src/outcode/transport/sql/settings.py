"""What every database connection's form holds, read once and checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from outcode.values.json import Json
from outcode.values.problems import EgressRefused, InputProblem, Place


class DatabaseConnection(Protocol):
    """A team's connection with its credentials in clear, as the workspace hands it to a transport."""

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> int:
        """Changes with every change of the credentials."""

    @property
    def fields(self) -> Mapping[str, Json]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a server is and who asks; the password never shows in ``repr``."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    ca_certificate: str | None = field(default=None, repr=False)


def read_host(fields: Mapping[str, Json]) -> str:
    """The field ``host``; raises EgressRefused for a socket's path."""
    host = read_text(fields, "host", required=True).strip()
    if host.startswith(("/", "@", ".")) or "/" in host or "\\" in host:
        raise EgressRefused("blocked_socket_path", host=host)
    return host.removeprefix("[").removesuffix("]")


def read_port(fields: Mapping[str, Json], default: int) -> int:
    """The field ``port``; raises InputProblem ``sql_field_invalid``."""
    port = fields.get("port") or default
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
        raise _invalid("port", "1–65535")
    return port


def read_choice(fields: Mapping[str, Json], key: str, choices: Sequence[str], default: str) -> str:
    """A field that holds one of several words; raises InputProblem ``sql_field_invalid``."""
    chosen = read_text(fields, key) or default
    if chosen not in choices:
        raise _invalid(key, ", ".join(choices))
    return chosen


def read_text(fields: Mapping[str, Json], key: str, *, required: bool = False) -> str:
    """A field that holds text, empty where it is missing; raises InputProblem naming the field."""
    value = fields.get(key)
    if value is None or value == "":
        if required:
            raise InputProblem("field_required", Place(field=key), label=key)
        return ""
    if not isinstance(value, str) or "\0" in value:
        raise _invalid(key, "text")
    return value


def _invalid(key: str, expected: str) -> InputProblem:
    return InputProblem("sql_field_invalid", Place(field=key), name=key, expected=expected)
