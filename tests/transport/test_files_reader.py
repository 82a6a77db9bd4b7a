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

SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


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


def with_shared_strings(content: bytes) -> bytes:
    """The workbook as Excel writes it: texts stand once in a part of their own, here each cut into two formats."""
    texts: list[bytes] = []

    def moved(text: re.Match[bytes]) -> bytes:
        texts.append(text[1])
        return b't="s"><v>%d</v>' % (len(texts) - 1)

    content = edited(content, SHEET, lambda xml: re.sub(rb't="inlineStr"><is><t>(.*?)</t></is>', moved, xml))
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relation = f'<Relationship Id="texts" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>'.encode()
    index = "xl/_rels/workbook.xml.rels"
    content = edited(content, index, lambda xml: xml.replace(b"</Relationships>", relation + b"</Relationships>"))
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        parts = b"".join(b"<si><r><t>%b</t></r><r><rPr><b/></rPr><t>!</t></r></si>" % text for text in texts)
        space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        archive.writestr(STRINGS, b'<sst xmlns="%b">%b</sst>' % (space, parts))
    return stream.getvalue()


async def refused(reader: SheetReader, content: bytes | Path, name: str, **options: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await reader.perform(content, name, options)
    for language in ("en", "ko"):
        assert caught.value.message(language)
        assert caught.value.hint(language)
    return caught.value


ORDERS = workbook(
    ["Order", "Name", "Name", None, "Total"],
    [1001, "미나", "a", None, 19.9],
    [],
    [1002, "Jun", "b", "x", "#N/A"],
    [1003, "Ara", "c", None, "=SUM(E2)"],
    more=("둘째",),
)
SHARED = with_shared_strings(ORDERS)


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


async def test_texts_that_stand_in_a_part_of_their_own(reader: SheetReader) -> None:
    answer = await reader.perform(SHARED, "orders.xlsx", {"columns": ["Name!", "Order!"], "limit": 1})
    assert answer.value == [{"Name!": "미나!", "Order!": 1001, "_row": 2}]


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


async def test_values_as_text(reader: SheetReader) -> None:
    moment = datetime(2026, 11, 21, 9, 30)
    row = [
        True,
        3,
        0.1,
        1e300,
        moment,
        date(2026, 1, 2),
        time(9, 30),
        timedelta(hours=30, seconds=1),
        "007",
        None,
        "#N/A",
    ]
    content = workbook([2026, *[f"c{index}" for index in range(1, 11)]], row)
    got = (await reader.perform(content, "a.xlsx", {"value_mode": "text"})).value[0]
    assert list(got.values()) == [
        *("TRUE", "3", "0.1", "1E+300", "2026-11-21 09:30:00", "2026-01-02", "09:30:00", "30:00:01", "007", "", None),
        *(2, {"c10": "#N/A"}),
    ]
    assert next(iter(got)) == "2026"
    serial = (await reader.perform(content, "a.xlsx", {"value_mode": "text", "date_format": "serial"})).value[0]
    assert (serial["c4"], serial["c5"], serial["c7"]) == (repr(46347 + 9.5 / 24), "46024", repr(30 / 24 + 1 / 86400))


async def test_only_sheets_with_cells_count(reader: SheetReader) -> None:
    book = openpyxl.Workbook()
    book.create_chartsheet("Chart", 0)
    for row in (["a"], [1]):
        book["Sheet"].append(row)
    book.create_sheet("Hidden").sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    answer = await reader.perform(stream.getvalue(), "a.xlsm", {"sheet": 1})
    assert answer.value == [{"a": 1, "_row": 2}]
    assert answer.meta is not None
    assert answer.meta["sheet_names"] == ["Sheet", "Hidden"]


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
        ({"value_mode": "formula"}, "sheet_option_invalid", "text"),
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


def blown_up(part: str, megabytes: int) -> bytes:
    """A sound workbook one part of which is nearly all blanks, which deflate packs a thousand to one."""
    return edited(SHARED, part, lambda xml: xml + b" " * (megabytes * 1024**2))


def understated(content: bytes, part: str) -> bytes:
    """The archive with an index that says the part is tiny."""
    changed = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.start_dir
        local = archive.getinfo(part).header_offset
    named = changed.index(part.encode(), start) - 46
    for at in (named + 24, local + 22):
        changed[at : at + 4] = (500).to_bytes(4, "little")
    return bytes(changed)


def with_bytes(part: str, offset: int, content: bytes) -> bytes:
    """SHARED with bytes changed inside the packed data of a part."""
    with zipfile.ZipFile(io.BytesIO(SHARED)) as archive:
        start = archive.getinfo(part).header_offset + offset
    return SHARED[:start] + content + SHARED[start + len(content) :]


def encrypted(part: str) -> bytes:
    """SHARED with a part that the index says is encrypted."""
    with zipfile.ZipFile(io.BytesIO(SHARED)) as archive:
        at = SHARED.index(part.encode(), archive.start_dir) - 46 + 8
    changed = bytearray(SHARED)
    changed[at] |= 1
    return bytes(changed)


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


@pytest.mark.parametrize("part", [SHEET, STRINGS])
async def test_damage_inside_the_archive_is_told(reader: SheetReader, part: str) -> None:
    for content in (
        with_bytes(part, 30 + len(part) + 20, b"\xff" * 40),
        encrypted(part),
        understated(blown_up(part, 1), part),
        understated(blown_up(part, 200), part),
    ):
        assert (await refused(reader, content, "a.xlsx")).code == "sheet_damaged"


async def test_what_packs_well_is_read_while_it_is_small(reader: SheetReader) -> None:
    answer = await reader.perform(blown_up(SHEET, 8), "a.xlsx", {})
    assert len(answer.value) == 3


async def test_bombs_are_refused_before_they_are_unpacked(reader: SheetReader) -> None:
    for content in (bomb(), many_entries(), blown_up(SHEET, 32), blown_up("docProps/app.xml", 32)):
        problem = await refused(reader, content, "a.xlsx")
        assert (problem.code, type(problem)) == ("sheet_bomb", TooLarge)


async def test_a_cell_far_away_does_not_take_the_memory() -> None:
    small = SheetReader(seconds=20, memory_bytes=512 * 1024**2)
    problem = await refused(small, far_away(b"XFD1048576"), "a.xlsx")
    assert (problem.code, type(problem)) == ("sheet_too_heavy", TooLarge)
    beyond = await refused(small, far_away(b"ZZZZZZZ9999999"), "a.xlsx")
    assert beyond.code in {"sheet_damaged", "sheet_too_heavy"}


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", STRINGS])
async def test_entities_are_not_expanded(part: str) -> None:
    def change(xml: bytes) -> bytes:
        body = re.sub(rb"<\?xml[^>]*\?>", b"", xml)
        return ENTITIES + body.replace(b"Ara", b"&j;").replace(b'name="Sheet"', b'name="&j;"')

    small = SheetReader(seconds=20, memory_bytes=512 * 1024**2)
    try:
        said = dumps((await small.perform(edited(SHARED, part, change), "a.xlsx", {})).value)
    except InputProblem as problem:
        said = problem.code
    assert "aaaaaaaaaaaa" not in said


async def test_a_large_sheet_is_read_in_bounded_memory() -> None:
    def cells(row: int) -> bytes:
        return b"".join(b'<c r="%c%d"><v>%d</v></c>' % (65 + at, row, row * at) for at in range(20))

    rows = b"".join(b'<row r="%d">%b</row>' % (row, cells(row)) for row in range(1, 20_001))
    content = edited(ORDERS, SHEET, lambda _: b"<worksheet><sheetData>" + rows + b"</sheetData></worksheet>")
    small = SheetReader(seconds=30, memory_bytes=256 * 1024**2)
    answer = await small.perform(content, "a.xlsx", {"header_row": 0, "offset": 10_000, "limit": 10_000})
    assert answer.meta is not None
    assert (answer.meta["total_rows"], answer.meta["has_more"]) == (20_000, False)
    assert [row["T"] for row in answer.value] == [row * 19 for row in range(10_001, 20_001)]


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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949", "euc-kr"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
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


async def test_tsv_is_cut_at_tabs_whatever_else_it_holds(reader: SheetReader) -> None:
    content = '이름\t값\n"미,나"\t1,5\nJun;x\t2,5\n'.encode("cp949")
    answer = await reader.perform(content, "목록.tsv", {"columns": ["B", "이름"]})
    assert answer.value == [{"값": "1,5", "이름": "미,나", "_row": 2}, {"값": "2,5", "이름": "Jun;x", "_row": 3}]
    assert answer.meta is not None
    assert answer.meta["sheet"] == "목록"
    assert (await refused(reader, bytes.fromhex("d0cf11e0a1b11ae1"), "a.tsv")).code == "sheet_old_or_locked"


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
