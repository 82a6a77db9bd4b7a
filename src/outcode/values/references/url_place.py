"""The place "URL": whose server is asked is the author's decision, not the data's.

A lone reference is a whole URL. In path, query and fragment a value is percent-encoded, ``/`` included, and may not
make a segment ``.`` or ``..``. Before the path (scheme, host, port) a reference is refused, unless the host that comes
out is one of the allowed hosts.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from outcode.values.problems import ReferenceProblem
from outcode.values.references.rendering import type_name
from outcode.values.references.resolve import completed, resolve_as_text, resolve_reference
from outcode.values.references.scope import Scope
from outcode.values.references.suggestions import shortened
from outcode.values.references.syntax import Template
from outcode.values.references.weaving import MARK, Woven, weave

_HEAD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\]+")
_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*:")
_DELIMITER = re.compile(r"[/?#\\]")
_AFTER_PATH = re.compile(r"[?#]")
_ORIGIN = re.compile(r"https?://(?P<host>[^\s/?#\\@:\[\]%]+)(?::[0-9]{1,5})?", re.IGNORECASE)
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)


def resolve_url(template: Template, scope: Scope, *, allowed_hosts: frozenset[str] = frozenset()) -> str:
    """The URL a template means; raises ReferenceProblem.

    ``allowed_hosts``: hosts, in lower case, that references before the path may lead to.

    >>> from outcode.values.references import Root, parse_template
    >>> resolve_url(parse_template("https://x.io/u/{{a.id}}"), {"a": Root({"id": "a/b"})})
    'https://x.io/u/a%2Fb'
    """
    if template.lone is not None:
        value = resolve_reference(template.lone, scope)
        if type(value) is not str:
            raise completed(ReferenceProblem("url_not_text", got=type_name(value)), template.lone)
        return value.strip()
    woven = weave(template)
    head = _HEAD.match(woven.text)
    end = head.end() if head else _end_of_origin(woven)
    origin = _origin(woven, end, scope, allowed_hosts) if MARK in woven.text[:end] else woven.text[:end]
    return origin + _rest(woven, end, scope)


def _end_of_origin(woven: Woven) -> int:
    """Without ``scheme://host``: everything up to the first delimiter that cannot belong to an origin any more."""
    text = woven.text
    delimiter = _DELIMITER.search(text)
    if delimiter and not _SCHEME.match(text) and not text.lstrip().startswith(("//", "/\\", "\\")):
        return delimiter.start()
    delimiter = _DELIMITER.search(text, text.find(MARK) + 1) if MARK in text else None
    return delimiter.start() if delimiter else len(text)


def _origin(woven: Woven, end: int, scope: Scope, allowed_hosts: frozenset[str]) -> str:
    reference = next(woven.within(0, end))[1]
    if not allowed_hosts:
        raise completed(ReferenceProblem("url_host_refused"), reference)
    written = "".join(
        resolve_as_text(woven.references[position], scope) if character == MARK else character
        for position, character in enumerate(woven.text[:end])
    ).rstrip("/")
    origin = _ORIGIN.fullmatch(written)
    if origin is None or origin["host"].lower() not in allowed_hosts:
        host = shortened(origin["host"] if origin else written)
        raise completed(ReferenceProblem("url_host_not_allowed", host=host, hosts=sorted(allowed_hosts)), reference)
    return written


def _rest(woven: Woven, start: int, scope: Scope) -> str:
    text = woven.text
    after = _AFTER_PATH.search(text, start)
    path_end = after.start() if after else len(text)
    written: list[str] = []
    position = start
    while position < path_end:
        end = _segment_end(text, position + 1, path_end)
        segment = _encoded(woven, position, end, scope)
        reference = woven.first_within(position, end)
        if reference and _DOTS.fullmatch(segment.lstrip("/\\")):
            raise completed(ReferenceProblem("url_dot_segment"), reference)
        written.append(segment)
        position = end
    written.append(_encoded(woven, path_end, len(text), scope))
    return "".join(written)


def _segment_end(text: str, start: int, limit: int) -> int:
    ends = (position for character in "/\\" if (position := text.find(character, start, limit)) >= 0)
    return min(ends, default=limit)


def _encoded(woven: Woven, start: int, end: int, scope: Scope) -> str:
    pieces: list[str] = []
    position = start
    for offset, reference in woven.within(start, end):
        pieces.append(woven.text[position:offset])
        pieces.append(quote(resolve_as_text(reference, scope), safe="", errors="replace"))
        position = offset + len(MARK)
    pieces.append(woven.text[position:end])
    return "".join(pieces)
