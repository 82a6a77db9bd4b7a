"""The bytes of a spreadsheet connection: its sealed upload, or what stands behind its link at the moment of reading."""

from __future__ import annotations

from yarl import URL

from outcode.appkit import ErrorMap, Input, Request
from outcode.transport.http import HttpClient, prepare
from outcode.transport.http.files import file_name
from outcode.transport.http.refusals import refusal
from outcode.transport.http.trace import Mask
from outcode.workspace.connections import OpenConnection
from outcode.workspace.files import FileStore
from outcode.workspace.scope import Scope

_SUFFIXES = (".xlsx", ".xlsm", ".csv", ".tsv")
_ZIP = b"PK\x03\x04"
_LINK = Request(
    method="GET", url=Input(field="url"), headers=Input(field="headers"), timeout_seconds=60, response_type="base64"
)


class SheetFiles:
    """Fetches the files of spreadsheet connections; a link goes through the same guarded client as every call."""

    def __init__(self, files: FileStore, http: HttpClient) -> None:
        self._files = files
        self._http = http

    async def content(self, scope: Scope, connection: OpenConnection) -> tuple[str, bytes]:
        """Name and bytes; the name's ending says how to read them.

        Raises NotFound, and for a link what an HTTP call raises.
        """
        if file_id := connection.fields.get("file"):
            return str(connection.fields["file_name"]), await self._files.content(scope, str(file_id))
        response = await self._http.send(prepare(_LINK, connection.fields))
        mask = Mask(connection.secrets)
        problem = refusal(response, ErrorMap(), mask, expected="content", with_credentials=False)
        if problem is not None:
            raise problem
        return _name(file_name(response), response.url, response.body), response.body


def _name(name: str, url: URL, content: bytes) -> str:
    """Links to downloads often name no file, and then the content itself says what it is."""
    for candidate in (name, url.name):
        if candidate.lower().endswith(_SUFFIXES):
            return candidate
    return "file.xlsx" if content.startswith(_ZIP) else "file.csv"
