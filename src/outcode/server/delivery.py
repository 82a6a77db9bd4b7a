"""What a webhook delivery becomes for the flow: body by its media type, query, headers, method, without secrets."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from urllib.parse import parse_qsl

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from outcode.server.exact import read_json
from outcode.server.middleware import MAX_BODY_BYTES
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place

_SECRET_HEADERS = frozenset({"authorization", "cookie", "x-outcode-api-key", "proxy-authorization"})
_SECRET_QUERY = frozenset({"key"})
_MAX_FIELDS = 1000
_MAX_FILES = 20


async def read_body(request: Request) -> Json:
    """The body as a value: JSON, a form (repeated names give a list), or text; raises InputProblem.

    Without a Content-Type a body that reads as JSON is JSON, as callers who forget the header expect.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return await _multipart(request)
    content = await request.body()
    if not content:
        return None
    if media_type.endswith(("/json", "+json")):
        return read_json(content, "body")
    if media_type == "application/x-www-form-urlencoded":
        return _form(_text(content))
    text = _text(content)
    if media_type:
        return text
    try:
        return json.loads(text)
    except InputProblem:
        return text


def trigger_values(request: Request, body: Json) -> dict[str, Json]:
    """What ``{{trigger}}`` means in the run; the secrets of the call are not part of it."""
    headers = {name: value for name, value in request.headers.items() if name not in _SECRET_HEADERS}
    query = ((name, value) for name, value in request.query_params.multi_items() if name not in _SECRET_QUERY)
    return {"body": body, "query": _grouped(query), "headers": headers, "method": request.method}


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InputProblem("body_not_utf8", Place(field="body", offset=error.start), position=error.start) from error


def _form(text: str) -> Json:
    """Read by hand: Starlette's own reader puts a question mark where a byte is not UTF-8."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except UnicodeDecodeError as error:
        raise InputProblem("body_not_utf8", Place(field="body"), position=error.start) from error
    except ValueError as error:
        raise _unreadable("application/x-www-form-urlencoded", f"more than {_MAX_FIELDS} fields") from error
    return _grouped(pairs)


async def _multipart(request: Request) -> Json:
    """Starlette takes a form that was cut off for a shorter one, so the end is looked for first."""
    _, options = parse_options_header(request.headers["content-type"])
    if b"--" + options.get(b"boundary", b"") + b"--" not in await request.body():
        raise _unreadable("multipart/form-data", "no end, or another boundary than Content-Type says")
    try:
        async with request.form(max_files=_MAX_FILES, max_fields=_MAX_FIELDS, max_part_size=MAX_BODY_BYTES) as form:
            return _grouped([(name, await _form_value(value)) for name, value in form.multi_items()])
    except HTTPException as error:  # what Starlette makes of a broken form
        raise _unreadable("multipart/form-data", error.detail) from error


def _unreadable(media_type: str, reason: str) -> InputProblem:
    return InputProblem("webhook_body_unreadable", Place(field="body"), media_type=media_type, reason=reason)


def _grouped(pairs: Iterable[tuple[str, Json]]) -> dict[str, Json]:
    grouped: dict[str, list[Json]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in grouped.items()}


async def _form_value(value: UploadFile | str) -> Json:
    if isinstance(value, str):
        return value
    content = await value.read()
    return {
        "name": value.filename,
        "mediaType": value.content_type,
        "size": len(content),
        "base64": base64.b64encode(content).decode(),
    }
