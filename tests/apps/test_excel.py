"""The declaration of the .xlsx file app: its form and the reader's options are the same."""

from __future__ import annotations

from outcode.appkit import FileField
from outcode.apps.registry import find_app
from outcode.transport.files.options import SheetOptions

APP = find_app("microsoft-excel-xlsx-file")
GET_ROWS = APP.actions[0]


def test_the_file_is_the_connection() -> None:
    (file,) = APP.connections[0].fields
    assert isinstance(file, FileField)
    assert file.suffixes == (".xlsx", ".xlsm", ".csv", ".tsv")
    assert [field.sensitive for field in APP.connections[1].fields] == [True, True]


def test_the_defaults_are_the_readers() -> None:
    assert SheetOptions.of({field.key: field.default for field in GET_ROWS.fields}) == SheetOptions()
