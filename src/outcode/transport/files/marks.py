"""What calamine leaves out of a sheet: which cells hold errors, and how many formulas were never calculated.

calamine gives an error cell as empty text. So the sheet's XML is searched once, as bytes: nothing is parsed into a tree
and nothing expanded. The two small index parts are read by expat, where a document type, and with it every entity, is
refused.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from outcode.transport.files.options import column_number

_MOST_INDEX_BYTES = 8 * 1024 * 1024
_MOST_ROW_BYTES = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_ERROR_TYPES = (b't="e"', b"t='e'")
_REFERENCE = re.compile(rb"""\sr=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]{1,64})<")
_NEVER = re.compile(rb"</f>(?:<v\s*/>|<v></v>)?</c>")


@dataclass(slots=True)
class Marks:
    """``errors``: by row (from 1) and column (from 0), such as ``{2: {5: "#N/A"}}``."""

    errors: dict[int, dict[int, str]] = field(default_factory=dict)
    never_calculated: int = 0


def read_marks(archive: zipfile.ZipFile, sheet: str) -> Marks:
    """Search the XML of one sheet; nothing is found when the sheet is no worksheet. Raises zipfile.BadZipFile."""
    marks = Marks()
    part = _part(archive, sheet)
    if part is None:
        return marks
    with archive.open(part) as stream:
        rest = b""
        while chunk := stream.read(_CHUNK):
            text = rest + chunk
            cut = text.rfind(b"row>") + 4
            if cut == 3 and len(text) < _MOST_ROW_BYTES:
                rest = text
                continue
            _search(text[: max(cut, 0)], marks)
            rest = text[cut:] if cut > 3 else b""
    return marks


def _search(text: bytes, marks: Marks) -> None:
    for kind in _ERROR_TYPES:
        at = text.find(kind)
        while at >= 0:
            start, end = text.rfind(b"<", 0, at), text.find(b">", at)
            reference = _REFERENCE.search(text, start, end)
            value = _VALUE.search(text, end)
            if reference and value:
                row = marks.errors.setdefault(int(reference[2]), {})
                row[column_number(reference[1].decode()) - 1] = value[1].decode("utf-8", "replace")
            at = text.find(kind, at + len(kind))
    for match in _NEVER.finditer(text):
        cell = text.rfind(b"<c ", 0, match.start())
        # A formula whose stored result is empty text has been calculated.
        if b't="str"' not in text[cell : text.find(b">", cell)]:
            marks.never_calculated += 1


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The path of a sheet's XML inside the archive: workbook.xml names an id, its relations the path."""
    names = set(archive.namelist())
    found = [target for kind, target in _relations(archive, "_rels/.rels") if kind == "officeDocument"]
    workbook = found[0] if found else "xl/workbook.xml"
    if workbook not in names:
        return None
    identity = None
    for tag, attributes in _elements(archive, workbook):
        if tag == "sheet" and attributes.get("name") == sheet:
            identity = attributes.get("id")
    folder, file = posixpath.split(workbook)
    for tag, attributes in _elements(archive, f"{folder}/_rels/{file}.rels"):
        if tag == "Relationship" and identity is not None and attributes.get("Id") == identity:
            path = _resolved(folder, attributes.get("Target", ""))
            return path if path in names else None
    return None


def _relations(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, str]]:
    for tag, attributes in _elements(archive, part):
        if tag == "Relationship":
            yield attributes.get("Type", "").rpartition("/")[2], _resolved("", attributes.get("Target", ""))


def _resolved(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def _elements(archive: zipfile.ZipFile, part: str) -> list[tuple[str, dict[str, str]]]:
    """Every element's name and attributes, without prefixes; nothing for a part that is absent or no plain XML."""
    if part not in archive.namelist() or archive.getinfo(part).file_size > _MOST_INDEX_BYTES:
        return []
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        plain = {name.rpartition(":")[2]: value for name, value in attributes.items()}
        found.append((tag.rpartition(":")[2], plain))

    def refuse(*_declaration: object) -> None:
        raise expat.error("document type")

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(archive.read(part), True)
    except expat.ExpatError:
        return []
    return found
