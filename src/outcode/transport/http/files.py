"""Files in requests and answers: what a call needs of the team's file store, and what an answer's file is called.

A file is a value of a flow, ``{"fileId", "name", "mediaType", "size"}``; its bytes are fetched when a request holds it
and kept when an answer is one. Which team's files those are is the caller's business: it hands in the door to them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote

from outcode.transport.http.decode import Response
from outcode.values.json import Json
from outcode.values.problems import Unexpected

_LONGEST_NAME = 200
_EXTENDED = re.compile(r";\s*filename\*\s*=\s*\"?([\w-]+)'[^']*'([^\s;\"]+)", re.IGNORECASE)
_PLAIN = re.compile(r";\s*filename\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;]+))", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class FileSource(Protocol):
    """Where the bytes of stored files come from."""

    async def content(self, file_id: str) -> tuple[str, str, bytes]:
        """Name, media type and bytes; raises NotFound for a file that is not the team's."""
        ...


class FileSink(Protocol):
    """Where the bytes of answers go."""

    async def keep(self, name: str, media_type: str, content: bytes) -> dict[str, Json]:
        """Store a new file and answer its value."""
        ...


class Files(FileSource, FileSink, Protocol):
    """The files that a call may read and add to."""


@dataclass(frozen=True, slots=True)
class FileContent:
    """A stored file that a request holds."""

    name: str
    media_type: str
    content: bytes


def file_id(value: Json) -> str | None:
    """The id of a value that is a file, else None.

    >>> file_id({"fileId": "f1", "name": "a.csv", "mediaType": "text/csv", "size": 3}), file_id({"a": 1})
    ('f1', None)
    """
    found = value.get("fileId") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


async def contents_in(body_type: str, body: Json, source: FileSource | None) -> dict[str, FileContent]:
    """Every stored file that stands in a body of type ``file`` or ``multipart``, by its id.

    Raises NotFound, or Unexpected ``http_no_files`` when the call was handed no files.
    """
    return {wanted: FileContent(*await _door(source).content(wanted)) for wanted in _ids(body_type, body)}


async def kept(response: Response, sink: FileSink | None) -> dict[str, Json]:
    """The body of an answer as a new file; raises Unexpected ``http_no_files`` when the call was handed no files."""
    if sink is None:
        raise Unexpected("http_no_files")
    return await sink.keep(file_name(response), response.media_type or "application/octet-stream", response.body)


def file_name(response: Response) -> str:
    """What the answer calls its file (RFC 6266), else the last part of its URL; only a name, never a path.

    >>> from yarl import URL
    >>> file_name(Response(200, (), b"", URL("https://x.example/reports/2026.pdf?a=1")))
    '2026.pdf'
    """
    disposition = response.header("content-disposition") or ""
    extended, plain = _EXTENDED.search(disposition), _PLAIN.search(disposition)
    if extended is not None:
        name = _decoded(extended[2], extended[1])
    elif plain is not None:
        name = re.sub(r"\\(.)", r"\1", plain[1]) if plain[1] is not None else plain[2]
    else:
        name = response.url.name
    name = _NOT_IN_NAMES.sub("", re.split(r"[/\\]", name)[-1]).strip(". ")
    return name[-_LONGEST_NAME:] or "file"


def _decoded(text: str, charset: str) -> str:
    return unquote(text, encoding="latin-1" if charset.lower() == "iso-8859-1" else "utf-8", errors="replace")


def _ids(body_type: str, body: Json) -> list[str]:
    if body_type not in {"file", "multipart"}:
        return []
    if file_id(body) is not None:
        candidates = [body]
    else:
        members = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
        candidates = []
        for member in members:
            # A list of {key, value} pairs holds its file one step deeper, and so does a repeated part.
            value = member.get("value", member) if isinstance(member, dict) else member
            candidates += value if isinstance(value, list) else [value]
    return list(dict.fromkeys(found for found in map(file_id, candidates) if found is not None))


def _door(source: FileSource | None) -> FileSource:
    if source is None:
        raise Unexpected("http_no_files")
    return source
