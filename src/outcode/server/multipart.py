"""``multipart/form-data`` from bytes that are there already: strict about its end and its letters, and without disk.

Starlette's reader takes a form that was cut off for a shorter one, and bytes that are not UTF-8 for Latin-1.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from outcode.runs.webhooks import Upload
from outcode.values.problems import InputProblem, Place

# It warns of every broken form, by which anybody could fill our log.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

MAX_FIELDS = 1000
MAX_FILES = 20
_LONGEST_NAME = 255


def read_multipart(content_type: str, content: bytes) -> list[tuple[str, str | Upload | None]]:
    """The fields in order; a part with a file name is an :class:`Upload`, None when the form's file was left empty.

    Raises InputProblem ``webhook_body_unreadable`` or ``body_not_utf8``.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise _unreadable("Content-Type names no boundary")
    form = _Form()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.part_begins,
                "on_header_field": form.header_name,
                "on_header_value": form.header_value,
                "on_header_end": form.header_ends,
                "on_part_data": form.data,
                "on_part_end": form.part_ends,
                "on_end": form.ends,
            },
        )
        parser.write(content)
    except FormParserError as error:
        raise _unreadable(f"not a form at byte {getattr(error, 'offset', -1)}") from error
    if not form.ended:
        raise _unreadable("no end, or another boundary than Content-Type says")
    return form.fields


@dataclass(slots=True)
class _Form:
    """What the parser tells, piece by piece."""

    fields: list[tuple[str, str | Upload | None]] = field(default_factory=list)
    ended: bool = False
    files: int = 0
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _name: bytes = b""
    _value: bytes = b""
    _data: list[bytes] = field(default_factory=list)

    def part_begins(self) -> None:
        self._headers, self._data = {}, []
        if len(self.fields) >= MAX_FIELDS:
            raise _unreadable(f"more than {MAX_FIELDS} fields")

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_ends(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def part_ends(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise _unreadable("a part without a name")
        name, content = _text(options[b"name"], "body"), b"".join(self._data)
        if b"filename" not in options:
            self.fields.append((name, _text(content, f"body.{name[:_LONGEST_NAME]}")))
            return
        self.files += 1
        if self.files > MAX_FILES:
            raise _unreadable(f"more than {MAX_FILES} files")
        file_name = _shown(_text(options[b"filename"], f"body.{name[:_LONGEST_NAME]}"))
        media_type = _shown(self._headers.get(b"content-type", b"").decode("latin-1")) or "application/octet-stream"
        self.fields.append((name, Upload(file_name or "file", media_type, content) if file_name or content else None))

    def ends(self) -> None:
        self.ended = True


def _text(content: bytes, place: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InputProblem("body_not_utf8", Place(field=place), position=error.start) from error


def _shown(text: str) -> str:
    """A name that is shown and stored, without what neither a screen nor a database can take."""
    return "".join(letter for letter in text if letter.isprintable()).strip()[:_LONGEST_NAME]


def _unreadable(reason: str) -> InputProblem:
    return InputProblem("webhook_body_unreadable", Place(field="body"), media_type="multipart/form-data", reason=reason)
