"""Table tasks: Filter, Set columns, Transform type, Sort, Group and summarize, Remove duplicates, Limit, Join.

    options = read_options("sort", {"keys": [{"column": "total", "type": "number", "order": "descending"}]})
    result = run_table(rows, None, options, context)
    result.rows, result.meta["error_count"]

Rows are lists of objects in and out. What an operation does not touch comes out as it went in: mixed cells, huge
integers, exact decimals, the order of keys, missing keys.
"""

from outcode.values.tables.aggregate import Aggregate, aggregate, average
from outcode.values.tables.carrier import as_rows, cells_from, from_rows
from outcode.values.tables.options import MAX_ROWS, OPERATIONS, Operation, Options
from outcode.values.tables.result import MAX_ERRORS, TableResult
from outcode.values.tables.run import check_options, read_options, run_table

__all__ = [
    "MAX_ERRORS",
    "MAX_ROWS",
    "OPERATIONS",
    "Aggregate",
    "Operation",
    "Options",
    "TableResult",
    "aggregate",
    "as_rows",
    "average",
    "cells_from",
    "check_options",
    "from_rows",
    "read_options",
    "run_table",
]
