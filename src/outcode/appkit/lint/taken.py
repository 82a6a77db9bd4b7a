"""What the pieces of a declaration take values of: fields of the form, fields of the connection, paths of answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from outcode.appkit.calls import Request
from outcode.appkit.connections import ConnectionKind, LoginSession, OAuth2Code, SecretUrl, ServiceAccount
from outcode.appkit.template import FromConnection, Input

_BRACES = re.compile(r"\{([^{}]*)\}")
_CONNECTION = "connection."
_PATH = re.compile(r"""(?:[^.\[\]"]+|\["(?:[^"\\]|\\.)*"\])(?:\.[^.\[\]"]+|\[\d+\]|\.?\["(?:[^"\\]|\\.)*"\])*""")


def is_path(text: str) -> bool:
    """Whether a text can lead anywhere in an answer.

    >>> is_path('data.items[0]["first name"]'), is_path("data..items"), is_path("")
    (True, False, False)
    """
    return _PATH.fullmatch(text) is not None


def placeholders(text: str) -> list[str]:
    """The names in braces of a written text, in order."""
    return _BRACES.findall(text)


def inputs_of(part: Any) -> Iterator[str]:
    """The fields that a piece of a declaration takes the values of."""
    for found in _parts(part):
        if isinstance(found, Input):
            yield found.field
        elif isinstance(found, Request) and isinstance(found.url, str):
            yield from (name for name in placeholders(found.url) if not name.startswith(_CONNECTION))


def connection_fields_of(part: Any) -> Iterator[str]:
    """The connection's fields that a piece of a declaration takes the values of."""
    for found in _parts(part):
        if isinstance(found, FromConnection):
            yield found.field
        elif isinstance(found, Request) and isinstance(found.url, str):
            yield from connection_placeholders(found.url)


def connection_placeholders(text: str) -> Iterator[str]:
    """The names after ``connection.`` in a written text."""
    yield from (name.removeprefix(_CONNECTION) for name in placeholders(text) if name.startswith(_CONNECTION))


def known_of(kind: ConnectionKind) -> set[str] | None:
    """What a connection of a kind has values for; None: its key file may hold anything."""
    if isinstance(kind, ServiceAccount) and kind.key_file is not None:
        return None
    return {field.key for field in kind.fields} | kept_of(kind)


def kept_of(kind: ConnectionKind) -> set[str]:
    """What a connection of a kind keeps of its token answers or logins."""
    match kind:
        case OAuth2Code():
            return set(kind.kept)
        case LoginSession():
            return {name for step in kind.login for name in step.keep}
        case _:
            return set()


def secrets_of(kind: ConnectionKind) -> set[str]:
    """The names of what proves who is calling, which only the kind itself may put into a request."""
    secret = {field.key for field in kind.fields if field.sensitive}
    match kind:
        case SecretUrl():
            secret.add("url")
        case ServiceAccount():
            secret |= {"access_token", *(name.removeprefix(_CONNECTION) for name in placeholders(kind.private_key))}
    return secret - kept_of(kind)


def unknown_to(kind: ConnectionKind, names: Iterable[str]) -> list[str]:
    """Which of the names a connection of that kind has no value for."""
    known = known_of(kind)
    return [] if known is None else [name for name in names if name not in known]


def _parts(part: Any) -> Iterator[Any]:
    if isinstance(part, BaseModel):
        yield part
        part = [value for _, value in part]
    elif isinstance(part, Mapping):
        part = list(part.values())
    if isinstance(part, tuple | list):
        for item in part:
            yield from _parts(item)
