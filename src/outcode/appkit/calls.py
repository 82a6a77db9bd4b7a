"""What an action sends: one frozen description that holds the whole call, never spread over the fields.

``Input("url")`` stands for "the value of the field ``url``". Everything else is sent as written. No I/O happens here:
the room ``transport`` (or, for scripts and tables, ``runs``) carries a call out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field as _Field

from outcode.appkit.base import Declared
from outcode.appkit.template import Input

Value = Input | str | int | bool | None


class Paging(Declared):
    """How to reach the next page; the runner stops at an empty page, a repeated token or page, or ``max_pages``.

    ``page``: adds ``parameter``=1, 2, … to the query. ``next_url``: follows the URL at ``path`` of the answer, to the
    same origin only. ``cursor``: sends the value at ``path`` as ``parameter``. ``link_header``: RFC 8288.
    """

    style: Literal["none", "page", "next_url", "cursor", "link_header"] | Input = "none"
    parameter: str | Input | None = None
    path: str | Input | None = None
    max_pages: int | Input = 100


class Request(Declared):
    """One HTTP request; ``rows`` inside ``Outputs`` says where in the answer the rows stand."""

    kind: Literal["request"] = "request"
    method: str | Input
    url: str | Input
    """Absolute; ``{name}`` inside a written URL is the percent-encoded value of that field."""
    query: Mapping[str, Value] | Input | None = None
    headers: Mapping[str, Value] | Input | None = None
    body_type: Literal["none", "json", "form", "multipart", "text", "binary_base64"] | Input = "none"
    body: Mapping[str, Value] | Input | None = None
    timeout_seconds: int | Input = 30
    follow_redirects: bool | Input = True
    verify_tls: bool | Input = True
    response_type: Literal["auto", "json", "text", "base64"] | Input = "auto"
    fail_on_status: bool | Input = True
    retries: int | Input = 0
    paging: Paging = Paging()


class Query(Declared):
    """One SQL statement with bound parameters, on the connection's database."""

    kind: Literal["query"] = "query"
    dialect: Literal["postgresql", "mysql", "sqlserver", "oracle"]
    statement: Input
    parameters: Input | None = None
    max_rows: int | Input = 1000
    timeout_seconds: int | Input = 30
    read_only: bool | Input = False


class Script(Declared):
    """User JavaScript in the sandbox."""

    kind: Literal["script"] = "script"
    code: Input
    argument: Input
    timeout_seconds: int | Input = 10
    memory_mb: int | Input = 128


class ReadSheet(Declared):
    """Rows of the connection's spreadsheet or .csv file."""

    kind: Literal["read_sheet"] = "read_sheet"
    options: Mapping[str, Input]


class WriteFile(Declared):
    """Rows written to a new file of the team."""

    kind: Literal["write_file"] = "write_file"
    format: Literal["csv"]
    rows: Input
    name: Input


class TableTask(Declared):
    """Rows filtered, typed, grouped, joined … by Outcode itself; ``options`` name the fields of each option."""

    kind: Literal["table"] = "table"
    operation: Literal["filter", "set_columns", "transform_type", "sort", "group", "remove_duplicates", "limit", "join"]
    rows: Input
    other: Input | None = None
    options: Mapping[str, Input]


Call = Annotated[Request | Query | Script | ReadSheet | WriteFile | TableTask, _Field(discriminator="kind")]
