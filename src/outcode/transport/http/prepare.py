"""From a declaration and the inputs of a task to the one request that will be sent; pure, without I/O.

Everything a person can get wrong is found here, before anything is sent, with the field it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from yarl import URL

from outcode import __version__
from outcode.appkit.calls import Request
from outcode.appkit.template import Input, literal_or_input
from outcode.transport.http.body import BODY_TYPES, encode_body
from outcode.transport.http.settings import Pairs, Settings, place_of
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place, TooLarge
from outcode.values.references.rendering import render

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
RESPONSE_TYPES = ("auto", "json", "text", "base64")
HEADER_LIMIT = 100
URL_LIMIT = 8192
_SAFE_TO_REPEAT = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}
_OURS = {"host", "content-length", "connection", "transfer-encoding"}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
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

    @property
    def repeatable(self) -> bool:
        """Whether sending it again after a lost answer does no harm."""
        return self.method in _SAFE_TO_REPEAT or self.header("idempotency-key") is not None

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def prepare(call: Request, inputs: Mapping[str, Json]) -> PreparedRequest:
    """The request that ``call`` makes of ``inputs``; raises InputProblem or TooLarge with the field's place.

    >>> call = Request(method="GET", url="https://api.example.com/users/{id}", query={"q": Input(field="q")})
    >>> str(prepare(call, {"id": "a/b", "q": "x y"}).url)
    'https://api.example.com/users/a%2Fb?q=x+y'
    """
    settings = Settings(inputs)
    method = settings.choice(call.method, "GET", METHODS)
    default = "none" if method in {"GET", "HEAD"} else "json"
    body_type = settings.choice(call.body_type, default, BODY_TYPES)
    body, media_type = encode_body(body_type, _body_value(call, inputs), place_of(call.body))
    return PreparedRequest(
        method=method,
        url=_url(call, inputs, settings),
        headers=_headers(settings.pairs(call.headers), place_of(call.headers), media_type),
        body=body,
        timeout_seconds=settings.whole(call.timeout_seconds, 30, 1, 300),
        follow_redirects=settings.switch(call.follow_redirects, default=True),
        verify_tls=settings.switch(call.verify_tls, default=True),
        response_type=settings.choice(call.response_type, "auto", RESPONSE_TYPES),
        fail_on_status=settings.switch(call.fail_on_status, default=True),
        retries=settings.whole(call.retries, 0, 0, 5),
    )


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


def _url(call: Request, inputs: Mapping[str, Json], settings: Settings) -> URL:
    place = place_of(call.url)
    if isinstance(call.url, Input):
        value = settings.value(call.url, "")
        if not isinstance(value, str):
            raise InputProblem("http_url_invalid", place, reason=render(value)[:100])
        url = callable_url(value, place)
    else:
        url = callable_url(re.sub(r"\{(\w+)\}", lambda match: _segment(match[1], inputs), call.url))
    pairs = [
        (name, render(item))
        for name, value in settings.pairs(call.query)
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]
    return url.extend_query(pairs) if pairs else url


def _segment(field: str, inputs: Mapping[str, Json]) -> str:
    text = render(inputs.get(field))
    if text in {"", ".", ".."} or _CONTROL.search(text):
        raise InputProblem("http_url_segment", Place(field=f"inputs.{field}"), field=field)
    return quote(text, safe="")


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


def _body_value(call: Request, inputs: Mapping[str, Json]) -> Json:
    if not isinstance(call.body, Mapping):
        return Settings(inputs).value(call.body)
    members = ((key, value, literal_or_input(value, inputs)) for key, value in call.body.items())
    return {key: value for key, source, value in members if value is not None or not isinstance(source, Input)}
