"""From a declaration and the inputs of a task to the one request that will be sent; pure, without I/O.

Everything a person can get wrong is found here, before anything is sent, with the field it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from yarl import URL

from outcode import __version__
from outcode.appkit.calls import Request
from outcode.appkit.template import PLACEHOLDER, Input, filled
from outcode.transport.http.body import BODY_TYPES, encode_body
from outcode.transport.http.files import FileContent
from outcode.transport.http.settings import Pairs, Settings, place_of
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place, TooLarge, Unexpected
from outcode.values.references.rendering import render

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
RESPONSE_TYPES = ("auto", "json", "text", "base64", "file")
HEADER_LIMIT = 100
URL_LIMIT = 8192
_SAFE_TO_REPEAT = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}
_OURS = {"host", "content-length", "connection", "transfer-encoding"}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_WHOLE_URL = re.compile(r"\{connection\.([a-z][a-z0-9_]*)\}")
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::[0-9]{1,5})?\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """One request as it will be sent, without credentials; those are added for the hosts they belong to.

    ``secrets``: what of it must not be shown, besides the secrets of the connection.
    """

    method: str
    url: URL = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout_seconds: int = 30
    follow_redirects: bool = True
    verify_tls: bool = True
    response_type: str = "auto"
    fail_on_status: bool = True
    retries: int = 0
    secrets: tuple[str, ...] = field(default=(), repr=False)
    repeatable: bool = False
    """Whether sending it again after a lost answer does no harm."""

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a request is made of besides the inputs of its task.

    ``connection``: what ``{connection.name}`` means. ``files``: the stored files that its body names. ``key``: what
    goes into the header that makes repeating harmless. ``idempotent``: as :class:`outcode.appkit.app.Action` says it.
    """

    connection: Mapping[str, Json] = field(default_factory=dict)
    base_url: str | None = None
    files: Mapping[str, FileContent] = field(default_factory=dict)
    key: str | None = None
    idempotent: bool | Literal["by_inputs"] = "by_inputs"


NO_CONTEXT = CallContext()


def prepare(call: Request, inputs: Mapping[str, Json], context: CallContext = NO_CONTEXT) -> PreparedRequest:
    """The request that ``call`` makes of ``inputs``.

    Raises InputProblem or TooLarge with the field's place, or Unexpected ``http_no_base_url``.

    >>> call = Request(method="GET", url="https://api.example.com/users/{id}", query={"q": Input(field="q")})
    >>> str(prepare(call, {"id": "a/b", "q": "x y"}).url)
    'https://api.example.com/users/a%2Fb?q=x+y'
    """
    settings = Settings(inputs, context.connection)
    method = settings.choice(call.method, "GET", METHODS)
    body_type, value = body_of(call, inputs, context.connection)
    body, media_type = encode_body(body_type, value, place_of(call.body), context.files)
    keyed = call.idempotency_header is not None and context.key is not None
    pairs = settings.pairs(call.headers)
    if call.idempotency_header is not None and keyed:
        name = call.idempotency_header.lower()
        pairs = (*(pair for pair in pairs if pair[0].lower() != name), (call.idempotency_header, context.key))
    return PreparedRequest(
        method=method,
        url=_url(call, inputs, context, settings),
        headers=_headers(pairs, place_of(call.headers), media_type),
        body=body,
        timeout_seconds=settings.whole(call.timeout_seconds, 30, 1, 300),
        follow_redirects=settings.switch(call.follow_redirects, default=True),
        verify_tls=settings.switch(call.verify_tls, default=True),
        response_type=settings.choice(call.response_type, "auto", RESPONSE_TYPES),
        fail_on_status=settings.switch(call.fail_on_status, default=True),
        retries=settings.whole(call.retries, 0, 0, 5),
        repeatable=keyed or _is_repeatable(context, method, pairs),
    )


def body_of(call: Request, inputs: Mapping[str, Json], connection: Mapping[str, Json]) -> tuple[str, Json]:
    """The type and the value of a call's body, before it is made bytes; raises InputProblem ``http_setting_choice``."""
    settings = Settings(inputs, connection)
    bare = settings.choice(call.method, "GET", METHODS) in {"GET", "HEAD"}
    body_type = settings.choice(call.body_type, "none" if bare else "json", BODY_TYPES)
    if isinstance(call.body, Input):
        return body_type, settings.value(call.body)
    return body_type, filled(call.body, inputs, connection)


def callable_url(text: str, place: Place | None = None) -> URL:
    """An absolute http or https URL without credentials and fragment.

    Raises InputProblem ``http_url_invalid`` or ``http_url_credentials``.
    """
    text = text.strip()
    if len(text) > URL_LIMIT:
        raise InputProblem("http_url_invalid", place, reason=f"{len(text)} > {URL_LIMIT}")
    if _CONTROL.search(text):
        raise InputProblem("http_url_invalid", place, reason="control character")
    try:
        url = URL(text)
    except ValueError as error:
        raise InputProblem("http_url_invalid", place, reason=_reason(error)) from error
    if url.user is not None or url.password is not None:
        raise InputProblem("http_url_credentials", place)
    if url.scheme not in {"http", "https"}:
        raise InputProblem("http_url_invalid", place, reason=f"{url.scheme or '?'}://")
    if not url.raw_host or " " in url.raw_host:
        raise InputProblem("http_url_invalid", place, reason="no host")
    return url.with_fragment(None)


def _reason(error: ValueError) -> str:
    # The parser repeats the URL in some of its sentences, and a URL may hold a secret.
    text = str(error)
    return "port" if "ort" in text else "host" if "ost" in text else "not a URL"


def _is_repeatable(context: CallContext, method: str, headers: Pairs) -> bool:
    if context.idempotent != "by_inputs":
        return context.idempotent
    return method in _SAFE_TO_REPEAT or any(name.lower() == "idempotency-key" for name, _ in headers)


def _url(call: Request, inputs: Mapping[str, Json], context: CallContext, settings: Settings) -> URL:
    place = place_of(call.url)
    if isinstance(call.url, Input):
        value = settings.value(call.url, "")
        if not isinstance(value, str):
            raise InputProblem("http_url_invalid", place, reason=render(value)[:100])
        text = value.strip()
    else:
        text = _written(call.url, inputs, context.connection)
    if not _ABSOLUTE.match(text) and context.base_url is not None:
        following = text if text[:1] in {"", "?"} else "/" + text.lstrip("/")
        text = context.base_url.rstrip("/") + following
    elif not _ABSOLUTE.match(text) and not isinstance(call.url, Input):
        raise Unexpected("http_no_base_url", path=call.url)
    url = callable_url(text, place)
    pairs = [
        (name, render(item))
        for name, value in settings.pairs(call.query)
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]
    return url.extend_query(pairs) if pairs else url


def _written(text: str, inputs: Mapping[str, Json], connection: Mapping[str, Json]) -> str:
    """A declared URL with its values: encoded in path and query, plain in the host, as it is where a URL begins."""
    beginning = ""
    whole = _WHOLE_URL.match(text)
    if whole is not None:
        beginning, text = render(connection.get(whole[1])).strip(), text[whole.end() :]
        if not beginning:
            raise InputProblem("http_url_segment", Place(field=f"connection.{whole[1]}"), field=whole[1])
        beginning = beginning.rstrip("/") if text.startswith("/") else beginning
    authority = _AUTHORITY.match(text)
    host_ends = authority.end() if authority is not None else 0

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        of_connection = name.startswith("connection.")
        value = render(connection.get(name.removeprefix("connection.")) if of_connection else inputs.get(name))
        place = Place(field=name if of_connection else f"inputs.{name}")
        if match.start() < host_ends:
            if not _HOST.match(value):
                raise InputProblem("http_url_host", place, field=name)
            return value
        if value in {"", ".", ".."} or _CONTROL.search(value):
            raise InputProblem("http_url_segment", place, field=name)
        return quote(value, safe="")

    return beginning + PLACEHOLDER.sub(value_of, text)


def _headers(pairs: Pairs, place: Place, media_type: str | None) -> tuple[tuple[str, str], ...]:
    if len(pairs) > HEADER_LIMIT:
        raise TooLarge("http_too_many_headers", place, count=len(pairs), limit=HEADER_LIMIT)
    headers: list[tuple[str, str]] = []
    for name, value in pairs:
        text = render(value).strip(" \t")
        if not _HEADER_NAME.match(name) or _CONTROL.search(text.replace("\t", " ")):
            raise InputProblem("http_header_invalid", place, name=name[:100])
        if name.lower() in _OURS:
            raise InputProblem("http_header_refused", place, name=name)
        headers.append((name, text))
    names = {name.lower() for name, _ in headers}
    if media_type is not None and media_type.startswith("multipart/"):
        # Only we know the boundary, so a written Content-Type cannot be right.
        headers = [(name, text) for name, text in headers if name.lower() != "content-type"]
        headers.append(("Content-Type", media_type))
    elif media_type is not None and "content-type" not in names:
        headers.append(("Content-Type", media_type))
    if "user-agent" not in names:
        headers.append(("User-Agent", f"Outcode/{__version__}"))
    return tuple(headers)
