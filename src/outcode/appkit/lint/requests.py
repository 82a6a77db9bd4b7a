"""HTTP requests: where they go, what they take of the connection, how they page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from outcode.appkit.app import App
from outcode.appkit.calls import Paging, Request
from outcode.appkit.connections import SecretUrl
from outcode.appkit.lint.taken import connection_fields_of, connection_placeholders, is_path, secrets_of, unknown_to
from outcode.appkit.template import Input

_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
_ABSOLUTE = re.compile(r"https?://")
_SECRET_URL = "{connection.url}"
_OF_CONNECTION = re.compile(r"\{connection\.([a-z][a-z0-9_]*)\}")


def host_of(url: str) -> str:
    """The host of a written URL, placeholders and all.

    >>> host_of("https://{connection.site}.example.net:443/rest")
    '{connection.site}.example.net'
    """
    return urlsplit(url).netloc.partition("@")[2].partition(":")[0] or urlsplit(url).netloc.partition(":")[0]


def request_findings(place: str, app: App, request: Request, *, kept: frozenset[str] = frozenset()) -> Iterator[str]:
    """Of one request of an app; ``kept`` are names that earlier steps of a login know."""
    if isinstance(request.method, str) and request.method not in _METHODS:
        yield f"{place}: method {request.method!r} is none that can be sent"
    if isinstance(request.url, str):
        yield from _url(place, app, request.url)
    names = sorted(set(connection_fields_of(request)) - kept)
    for kind in app.connections:
        for name in unknown_to(kind, names):
            yield f"{place}: takes {name!r} of the connection, which {kind.key!r} has not"
    if names and not app.connections:
        yield f"{place}: takes {names[0]!r} of the connection, and the app has none"
    yield from secret_findings(place, app, request, kept=kept)
    if request.idempotency_header is not None and request.method in {"GET", "HEAD"}:
        yield f"{place}: a {request.method} needs no idempotency_header"
    if request.body is not None and request.body_type == "none":
        yield f"{place}: has a body of type none"


def secret_findings(place: str, app: App, part: Any, *, kept: frozenset[str] = frozenset()) -> Iterator[str]:
    """Of a piece of a request: what is secret stands where its kind puts it, and is sent to the app's hosts only.

    ``part`` may also be the text of a URL. Only where a whole URL is the secret does one begin with it.
    """
    for kind in app.connections:
        names = set(_behind_beginning(part) if isinstance(kind, SecretUrl) else _connection_fields(part))
        for name in sorted(names & secrets_of(kind) - kept):
            yield f"{place}: takes {name!r} of the connection, which is secret; {kind.key!r} itself has to send it"


def _behind_beginning(part: Any) -> Iterator[str]:
    """What is taken of the connection besides the secret URL at the beginning of the request's."""
    if isinstance(part, str):
        part = part.removeprefix(_SECRET_URL)
    elif isinstance(part, Request) and isinstance(part.url, str):
        part = part.model_copy(update={"url": part.url.removeprefix(_SECRET_URL)})
    yield from _connection_fields(part)


def _connection_fields(part: Any) -> Iterator[str]:
    yield from connection_placeholders(part) if isinstance(part, str) else connection_fields_of(part)


def _url(place: str, app: App, url: str) -> Iterator[str]:
    if _ABSOLUTE.match(url):
        host = host_of(url)
        bases = [app.base_url, *(getattr(kind, "base_url", None) for kind in app.connections)]
        if host not in {*app.hosts, *(host_of(base) for base in bases if base)}:
            yield f"{place}: goes to {host}, which is neither the host of base_url nor among hosts"
    elif url.startswith("/"):
        if app.base_url is None and not all(getattr(kind, "base_url", None) for kind in app.connections or [None]):
            yield f"{place}: {url!r} is a path, and the app has no base_url"
    elif not (beginning := _OF_CONNECTION.match(url)):
        yield f"{place}: url {url!r} is neither absolute nor a path that begins with /"
    else:
        for kind in app.connections:
            field = next((field for field in kind.fields if field.key == beginning[1]), None)
            if field is not None and not isinstance(kind, SecretUrl) and getattr(field, "place", None) != "url":
                yield f"{place}: begins with the field {beginning[1]!r} of {kind.key!r}, which is not asked as a URL"


def paging_findings(place: str, paging: Paging, *, has_rows: bool) -> Iterator[str]:
    """Of a request's way to the next page."""
    if paging.style == "none" or isinstance(paging.style, Input):
        return
    if not has_rows:
        yield f"{place}: pages without rows cannot be put together"
    if paging.style in {"page", "offset", "cursor"} and not paging.parameter:
        yield f"{place}: paging by {paging.style} has no parameter"
    if paging.style in {"cursor", "next_url"} and not paging.path:
        yield f"{place}: paging by {paging.style} has no path"
    for part in ("path", "more"):
        path = getattr(paging, part)
        if isinstance(path, str) and not is_path(path):
            yield f"{place}: {part} of the paging is not a path"
    if paging.size is not None and paging.size_parameter is None:
        yield f"{place}: paging has a size and no size_parameter"
