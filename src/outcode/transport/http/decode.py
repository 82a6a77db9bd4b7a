"""From the bytes of an answer to values, by what the task asked for or by what the answer says it is."""

from __future__ import annotations

import base64
import codecs
import re
from dataclasses import dataclass, field

from yarl import URL

from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, VendorRejected

_JSON_TYPE = re.compile(r"(?:application|text)/(?:[\w.+-]+\+)?json\Z")
_TEXT_TYPE = re.compile(r"text/|application/(?:[\w.+-]+\+)?(?:xml|javascript|x-www-form-urlencoded|yaml)\Z")
# What Korean sites declare and what they send: the Windows code page is the superset.
_CHARSETS = {"euc-kr": "cp949", "ks_c_5601-1987": "cp949", "iso-8859-1": "cp1252"}

# Python also knows codecs that no server may choose for us, such as punycode, zlib or unicode_escape.
_CHARSET = re.compile(r"utf-(?:8|16|32)|ascii|latin|iso|cp\d|euc|johab|shift|gb|big5|koi8|mac")


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer: status, headers in order, body within the cap, the URL it came from."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    url: URL = field(repr=False)
    elapsed_ms: int = 0

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all_headers(self) -> dict[str, str]:
        """Every header by its lower-case name; repeated ones joined by a comma, as HTTP means them."""
        joined: dict[str, str] = {}
        for name, value in self.headers:
            key = name.lower()
            joined[key] = f"{joined[key]}, {value}" if key in joined else value
        return joined

    @property
    def media_type(self) -> str:
        """``application/json`` of ``Application/JSON; charset=utf-8``; empty when not said."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """The declared character set where Python knows it, else UTF-8."""
        found = re.search(r"charset\s*=\s*\"?([\w.:-]+)", self.header("content-type") or "", re.IGNORECASE)
        name = _CHARSETS.get(found[1].lower(), found[1]) if found else "utf-8"
        try:
            codec = codecs.lookup(name).name
        except LookupError:
            return "utf-8"
        return codec if _CHARSET.match(codec) else "utf-8"


def data_of(response: Response, response_type: str) -> Json:
    """The body as JSON, text or base64; an empty JSON body is null. Raises VendorRejected ``http_invalid_json``.

    >>> data_of(Response(200, (("Content-Type", "application/json"),), b'{"a": 1.50}', URL("http://x.example")), "auto")
    {'a': Decimal('1.50')}
    """
    match _auto(response) if response_type == "auto" else response_type:
        case "json":
            return _json(response)
        case "text":
            return text_body(response)
        case _:
            return base64.b64encode(response.body).decode()


def text_body(response: Response) -> str:
    """The body as text in its own character set; what cannot be read becomes U+FFFD."""
    charset = "utf-8-sig" if response.charset == "utf-8" else response.charset
    return response.body.decode(charset, errors="replace")


def whole_answer(response: Response, data: Json, shown_url: str) -> dict[str, Json]:
    """Everything a task can refer to: status, ok, headers, data, content_type, url, elapsed_ms."""
    return {
        "status": response.status,
        "ok": 200 <= response.status < 300,
        "headers": response.all_headers(),
        "data": data,
        "content_type": response.header("content-type"),
        "url": shown_url,
        "elapsed_ms": response.elapsed_ms,
    }


def _auto(response: Response) -> str:
    media_type = response.media_type
    if _JSON_TYPE.match(media_type):
        return "json"
    if _TEXT_TYPE.match(media_type):
        return "text"
    if media_type:
        return "base64"
    try:
        response.body.decode()
    except UnicodeDecodeError:
        return "base64"
    return "text"


def _json(response: Response) -> Json:
    if not response.body.strip():
        return None
    try:
        return loads(text_body(response))
    except InputProblem as problem:
        reason = problem.details["reason"]
        raise VendorRejected("http_invalid_json", host=response.url.host or "", reason=reason) from problem
