"""Written texts of a connection kind with ``{name}`` and ``{connection.name}`` filled, for headers and for URLs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from outcode.appkit.template import PLACEHOLDER
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place
from outcode.values.references.rendering import render

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_HOST_PART = re.compile(r"[A-Za-z0-9.-]*(?::[0-9]{1,5})?\Z")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def names_in(text: str) -> set[str]:
    """The names that a written text has placeholders for.

    >>> sorted(names_in("https://{connection.zone}.example.com/{id}"))
    ['id', 'zone']
    """
    return {name.removeprefix("connection.") for name in PLACEHOLDER.findall(text)}


def filled_text(text: str, values: Mapping[str, Json]) -> str:
    """The text with the values in it; what is not there is empty.

    >>> filled_text("Key {api_key}", {"api_key": "k1"})
    'Key k1'
    """
    return PLACEHOLDER.sub(lambda match: render(values.get(match[1].removeprefix("connection."))), text)


def filled_url(text: str, values: Mapping[str, Json]) -> str:
    """The URL with the values in it: as they are where the URL begins with one, host names in the host, else encoded.

    Raises InputProblem ``connection_host_invalid`` where a value would lead to another host.

    >>> filled_url("https://{zone}.example.com/{id}/x", {"zone": "eu1", "id": "a/b"})
    'https://eu1.example.com/a%2Fb/x'
    """
    beginning = ""
    whole = PLACEHOLDER.match(text)
    if whole is not None:
        beginning = render(values.get(whole[1].removeprefix("connection."))).strip().rstrip("/")
        text = text[whole.end() :]
    authority = _AUTHORITY.match(text)
    host_ends = authority.end() if authority is not None else 0

    def value_of(match: re.Match[str]) -> str:
        name = match[1].removeprefix("connection.")
        value = render(values.get(name)).strip()
        if match.start() >= host_ends:
            return quote(value, safe="")
        if not _HOST_PART.match(value):
            raise InputProblem("connection_host_invalid", Place(field=f"connection.{name}"), field=name)
        return value

    return beginning + PLACEHOLDER.sub(value_of, text)


def following(base: str | None, url: str) -> str:
    """An absolute URL as it is, a path behind the base URL.

    >>> following("https://x.example/api/", "/token")
    'https://x.example/api/token'
    """
    if base is None or _ABSOLUTE.match(url):
        return url
    return f"{base.rstrip('/')}/{url.lstrip('/')}"


def checked_header(name: str, value: str) -> tuple[str, str]:
    """A header as it may be sent; raises InputProblem ``http_header_invalid`` that does not tell the value."""
    if not _HEADER_NAME.match(name) or _CONTROL.search(value):
        raise InputProblem("http_header_invalid", Place(field="connection"), name=name[:100])
    return name, value
