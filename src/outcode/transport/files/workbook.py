"""Reading .xlsx and .xlsm: the cells of one sheet by calamine, in the child that may be killed."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from outcode.transport.files.marks import Marks, read_marks
from outcode.transport.files.options import SheetOptions
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place, TooLarge

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_ENTRIES = 10_000
_MOST_RATIO = 100
_SMALL_UNPACKED = 16 * 1024 * 1024
"""Up to here the ratio does not matter: a short list of equal rows packs well, and cannot do harm."""
_MOST_UNPACKED = 2 * 1024 * 1024 * 1024
"""A million rows of twenty columns unpack to 0.7 GB; twice as many do not fit the memory anyway."""
_LARGEST_WHOLE = Decimal(10) ** 21
"""Beyond it a whole number keeps its exponent instead of a row of zeros."""
_EXACT = 2.0**53
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no zones
_CHUNK = 1024 * 1024
# What the two readers of archives say to damaged ones; RuntimeError to encrypted parts.
_BROKEN = (CalamineError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
_MICROSECONDS_A_DAY = 86_400_000_000


class WorkbookGrid:
    """One sheet of a workbook; raises InputProblem or TooLarge for what is no workbook, damaged or hostile."""

    ragged_rows = False

    def __init__(self, stream: BinaryIO, name: str, options: SheetOptions) -> None:
        self._dates_as_serial = options.date_format == "serial"
        self._as_text = options.value_mode == "text"
        archive = _archive(stream, name)
        try:
            _check_sizes(archive)
            stream.seek(0)
            workbook = CalamineWorkbook.from_filelike(stream)
            kinds = workbook.sheets_metadata
            self.sheet_names: Sequence[str] = tuple(kind.name for kind in kinds if kind.typ is SheetTypeEnum.WorkSheet)
            self.sheet = find_sheet(options.sheet, self.sheet_names)
        except _BROKEN as error:
            raise _damaged(name, error) from error
        self._name, self._archive, self._workbook = name, archive, workbook
        self._marks = Marks()

    @property
    def never_calculated(self) -> int:
        """How many formulas have no stored result; their cells are empty."""
        return self._marks.never_calculated

    def rows(self) -> Iterator[tuple[int, Sequence[object]]]:
        """Numbered rows from column A on; the sheet is parsed when the first is asked for."""
        try:
            # First, since it notices a sheet that is longer than the archive's index says.
            self._marks = read_marks(self._archive, self.sheet)
            sheet = self._workbook.get_sheet_by_name(self.sheet)
        except _BROKEN as error:
            raise _damaged(self._name, error) from error
        start = sheet.start
        if start is None:
            return
        pad: list[object] = [""] * start[1]
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            yield number, [*pad, *cells] if pad else cells

    def empty(self, cell: object) -> bool:
        return cell == ""

    def value(self, cell: object) -> Json:
        if self._as_text:
            return _text(cell, dates_as_serial=self._dates_as_serial)
        match cell:
            case float():
                return _number(cell)
            case "" | None:
                return None
            case str() | int():
                return cell
            case datetime() | date() | time() | timedelta() if self._dates_as_serial:
                return _number(_serial(cell))
            case timedelta():
                return _duration(cell)
            case date() | time():
                return cell.isoformat()
        return str(cell)

    def errors(self, row: int) -> Mapping[int, str]:
        return self._marks.errors.get(row, {})


def find_sheet(wanted: str | None, names: Sequence[str]) -> str:
    """The sheet of that name or, from 1, of that number; the first when none is asked for.

    Raises InputProblem ``sheet_missing`` or ``sheet_missing_near``.
    """
    if wanted is None and names:
        return names[0]
    if wanted in names:
        return str(wanted)
    if wanted is not None and wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return names[int(wanted) - 1]
    near = get_close_matches(wanted or "", names, 1)
    code = "sheet_missing_near" if near else "sheet_missing"
    details: dict[str, Any] = {"nearest": near[0]} if near else {}
    raise InputProblem(code, Place(field="inputs.sheet"), sheet=wanted or "1", sheets=list(names)[:50], **details)


def _archive(stream: BinaryIO, name: str) -> zipfile.ZipFile:
    magic = stream.read(8)
    if magic.startswith(OLE_MAGIC):
        raise InputProblem("sheet_old_or_locked", name=name)
    if not magic.startswith(b"PK"):
        raise InputProblem("sheet_not_workbook", name=name)
    try:
        archive = zipfile.ZipFile(stream)
    except _BROKEN as error:
        raise _damaged(name, error) from error
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    bomb = unpacked > _SMALL_UNPACKED and unpacked > _MOST_RATIO * packed
    if bomb or len(entries) > _MOST_ENTRIES or unpacked > _MOST_UNPACKED:
        raise TooLarge("sheet_bomb", name=name)
    if not any(entry.filename.lower().startswith("xl/") for entry in entries):
        raise InputProblem("sheet_not_workbook", name=name)
    return archive


def _check_sizes(archive: zipfile.ZipFile) -> None:
    """Unpack all but the sheets as far as the archive's index says; a part that is longer fails by its checksum.

    calamine believes the data and not the index, by which bombs are told. A sheet is checked when it is searched.
    """
    for entry in archive.infolist():
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise zipfile.BadZipFile(entry.filename)
        if not entry.filename.lower().startswith("xl/worksheets/"):
            with archive.open(entry) as part:
                while part.read(_CHUNK):
                    pass


def _damaged(name: str, error: Exception) -> InputProblem:
    return InputProblem("sheet_damaged", name=name, reason=type(error).__name__)


def _text(cell: object, *, dates_as_serial: bool) -> str:
    """What a .csv saved from the sheet would hold, but for number formats, which calamine does not know."""
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return str(_number(cell))
        case datetime() | date() | time() | timedelta() if dates_as_serial:
            return str(_number(_serial(cell)))
        case datetime():
            return cell.isoformat(" ")
        case timedelta():
            return _hours(cell)
    return str(cell)


def _number(cell: float) -> int | Decimal:
    if cell.is_integer() and abs(cell) < _EXACT:
        return int(cell)
    exact = Decimal(repr(cell))
    return int(exact) if exact == exact.to_integral_value() and abs(exact) < _LARGEST_WHOLE else exact


def _serial(cell: date | time | timedelta) -> float:
    """The day count from 1899-12-30, as Excel stores dates."""
    match cell:
        case timedelta():
            span = cell
        case time():
            span = timedelta(hours=cell.hour, minutes=cell.minute, seconds=cell.second, microseconds=cell.microsecond)
        case datetime():
            span = cell - _EPOCH
        case _:
            span = datetime.combine(cell, time()) - _EPOCH
    return (span // timedelta(microseconds=1)) / _MICROSECONDS_A_DAY


def _duration(span: timedelta) -> str:
    sign, hours, minutes, seconds, fraction = _clock(span)
    parts = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    parts += f"{seconds}{fraction}S" if seconds or fraction or not parts else ""
    return f"{sign}PT{parts}"


def _hours(span: timedelta) -> str:
    """As Excel's ``[h]:mm:ss`` shows it, such as ``30:00:01``."""
    sign, hours, minutes, seconds, fraction = _clock(span)
    return f"{sign}{hours}:{minutes:02}:{seconds:02}{fraction}"


def _clock(span: timedelta) -> tuple[str, int, int, int, str]:
    total, micro = divmod(abs(span) // timedelta(microseconds=1), 1_000_000)
    minutes, seconds = divmod(total, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{micro:06}".rstrip("0") if micro else ""
    return "-" if span < timedelta() else "", hours, minutes, seconds, fraction
