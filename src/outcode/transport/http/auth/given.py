"""What the fields of a stored connection say: completed, checked, which hosts they name, and what of them is secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from yarl import URL

from outcode.appkit.connections import Basic, HttpKind, SecretUrl, ServiceAccount
from outcode.transport.http.auth.service_key import key_members
from outcode.transport.http.auth.texts import filled_url, names_in
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place
from outcode.values.references.rendering import render

_SHORTEST_PATH = 8


def completed(kind: HttpKind, stored: Mapping[str, Json]) -> dict[str, Json]:
    """The fields without what stands around pasted texts, with a key file's members; raises for missing ones."""
    # A space or line break around a pasted key is never part of it; a password may hold anything.
    untouched = names_in(kind.password) if isinstance(kind, Basic) else set()
    fields = {
        name: value.strip() if isinstance(value, str) and name not in untouched else value
        for name, value in stored.items()
    }
    for declared in kind.fields:
        if declared.key == "allowed_hosts":
            # Forms ask for hosts; a connection stored before they did goes to the origin that its task names.
            continue
        if declared.required and declared.shown_when is None and fields.get(declared.key) in (None, ""):
            place = Place(field=f"connection.{declared.key}")
            raise InputProblem("connection_incomplete", place, label={**declared.label.model_dump()})
    if isinstance(kind, ServiceAccount) and kind.key_file is not None:
        members = key_members(render(fields.get(kind.key_file)), Place(field=f"connection.{kind.key_file}"))
        fields = {**members, **fields}
    return fields


def with_url(kind: HttpKind, fields: dict[str, Json], base_url: str | None) -> dict[str, Json]:
    """The fields with ``url``, where the URL is the secret; an operator's own address takes the place of its origin."""
    if not isinstance(kind, SecretUrl):
        return fields
    text = filled_url(kind.url, fields)
    place = Place(field=f"connection.{min(names_in(kind.url), default='url')}")
    try:
        url = URL(text)
    except ValueError as error:
        raise InputProblem("secret_url_invalid", place) from error
    matches = kind.pattern is None or re.fullmatch(kind.pattern, text) is not None
    if not matches or url.scheme not in {"http", "https"} or not url.raw_host or url.user is not None:
        raise InputProblem("secret_url_invalid", place)
    return {**fields, "url": base_url.rstrip("/") + url.raw_path_qs if base_url else text}


def own_hosts(kind: HttpKind, fields: Mapping[str, Json]) -> tuple[str, ...]:
    """The host that the secret URL itself leads to."""
    return hosts_of(render(fields.get("url"))) if isinstance(kind, SecretUrl) else ()


def hosts_of(text: str) -> tuple[str, ...]:
    """Host and port of a URL; none of what has no host. Raises InputProblem ``blocked_host``."""
    try:
        url = URL(text)
    except ValueError as error:
        raise InputProblem("blocked_host", Place(field="connection"), host=text[:100], port="-") from error
    return (f"{url.raw_host}:{url.port}",) if url.raw_host else ()


def host_entry(entry: str) -> str:
    """An entry of allowed hosts as people write it, as ``host`` or ``host:port``; raises InputProblem ``blocked_host``.

    >>> host_entry(" https://API.example.com/v1 ")
    'api.example.com'
    """
    text = entry.strip()
    try:
        url = URL(text if "://" in text else f"//{text}")
    except ValueError as error:
        raise InputProblem("blocked_host", Place(field="connection.allowed_hosts"), host=text, port="-") from error
    host = url.raw_host or ""
    return f"{host}:{url.explicit_port}" if url.explicit_port else host


def hidden(text: str) -> Iterable[str]:
    """What must not be shown of a sensitive field: of a URL everything behind the host."""
    if not text.startswith(("https://", "http://")):
        # A key file is shown nowhere as a whole, but its lines may be.
        return (text, text.replace("\n", "\\n"))
    try:
        url = URL(text)
    except ValueError:
        return (text,)
    behind = (text.partition("://")[2].partition("/")[2], url.raw_path_qs[1:])
    return behind if min(map(len, behind)) >= _SHORTEST_PATH else (text, str(url))
