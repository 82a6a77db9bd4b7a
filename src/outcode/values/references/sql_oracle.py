"""Oracle Database.

The driver (python-oracledb) binds ``:1``, ``:2`` … by position. ``DATE '…'`` and its kin are literals to the server and
take no parameter, so that a function reads the text in the same form. An empty text is null, as it is everywhere in
Oracle.
"""

from __future__ import annotations

import re

from outcode.values.references.sql_dialect import NAMES_FOLLOW, Dialect, plain_parameter, utf8_size
from outcode.values.references.sql_tokens import Lexis

_DAY_UNITS = ("DAY", "HOUR", "MINUTE", "SECOND")
_MONTH_UNITS = ("YEAR", "MONTH")
ORACLE = Dialect(
    lexis=Lexis(
        identifier_quotes={'"': '"'},
        plain_prefixes=frozenset({"N"}),
        raw_prefixes=frozenset({"Q", "NQ"}),
        line_comment=re.compile(r"--[^\n]*"),
        # Whether a carriage return alone ends a line is written nowhere.
        ambiguous_comment=re.compile(r"--[^\n]*\r."),
        placeholder=re.compile(r":(?:[0-9]+|[A-Za-z\x80-\U0010ffff][A-Za-z0-9_$#\x80-\U0010ffff]*|\"[^\"]*\")"),
    ),
    placeholder=lambda number: f":{number}",
    parameter=plain_parameter,
    names_follow=NAMES_FOLLOW | {"IMMEDIATE", "SCHEMA"},
    quoted_name='"{{a.column}}"',
    max_parameters=32_766,
    max_identifier=128,
    identifier_size=utf8_size,
    identifier_refused=re.compile('["\0]'),
    typed_literals={
        "DATE": "TO_DATE({value}, 'YYYY-MM-DD')",
        "TIMESTAMP": "TO_TIMESTAMP({value}, 'YYYY-MM-DD HH24:MI:SS.FF')",
        "INTERVAL": "",
    },
    interval_units={unit: ("", f"NUMTODSINTERVAL({{value}}, '{unit}')") for unit in _DAY_UNITS}
    | {unit: ("", f"NUMTOYMINTERVAL({{value}}, '{unit}')") for unit in _MONTH_UNITS},
)
