"""Files: rows of spreadsheets and .csv files, read in a child process with limits; rows written as .csv.

The names are imported at first use: the child imports this package too, and what only its parent needs would make it
start five times slower.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from outcode.transport.files.reader import SheetReader
    from outcode.transport.files.write import csv_pieces, write_csv

__all__ = ["SheetReader", "csv_pieces", "write_csv"]

_HOMES = {"SheetReader": "reader", "csv_pieces": "write", "write_csv": "write"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
