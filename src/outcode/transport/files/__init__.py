"""Files: rows of spreadsheets and .csv files, read in a child process with limits; rows written as .csv.

The child imports this package too, and what only its parent needs would make it start five times slower.
"""

from typing import TYPE_CHECKING

from outcode.values.first_use import at_first_use

if TYPE_CHECKING:
    from outcode.transport.files.reader import SheetReader
    from outcode.transport.files.write import csv_pieces, write_csv

__all__ = ["SheetReader", "csv_pieces", "write_csv"]

__getattr__ = at_first_use(__name__, {"SheetReader": "reader", "csv_pieces": "write", "write_csv": "write"})
