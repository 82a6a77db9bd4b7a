"""Workbooks and .csv files read by the real child process, hostile ones too."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import psutil
import pytest

from outcode.transport.files import SheetReader
from outcode.values.json import dumps
from outcode.values.problems import InputProblem, Problem, Stopped, TooLarge


@pytest.fixture
def reader() -> SheetReader:
    return SheetReader(seconds=20)


def workbook(*rows: list[Any], more: tuple[str, ...] = ()) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for name in more:
        book.create_sheet(name)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def edited(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part of its archive changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return stream.getvalue()


async def refused(reader: SheetReader, content: bytes | Path, name: str, **options: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await reader.perform(content, name, options)
    for language in ("en", "ko"):
        assert caught.value.message(language)
        assert caught.value.hint(language)
    return caught.value


SHEET = "xl/worksheets/sheet1.xml"
ORDERS = workbook(
    ["Order", "Name", "Name", None, "Total"],
    [1001, "미나", "a", None, 19.9],
    [],
    [1002, "Jun", "b", "x", "#N/A"],
    [1003, "Ara", "c", None, "=SUM(E2)"],
    more=("둘째",),
)


async def test_rows_with_their_numbers(reader: SheetReader) -> None:
    answer = await reader.perform(ORDERS, "orders.xlsx", {})
    assert answer.value == [
        {"Order": 1001, "Name": "미나", "Name_2": "a", "D": None, "Total": Decimal("19.9"), "_row": 2},
        {"Order": 1002, "Name": "Jun", "Name_2": "b", "D": "x", "Total": None, "_row": 4, "_errors": {"Total": "#N/A"}},
        {"Order": 1003, "Name": "Ara", "Name_2": "c", "D": None, "Total": None, "_row": 5},
    ]
    assert answer.meta == {
        "row_count": 3,
        "total_rows": 3,
        "headers": ["Order", "Name", "Name_2", "D", "Total"],
        "sheet": "Sheet",
        "sheet_names": ["Sheet", "둘째"],
        "has_more": False,
        "never_calculated": 1,
    }
    dumps(answer.value)


async def test_inspect_lists_the_sheets(reader: SheetReader, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(ORDERS)
    assert await reader.inspect(path, "orders.XLSX") == ["Sheet", "둘째"]
    assert await reader.inspect(b"a,b\n", "some list.csv") == ["some list"]


async def test_values_of_every_kind(reader: SheetReader) -> None:
    moment = datetime(2026, 11, 21, 9, 30, 0)
    row = [True, 3, 0.1, 1e300, 2**53, moment, date(2026, 1, 2), time(9, 30), timedelta(hours=30, seconds=1), "007"]
    content = workbook([f"c{index}" for index in range(len(row))], row)
    got = (await reader.perform(content, "a.xlsx", {})).value[0]
    values = [got[f"c{index}"] for index in range(len(row))]
    assert values == [
        True,
        3,
        Decimal("0.1"),
        Decimal("1e300"),
        2**53,
        "2026-11-21T09:30:00",
        "2026-01-02",
        "09:30:00",
        "PT30H1S",
        "007",
    ]
    assert type(values[1]) is int
    serial = (await reader.perform(content, "a.xlsx", {"date_format": "serial"})).value[0]
    assert (serial["c6"], serial["c8"]) == (46024, Decimal(repr(30 / 24 + 1 / 86400)))
    assert serial["c5"] == Decimal(repr(46347 + 9.5 / 24))


GRID = workbook(*[[f"{letter}{row}" for letter in "ABCDE"] for row in range(1, 11)])


@pytest.mark.parametrize(
    ("options", "headers", "rows"),
    [
        ({"header_row": 3}, ["A3", "B3", "C3", "D3", "E3"], range(4, 11)),
        ({"header_row": 0}, ["A", "B", "C", "D", "E"], range(1, 11)),
        ({"header_row": 2, "start_row": 5, "end_row": 7}, ["A2", "B2", "C2", "D2", "E2"], range(5, 8)),
        ({"columns": ["E", "B1"]}, ["E1", "B1"], range(2, 11)),
        ({"range": "B2:C4", "columns": ["nope"], "end_row": 1}, ["B2", "C2"], range(3, 5)),
        ({"range": "$D$9:$ZZ$99"}, ["D9", "E9"], range(10, 11)),
        ({"range": "b:c", "header_row": 0}, ["B", "C"], range(1, 11)),
        ({"offset": 2, "limit": 3}, ["A1", "B1", "C1", "D1", "E1"], range(4, 7)),
        ({"sheet": "1", "offset": 99}, ["A1", "B1", "C1", "D1", "E1"], range(0)),
        ({"header_row": 11}, [], range(0)),
    ],
)
async def test_which_part_is_read(
    reader: SheetReader, options: dict[str, Any], headers: list[str], rows: range
) -> None:
    answer = await reader.perform(GRID, "grid.xlsx", options)
    assert answer.meta is not None
    assert answer.meta["headers"] == headers
    assert [row["_row"] for row in answer.value] == list(rows)
    letters = [re.sub(r"\d", "", header) for header in headers]
    for row in answer.value:
        assert [row[header] for header in headers] == [f"{letter}{row['_row']}" for letter in letters]


async def test_has_more_and_total(reader: SheetReader) -> None:
    content = workbook(["n"], *[[n] for n in range(2500)])
    answer = await reader.perform(content, "a.xlsx", {"offset": 500, "limit": 1500})
    assert [row["n"] for row in answer.value] == list(range(500, 2000))
    assert answer.meta is not None
    assert (answer.meta["total_rows"], answer.meta["row_count"], answer.meta["has_more"]) == (2500, 1500, True)


async def test_empty_rows_can_be_kept_and_a_sheet_may_start_anywhere(reader: SheetReader) -> None:
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    sheet["C4"], sheet["E4"], sheet["C6"], sheet["E6"] = "x", "_row", 1, "#DIV/0!"
    sheet.merge_cells("C6:D7")
    stream = io.BytesIO()
    book.save(stream)
    answer = await reader.perform(stream.getvalue(), "a.xlsx", {"range": "C4:E7", "skip_empty": False})
    nothing = {"x": None, "D": None, "_row_2": None}
    assert answer.value == [
        {**nothing, "_row": 5},
        {**nothing, "x": 1, "_row": 6, "_errors": {"_row_2": "#DIV/0!"}},
    ]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ({"sheet": "Shet"}, "sheet_missing_near", "Sheet"),
        ({"sheet": "7"}, "sheet_missing", "둘째"),
        ({"columns": ["Ordr"]}, "sheet_column_missing_near", "Order"),
        ({"columns": ["???"]}, "sheet_column_missing", "Name_2"),
        ({"range": "D:A"}, "sheet_option_invalid", "A1:D200"),
        ({"range": "A0:B2"}, "sheet_option_invalid", "A1:D200"),
        ({"start_row": 1}, "sheet_option_invalid", "start_row"),
        ({"limit": -1}, "sheet_option_invalid", "limit"),
        ({"date_format": "us"}, "sheet_option_invalid", "serial"),
    ],
)
async def test_options_that_do_not_fit(reader: SheetReader, options: dict[str, Any], code: str, said: str) -> None:
    problem = await refused(reader, ORDERS, "orders.xlsx", **options)
    assert (problem.code, type(problem)) == (code, InputProblem)
    assert said in problem.message() + problem.hint()


def bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 1024)
        archive.filelist[0].file_size = 600 * 1024**2  # what the index of a real one says
    return stream.getvalue()


def many_entries() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(10_001):
            archive.writestr(f"xl/{number}", b"")
    return stream.getvalue()


ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]>""" % b"".join(
    b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in b"bcdefghij"
)


def far_away(cell: bytes) -> bytes:
    return edited(ORDERS, SHEET, lambda xml: re.sub(rb'<c r="A5"', b'<c r="' + cell + b'"', xml))


@pytest.mark.parametrize(
    ("content", "code", "kind"),
    [
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "sheet_old_or_locked", InputProblem),
        (b"a,b\n1,2\n", "sheet_not_workbook", InputProblem),
        (b"", "sheet_not_workbook", InputProblem),
        (ORDERS[: len(ORDERS) // 2], "sheet_damaged", InputProblem),
        (edited(ORDERS, SHEET, lambda xml: xml[: len(xml) // 2]), "sheet_damaged", InputProblem),
        (edited(ORDERS, SHEET, lambda _: b"<worksheet><sheetData></b>"), "sheet_damaged", InputProblem),
    ],
)
async def test_files_that_are_no_good(reader: SheetReader, content: bytes, code: str, kind: type[Problem]) -> None:
    problem = await refused(reader, content, "orders.xlsx")
    assert (problem.code, type(problem)) == (code, kind)
    assert "orders.xlsx" in problem.message()


async def test_other_archives_and_suffixes(reader: SheetReader) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert (await refused(reader, stream.getvalue(), "a.xlsx")).code == "sheet_not_workbook"
    assert (await refused(reader, ORDERS, "a.ods")).code == "sheet_suffix"
    assert (await refused(reader, ORDERS, "a.csv")).code == "csv_not_text"


async def test_bombs_are_refused_before_they_are_unpacked(reader: SheetReader) -> None:
    for content in (bomb(), many_entries()):
        problem = await refused(reader, content, "a.xlsx")
        assert (problem.code, type(problem)) == ("sheet_bomb", TooLarge)


async def test_a_cell_far_away_does_not_take_the_memory() -> None:
    small = SheetReader(seconds=20, memory_bytes=512 * 1024**2)
    problem = await refused(small, far_away(b"XFD1048576"), "a.xlsx")
    assert (problem.code, type(problem)) == ("sheet_too_heavy", TooLarge)
    beyond = await refused(small, far_away(b"ZZZZZZZ9999999"), "a.xlsx")
    assert beyond.code in {"sheet_damaged", "sheet_too_heavy"}


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml"])
async def test_entities_are_not_expanded(part: str) -> None:
    def change(xml: bytes) -> bytes:
        body = re.sub(rb"<\?xml[^>]*\?>", b"", xml)
        return ENTITIES + body.replace(b"Ara", b"&j;").replace(b'name="Sheet"', b'name="&j;"')

    small = SheetReader(seconds=20, memory_bytes=512 * 1024**2)
    try:
        said = dumps((await small.perform(edited(ORDERS, part, change), "a.xlsx", {})).value)
    except InputProblem as problem:
        said = problem.code
    assert "aaaaaaaaaaaa" not in said


async def test_reading_that_takes_too_long_is_killed() -> None:
    hasty = SheetReader(seconds=0.05)
    problem = await refused(hasty, ORDERS, "a.xlsx")
    assert (problem.code, type(problem)) == ("sheet_timeout", Stopped)
    assert not [child for child in psutil.Process().children() if "files.child" in " ".join(child.cmdline())]


async def test_the_child_does_not_get_our_environment(reader: SheetReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # no Python starts with it
    assert await reader.inspect(ORDERS, "a.xlsx") == ["Sheet", "둘째"]


async def csv(reader: SheetReader, content: bytes, **options: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await reader.perform(content, "list.csv", options)).value
    return rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_csv_encodings_and_separators(reader: SheetReader, encoding: str, delimiter: str) -> None:
    text = '이름,메모,값\r\n미나,"두 줄\n""인용""; 끝",007\r\n\r\n준,,1.50\r\n'.replace(",", delimiter)
    assert await csv(reader, text.encode(encoding)) == [
        {"이름": "미나", "메모": '두 줄\n"인용"; 끝', "값": "007", "_row": 2},
        {"이름": "준", "메모": "", "값": "1.50", "_row": 4},
    ]


async def test_csv_of_one_column_and_without_header(reader: SheetReader) -> None:
    assert await csv(reader, b"a;b, c\n1;2\n", header_row=0, end_row=1) == [{"A": "a", "B": "b, c", "_row": 1}]
    assert await csv(reader, b"name\nx y\n") == [{"name": "x y", "_row": 2}]
    assert await csv(reader, b"") == []


async def test_csv_with_lines_above_the_header(reader: SheetReader) -> None:
    content = b"Report of 2026\n\na,b\n1,2\n"
    assert await csv(reader, content, header_row=3) == [{"a": "1", "b": "2", "_row": 4}]


@pytest.mark.parametrize(
    ("content", "code", "row", "line"),
    [
        (b"a,b\n1,2\n1,2,3\n", "csv_ragged", 3, None),
        (b"a,b\n1\n", "csv_ragged", 2, None),
        (b'a,b\n1,"2\n', "csv_quotes", 2, None),
        (b'a,b\n1,2\n"x"y,2\n', "csv_quotes", 3, None),
        ("a,b\n1,é\n".encode() + b"3,\xff\xfe\xff\n", "csv_encoding", None, 3),
        ("이름\n미나\n".encode("cp949") + b"\xff\xff\n", "csv_encoding", None, 3),
        (b"\xef\xbb\xbfa\n\xff\n", "csv_encoding", None, 2),
        (b"PK\x03\x04\x00\x00", "csv_not_text", None, None),
    ],
)
async def test_csv_problems_name_the_row(
    reader: SheetReader, content: bytes, code: str, row: int | None, line: int | None
) -> None:
    problem = await refused(reader, content, "list.csv")
    assert (problem.code, problem.place.row, problem.place.line) == (code, row, line)


async def test_a_large_csv_is_read_in_bounded_memory() -> None:
    content = b"n,text\n" + b"".join(b"%d,%s\n" % (n, b"x" * 200) for n in range(200_000))
    small = SheetReader(seconds=30, memory_bytes=256 * 1024**2)
    answer = await small.perform(content, "a.csv", {"offset": 199_990})
    assert answer.meta is not None
    assert (answer.meta["total_rows"], len(answer.value), answer.value[-1]["n"]) == (200_000, 10, "199999")
