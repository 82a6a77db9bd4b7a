"""Filters: which rows of a table match, by typed conditions in groups of *all* and *any*.

    filter_ = read_filter({"column": "total", "type": "number", "operator": "greater", "value": 100})
    matches(filter_, {"total": "1,200"}, context)        # True
    mask(filter_, frame, context)                        # the same for every row of a frame

A cell without a value (null, spaces only, or unreadable as the condition's type) matches *is empty*, and of the others
only *is not*, *does not contain* and *is none of*: so neither ``not_equals`` nor ``not_between``. Patterns are found
anywhere in a text (``^`` and ``$`` tie them to its ends) by an engine whose time grows with the text's length only.
"""

from outcode.values.filters.check import check_filter, is_known, unknown_column
from outcode.values.filters.equality import identity
from outcode.values.filters.evaluate import cells_of, mask, matches, row_filter
from outcode.values.filters.model import MAX_CONDITIONS, MAX_DEPTH, Condition, Filter, Group
from outcode.values.filters.operators import OPERATORS, OperatorEntry, family_of, operator_of
from outcode.values.filters.reading import read_filter, read_model
from outcode.values.filters.rows import cell_at, column_names, known_names

__all__ = [
    "MAX_CONDITIONS",
    "MAX_DEPTH",
    "OPERATORS",
    "Condition",
    "Filter",
    "Group",
    "OperatorEntry",
    "cell_at",
    "cells_of",
    "check_filter",
    "column_names",
    "family_of",
    "identity",
    "is_known",
    "known_names",
    "mask",
    "matches",
    "operator_of",
    "read_filter",
    "read_model",
    "row_filter",
    "unknown_column",
]
