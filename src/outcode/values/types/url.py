"""Reading a cell as a web address; addresses in any script come out in the one form that every server takes."""

from __future__ import annotations

import re

from yarl import URL

from outcode.values.json import Json
from outcode.values.types.cells import SPACES, kind_of
from outcode.values.types.errors import CellProblem, about
from outcode.values.types.model import UrlType

LONGEST_URL = 8_000
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_OTHER_SCHEME = re.compile(r"(?:mailto|tel|javascript|data|file|about|sms|blob):", re.IGNORECASE)
_SCHEMES = {"http", "https", "ftp"}
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f<>\"{}|\\^`" + re.escape(SPACES) + "]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[?[0-9a-f:.]*:[0-9a-f:.]*\]?")


def read_url(column_type: UrlType, raw: Json) -> str | CellProblem:
    """An address that is not empty, or the part of it that the type asks for.

    >>> read_url(UrlType(), "example.com/a?b=1"), read_url(UrlType(part="host"), "https://한국.kr/")
    ('https://example.com/a?b=1', 'xn--3e0b707e.kr')
    """
    if type(raw) is not str:
        return CellProblem("cell_url_other_kind", {"found": kind_of(raw)})
    text = raw.strip(SPACES)
    url = _parsed(text)
    if isinstance(url, CellProblem):
        return url
    match column_type.part:
        case "whole":
            return str(url.with_path(url.raw_path, encoded=True, keep_query=True, keep_fragment=True))
        case "host":
            return url.raw_host or ""
        case "path":
            return url.raw_path
        case "query":
            return url.raw_query_string


def _parsed(text: str) -> URL | CellProblem:
    scheme = _SCHEME.match(text)
    if scheme is None and _OTHER_SCHEME.match(text):
        return about("cell_url_scheme", text, scheme=text.partition(":")[0])
    if scheme is not None and scheme[1].lower() not in _SCHEMES:
        return about("cell_url_scheme", text, scheme=scheme[1])
    address = scheme is None and "@" in text.partition("/")[0]
    if address or len(text) > LONGEST_URL or _FORBIDDEN.search(text):
        return about("cell_url_unreadable", text)
    try:
        url = URL(text if scheme else "https://" + text.removeprefix("//"))
        host = url.raw_host or ""
        _ = url.port
    except ValueError:
        return about("cell_url_unreadable", text)
    return url if _is_host(host) else about("cell_url_unreadable", text)


def _is_host(host: str) -> bool:
    if _ADDRESS.fullmatch(host):
        return ":" in host or all(int(part) <= 255 for part in host.split("."))
    labels = host.removesuffix(".").split(".")
    named = len(labels) > 1 and not labels[-1].isdigit()
    return len(host) <= 253 and (named or host == "localhost") and all(_LABEL.fullmatch(label) for label in labels)
