"""Request bodies as bytes: JSON, form, multipart, text, base64 and stored files, each with its Content-Type."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import uuid4

from outcode.transport.http.files import FileContent, file_id
from outcode.transport.http.settings import as_pairs
from outcode.values.json import Json, dump_bytes, loads
from outcode.values.problems import InputProblem, Place, TooLarge
from outcode.values.references.rendering import render

BODY_TYPES = ("none", "json", "form", "multipart", "text", "binary_base64", "file")
BODY_LIMIT = 10 * 1024 * 1024
_NO_FILES: Mapping[str, FileContent] = {}


def encode_body(
    body_type: str, body: Json, place: Place, files: Mapping[str, FileContent] = _NO_FILES
) -> tuple[bytes | None, str | None]:
    """The bytes to send and their media type; ``(None, None)`` without a body.

    ``json``: any value; a text must itself be JSON. ``form`` and ``multipart``: names and values, arrays repeat the
    name; a multipart value may be a stored file or a file part ``{"filename", "base64", "media_type"?}``. ``file``: the
    bytes of a stored file. ``files`` holds what the body names. Raises InputProblem ``json_invalid``,
    ``http_pairs_invalid``, ``http_body_invalid`` or TooLarge ``http_body_too_large``.

    >>> encode_body("form", {"a": [1, 2], "b": "x y"}, Place())
    (b'a=1&a=2&b=x+y', 'application/x-www-form-urlencoded')
    """
    if body_type == "none" or body is None:
        return None, None
    data, media_type = _encode(body_type, body, place, files)
    if len(data) > BODY_LIMIT:
        raise TooLarge("http_body_too_large", place, size=len(data), limit=BODY_LIMIT)
    return data, media_type


def _encode(body_type: str, body: Json, place: Place, files: Mapping[str, FileContent]) -> tuple[bytes, str]:
    match body_type:
        case "json":
            return _json(body, place), "application/json"
        case "form":
            return _form(body, place), "application/x-www-form-urlencoded"
        case "multipart":
            boundary = uuid4().hex
            return _multipart(body, boundary, place, files), f"multipart/form-data; boundary={boundary}"
        case "file":
            file = files.get(file_id(body) or "")
            if file is None:
                raise InputProblem("http_body_invalid", place, body_type="file", reason="fileId")
            return file.content, file.media_type
        case "binary_base64":
            return _binary(body, place), "application/octet-stream"
        case _:
            return _utf8(render(body), body_type, place), "text/plain; charset=utf-8"


def _json(body: Json, place: Place) -> bytes:
    try:
        return dump_bytes(loads(body) if isinstance(body, str) else body)
    except InputProblem as problem:
        problem.place = place
        raise


def _form(body: Json, place: Place) -> bytes:
    if isinstance(body, str):
        return _utf8(body, "form", place)
    try:
        return urlencode(_flat(as_pairs(body, place))).encode("ascii")
    except UnicodeEncodeError as error:
        raise InputProblem("http_body_invalid", place, body_type="form", reason=error.reason) from error


def _flat(pairs: list[tuple[str, Json]]) -> list[tuple[str, str]]:
    return [(name, render(item)) for name, value in pairs for item in _items(value)]


def _items(value: Json) -> list[Json]:
    return [item for item in (value if isinstance(value, list) else [value]) if item is not None]


def _multipart(body: Json, boundary: str, place: Place, files: Mapping[str, FileContent]) -> bytes:
    parts = bytearray()
    for name, value in as_pairs(body, place):
        for item in _items(value):
            file = files.get(file_id(item) or "") or _written_file(item, place)
            disposition = f'form-data; name="{_quoted(name)}"'
            if file is None:
                head, content = f"Content-Disposition: {disposition}", _utf8(render(item), "multipart", place)
            else:
                if not file.media_type.isprintable():
                    raise InputProblem("http_body_invalid", place, body_type="multipart", reason="media_type")
                disposition += f'; filename="{_quoted(file.name)}"'
                head, content = f"Content-Disposition: {disposition}\r\nContent-Type: {file.media_type}", file.content
            parts += _utf8(f"--{boundary}\r\n{head}\r\n\r\n", "multipart", place) + content + b"\r\n"
    return bytes(parts) + f"--{boundary}--\r\n".encode()


def _written_file(item: Json, place: Place) -> FileContent | None:
    if not isinstance(item, dict) or "base64" not in item:
        return None
    name = render(item.get("filename")) or "file"
    media_type = render(item.get("media_type")) or "application/octet-stream"
    return FileContent(name, media_type, _binary(item["base64"], place))


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _binary(body: Json, place: Place) -> bytes:
    try:
        return base64.b64decode("".join(body.split()) if isinstance(body, str) else b"!", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputProblem("http_body_invalid", place, body_type="binary_base64", reason=str(error)) from error


def _utf8(text: str, body_type: str, place: Place) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InputProblem("http_body_invalid", place, body_type=body_type, reason=error.reason) from error
