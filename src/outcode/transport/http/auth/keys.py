"""Credentials that do not change: keys in header, query or body, user and password, bearer tokens."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from outcode.appkit.connections import ApiKey, Basic, Bearer
from outcode.transport.http.auth.adding import with_headers, with_members, with_query
from outcode.transport.http.auth.connection import basic
from outcode.transport.http.auth.texts import filled_text
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.json import Json


def with_key(request: PreparedRequest, kind: ApiKey | Basic | Bearer, values: Mapping[str, Json]) -> PreparedRequest:
    """The request with the connection's credential in it; raises InputProblem ``http_header_invalid``."""
    match kind:
        case Basic():
            pair = basic(filled_text(kind.username, values), filled_text(kind.password, values))
            return with_headers(request, {"Authorization": pair})
        case Bearer():
            return with_headers(request, {"Authorization": f"Bearer {filled_text(kind.token, values)}"})
        case ApiKey():
            value = filled_text(kind.value, values)
            # Whatever is sent is encoded on its way; what is encoded already would be another key.
            member = {filled_text(kind.name, values): unquote(value) if kind.encoded and "%" in value else value}
            adding = {"header": with_headers, "query": with_query, "body": with_members}[kind.place]
            return adding(request, member)
