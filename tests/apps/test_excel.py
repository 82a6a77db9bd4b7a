"""The declaration of the .xlsx file app: as the product lists it, and its sample read from a real workbook."""

from __future__ import annotations

import io
from datetime import date
from importlib.resources import files

import openpyxl

from outcode.appkit import FileField, ReadSheet
from outcode.appkit.template import literal_or_input
from outcode.apps.registry import find_app
from outcode.transport.files import SheetReader
from outcode.transport.files.options import SheetOptions
from outcode.values.json import loads

APP = find_app("microsoft-excel-xlsx-file")
GET_ROWS = APP.actions[0]


def test_it_is_the_app_of_the_catalogue() -> None:
    assert (APP.name, APP.category) == ("Microsoft Excel (.xlsx File)", "Productivity")
    assert [action.name for action in APP.actions] == ["Get Rows"]


def test_the_file_is_the_connection() -> None:
    (file,) = APP.connections[0].fields
    assert isinstance(file, FileField)
    assert file.suffixes == (".xlsx", ".xlsm", ".csv")


def test_the_defaults_are_the_readers() -> None:
    assert SheetOptions.of({field.key: field.default for field in GET_ROWS.fields}) == SheetOptions()


async def test_the_sample_is_what_is_read() -> None:
    sample = loads(files("outcode.apps.microsoft_excel_xlsx_file").joinpath("samples/get_rows.json").read_bytes())
    book = openpyxl.Workbook()
    sheet = book["Sheet"]
    sheet.title = "2026"
    sheet.append(["Order", "Customer", "Total", "Paid", "Date"])
    sheet.append([1001, "Mina", 19.9, True, date(2026, 11, 21)])
    sheet.append([1002, "Jun", "#N/A", False, date(2026, 11, 22)])
    sheet.append([1003, "Ara", 5, True, date(2026, 11, 23)])
    book.create_sheet("2025")
    stream = io.BytesIO()
    book.save(stream)
    assert isinstance(GET_ROWS.call, ReadSheet)
    options = {key: literal_or_input(value, sample["inputs"]) for key, value in GET_ROWS.call.options.items()}
    answer = await SheetReader().perform(stream.getvalue(), "orders.xlsx", options)
    assert (answer.value, answer.meta) == (sample["result"], sample["meta"])
    assert answer.meta is not None
    assert set(answer.meta) == {field.path for field in GET_ROWS.outputs.meta}
