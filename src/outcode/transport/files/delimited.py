"""Reading .csv and .tsv: encoding and separator are found out, every cell stays text; types are a later step's job."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import PurePath
from typing import BinaryIO

from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place

_DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 1024 * 1024
_SAMPLE = 64 * 1024
_LONGEST_CELL = 16 * 1024 * 1024


class CsvGrid:
    """A .csv or .tsv file as one sheet, named after the file; without a delimiter it is found out."""

    ragged_rows = True

    def __init__(self, stream: BinaryIO, name: str, delimiter: str | None) -> None:
        self._name = name
        self._encoding = _encoding(stream, name)
        stream.seek(0)
        self._text = io.TextIOWrapper(stream, self._encoding, newline="")
        self._delimiter = delimiter or _delimiter(self._text.read(_SAMPLE))
        self._text.seek(0)
        self.sheet = PurePath(name).stem
        self.sheet_names: Sequence[str] = (self.sheet,)

    def rows(self) -> Iterator[tuple[int, Sequence[object]]]:
        """Numbered records; a record may span lines. Raises InputProblem ``csv_quotes``."""
        csv.field_size_limit(_LONGEST_CELL)
        number = 0
        try:
            for cells in csv.reader(self._text, delimiter=self._delimiter, strict=True):
                number += 1
                yield number, cells
        except csv.Error as error:
            raise InputProblem("csv_quotes", Place(row=number + 1), row=number + 1, reason=str(error)) from error

    def empty(self, cell: object) -> bool:
        return cell == ""

    def value(self, cell: object) -> Json:
        return cell

    def errors(self, row: int) -> Mapping[int, str]:  # noqa: ARG002 - a .csv has no error cells
        return {}


def _encoding(stream: BinaryIO, name: str) -> str:
    start = stream.read(4096)
    if start.startswith(codecs.BOM_UTF8):
        line = _first_bad_line(stream, "utf-8")
        return _known("utf-8-sig", line, name)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        line = _first_bad_line(stream, "utf-16")
        return _known("utf-16", line, name)
    if b"\0" in start:
        raise InputProblem("csv_not_text", name=name)
    unicode_line = _first_bad_line(stream, "utf-8")
    if unicode_line is None:
        return "utf-8"
    korean_line = _first_bad_line(stream, "cp949")
    return _known("cp949", None if korean_line is None else max(unicode_line, korean_line), name)


def _known(encoding: str, bad_line: int | None, name: str) -> str:
    if bad_line is not None:
        raise InputProblem("csv_encoding", Place(line=bad_line), name=name, line=bad_line)
    return encoding


def _first_bad_line(stream: BinaryIO, encoding: str) -> int | None:
    """The line of the first byte that is not of this encoding, or None when there is none."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    stream.seek(0)
    line = 1
    while True:
        chunk = stream.read(_CHUNK)
        try:
            line += decoder.decode(chunk, final=not chunk).count("\n")
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].count(b"\n")
        if not chunk:
            return None


def _delimiter(sample: str) -> str:
    """The separator that cuts the first records into the most cells, all of them into equally many."""
    best, most = ",", 1
    whole_lines = sample if len(sample) < _SAMPLE else sample[: sample.rfind("\n") + 1]
    for delimiter in _DELIMITERS:
        try:
            records = list(islice(csv.reader(io.StringIO(whole_lines, newline=""), delimiter=delimiter), 20))
        except csv.Error:
            continue
        widths = [len(record) for record in records if record]
        if widths and widths[0] > most and widths.count(widths[0]) * 2 > len(widths):
            best, most = delimiter, widths[0]
    return best
