"""What an action sends: one frozen description that holds the whole call, never spread over the fields.

No I/O happens here: the room ``transport`` (or, for scripts and tables, ``runs``) carries a call out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field as _Field

from outcode.appkit.base import Declared
from outcode.appkit.hooks import After
from outcode.appkit.template import Input, Template

Dialect = Literal["postgresql", "mysql", "sqlserver", "oracle"]


class Paging(Declared):
    """How to reach the next page; the runner stops at an empty page, a repeated token or page, or ``max_pages``.

    ``page``: counts ``parameter`` up from ``start``. ``offset``: sends the number of rows so far as ``parameter``, from
    0 or what the request says itself. ``cursor``: sends the value at ``path`` of the answer (``data.next``).
    ``next_url``: follows the URL at ``path``, to the same origin only. ``link_header``: RFC 8288. ``size_parameter``
    and ``size`` ask for so many rows a page. With ``place`` ``body`` parameters are paths inside a JSON body.
    """

    style: Literal["none", "page", "offset", "cursor", "next_url", "link_header"] | Input = "none"
    parameter: str | Input | None = None
    place: Literal["query", "body"] = "query"
    path: str | Input | None = None
    more: str | None = None
    """Path of a switch, or of the number of rows left, that says whether there are more pages."""
    start: int = 1
    size_parameter: str | None = None
    size: int | Input | None = None
    max_pages: int | Input = 100
    max_rows: int | Input | None = None


class Request(Declared):
    """One HTTP request; ``rows`` inside ``Outputs`` says where in the answer the rows stand.

    Its answer is ``{status, ok, headers, data, content_type, url, elapsed_ms}``.
    """

    kind: Literal["request"] = "request"
    method: str | Input
    url: str | Input
    """Absolute, or a path that follows the app's ``base_url``; ``{name}`` and ``{connection.name}`` inside a written
    URL are percent-encoded values. A ``{connection.name}`` that a URL begins with is a URL itself."""
    query: Mapping[str, Template] | Input | None = None
    headers: Mapping[str, Template] | Input | None = None
    body_type: Literal["none", "json", "form", "multipart", "text", "binary_base64", "file"] | Input = "none"
    body: Template = None
    timeout_seconds: int | Input = 30
    follow_redirects: bool | Input = True
    verify_tls: bool | Input = True
    response_type: Literal["auto", "json", "text", "base64", "file"] | Input = "auto"
    fail_on_status: bool | Input = True
    retries: int | Input = 2
    """How often a call may be repeated within the task, where that does no harm."""
    idempotency_header: str | None = None
    """The header in which the vendor takes a key that makes repeating harmless."""
    paging: Paging = Paging()
    after: After | None = _Field(default=None, repr=False, exclude=True)


class Query(Declared):
    """One SQL statement with bound parameters, on the connection's database."""

    kind: Literal["query"] = "query"
    dialect: Dialect
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


Step = Literal["condition", "merge", "loop", "delay", "set_values", "call_dataflow", "respond", "stop"]


class FlowStep(Declared):
    """What steers a flow and asks nobody outside: the engine and the room ``runs`` carry it out."""

    kind: Literal["flow"] = "flow"
    step: Step
    inputs: Mapping[str, Input] = {}
