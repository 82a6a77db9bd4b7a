"""What a Redis connection's form holds, read once and checked before anything is sent."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from outcode.values.json import Json
from outcode.values.problems import EgressRefused, InputProblem, Place

DEFAULT_PORT = 6379
_HIGHEST_DATABASE = 2**31 - 1


class RedisConnection(Protocol):
    """A team's connection with its credentials in clear, as the workspace hands it to a transport."""

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> int:
        """Changes with every change of the credentials."""

    @property
    def fields(self) -> Mapping[str, Json]: ...


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """Where the server is and who asks; the password never shows in ``repr``."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    db: int
    tls: bool
    tls_ca: str = field(repr=False)

    @classmethod
    def of(cls, fields: Mapping[str, Json]) -> RedisSettings:
        """Read a connection's fields: ``host, port, username, password, db, tls, tls_ca``.

        Raises InputProblem naming the field, EgressRefused for a socket path.
        """
        host = _text(fields, "host").strip()
        if not host:
            raise InputProblem("field_required", Place(field="host"), label="host")
        if host.startswith(("@", ".")) or "/" in host or "\\" in host:
            raise EgressRefused("blocked_socket_path", host=host)
        encrypted = fields.get("tls") or False
        if not isinstance(encrypted, bool):
            raise InputProblem("redis_field_invalid", Place(field="tls"), name="tls", expected="true, false")
        return cls(
            host=host.removeprefix("[").removesuffix("]").removesuffix("."),
            port=_number(fields, "port", DEFAULT_PORT, 1, 65535),
            username=_text(fields, "username"),
            password=_text(fields, "password"),
            db=_number(fields, "db", 0, 0, _HIGHEST_DATABASE),
            tls=encrypted,
            tls_ca=_text(fields, "tls_ca").strip(),
        )

    def tls_context(self) -> ssl.SSLContext | None:
        """Certificate and host name are always checked, by the given authority or by those that the system trusts.

        None without TLS. Raises InputProblem ``redis_certificate_invalid``.
        """
        if not self.tls:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not self.tls_ca:
            context.load_default_certs()
            return context
        try:
            context.load_verify_locations(cadata=self.tls_ca)
        except (ssl.SSLError, TypeError, ValueError) as error:
            raise InputProblem("redis_certificate_invalid", Place(field="tls_ca")) from error
        return context


def _text(fields: Mapping[str, Json], key: str) -> str:
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputProblem("redis_field_invalid", Place(field=key), name=key, expected="text")
    return value


def _number(fields: Mapping[str, Json], key: str, default: int, low: int, high: int) -> int:
    value = fields.get(key)
    if value is None or value == "":
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InputProblem("redis_field_invalid", Place(field=key), name=key, expected=f"{low}–{high}")
    return value
