"""The bytes of a spreadsheet connection: its sealed upload, or what stands behind its link at the moment of reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from yarl import URL

from outcode.appkit import ErrorMap, Input, Request
from outcode.transport.answer import CallTrace
from outcode.transport.http import HttpClient, Trace, prepare
from outcode.transport.http.files import file_name
from outcode.transport.http.refusals import refusal
from outcode.transport.http.trace import MASKED, Mask
from outcode.values.problems import VendorRejected
from outcode.workspace.connections import OpenConnection
from outcode.workspace.files import FileStore
from outcode.workspace.scope import Scope

_SUFFIXES = (".xlsx", ".xlsm", ".csv", ".tsv")
_ZIP = b"PK\x03\x04"
_SHORTEST_PART = 8
_PAGE = (b"<!doctype html", b"<html")
_LINK = Request(
    method="GET", url=Input(field="url"), headers=Input(field="headers"), timeout_seconds=60, response_type="base64"
)


class SheetFiles:
    """Fetches the files of spreadsheet connections; a link goes through the same guarded client as every call."""

    def __init__(self, files: FileStore, http: HttpClient) -> None:
        self._files = files
        self._http = http

    async def content(
        self, scope: Scope, connection: OpenConnection, record: Callable[[CallTrace], None] | None = None
    ) -> tuple[str, bytes]:
        """Name and bytes; the name's ending says how to read them. ``record`` hears of every request for a link.

        Raises NotFound, and for a link what an HTTP call raises, or VendorRejected ``sheet_link_page``.
        """
        if file_id := connection.fields.get("file"):
            return str(connection.fields["file_name"]), await self._files.content(scope, str(file_id))
        request = prepare(_LINK, connection.fields)
        sent = {str(name).lower() for name in connection.fields.get("headers") or {}}

        def note(trace: Trace) -> None:
            if record is not None:
                record(_shown(trace, sent))

        response = await self._http.send(request, record=note)
        mask = Mask((*connection.secrets, *_parts(request.url), *_parts(response.url)))
        problem = refusal(response, ErrorMap(), mask, expected="content", with_credentials=False)
        if problem is not None:
            raise problem
        if response.body[:100].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGE):
            raise VendorRejected("sheet_link_page", host=response.url.host or "")
        return _name(file_name(response), response.url, response.body), response.body


def _parts(link: URL) -> Iterator[str]:
    """What an answer may repeat of a link."""
    yield from (link.raw_path_qs, link.raw_path, link.path, *link.query.values())
    yield from (part for part in link.parts if len(part) >= _SHORTEST_PART)


def _shown(trace: Trace, secret_headers: set[str]) -> Trace:
    """A request as the history may show it: whoever knows a whole link, or its headers, is let in."""
    headers = tuple(
        (name, MASKED if name.lower() in secret_headers else value) for name, value in trace.request_headers
    )
    return replace(trace, url=str(URL(trace.url).origin() / MASKED), request_headers=headers)


def _name(name: str, url: URL, content: bytes) -> str:
    """Links to downloads often name no file, and then the content itself says what it is."""
    for candidate in (name, url.name):
        if candidate.lower().endswith(_SUFFIXES):
            return candidate
    return "file.xlsx" if content.startswith(_ZIP) else "file.csv"
