"""What a webhook delivery becomes for the flow: body by its media type, query, headers, method, without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from outcode.flows.dataflow import CALL_SECRETS
from outcode.runs.webhooks import Delivery, Upload
from outcode.server.exact import read_json
from outcode.server.multipart import MAX_FIELDS, read_multipart
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place

KEY_PARAMETER = "key"
_FORM = "application/x-www-form-urlencoded"


def read_delivery(
    headers: Mapping[str, str], query: Iterable[tuple[str, str]], body: bytes, idempotency_key: str | None
) -> Delivery:
    """What ``{{trigger}}`` will mean; the secrets of the call are not part of it. Raises InputProblem.

    The body is JSON, a form (repeated names give a list) or text. Without a Content-Type a body that reads as JSON is
    JSON, as callers who forget the header expect.
    """
    value, has_files = _body(headers.get("content-type", ""), body)
    values: dict[str, Json] = {
        "body": value,
        "query": _grouped((name, each) for name, each in query if name != KEY_PARAMETER),
        "headers": {name: each for name, each in headers.items() if name not in CALL_SECRETS},
        "method": "POST",
    }
    return Delivery(values, has_files, idempotency_key)


def _body(content_type: str, content: bytes) -> tuple[Json, bool]:
    """The body as a value, and whether there are files in it."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        fields = read_multipart(content_type, content)
        return _grouped(fields), any(isinstance(value, Upload) for _, value in fields)
    if not content:
        return None, False
    if media_type.endswith(("/json", "+json")):
        return read_json(content, "body"), False
    text = _text(content)
    if media_type == _FORM:
        return _form(text), False
    if media_type:
        return text, False
    try:
        return json.loads(text), False
    except InputProblem:
        return text, False


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InputProblem("body_not_utf8", Place(field="body", offset=error.start), position=error.start) from error


def _form(text: str) -> Json:
    """Read by hand: Starlette's own reader puts a question mark where a byte is not UTF-8."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError as error:
        raise InputProblem("body_not_utf8", Place(field="body"), position=error.start) from error
    except ValueError as error:
        reason = f"more than {MAX_FIELDS} fields"
        raise InputProblem("webhook_body_unreadable", Place(field="body"), media_type=_FORM, reason=reason) from error
    return _grouped(pairs)


def _grouped(pairs: Iterable[tuple[str, Json]]) -> dict[str, Json]:
    grouped: dict[str, list[Json]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in grouped.items()}
