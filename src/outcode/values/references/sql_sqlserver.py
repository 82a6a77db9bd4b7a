"""Microsoft SQL Server.

The drivers (pymssql, python-tds) take ``%s``; pymssql writes the values into the statement itself, as ``N'…'``. The
transport leaves ``QUOTED_IDENTIFIER`` on, as these drivers do, and hands the driver no arguments where there are no
parameters, since only then ``%`` is left alone.
"""

from __future__ import annotations

import re

from outcode.values.references.sql_dialect import NAMES_FOLLOW, Dialect, plain_parameter
from outcode.values.references.sql_tokens import Lexis


def _utf16_size(name: str) -> int:
    return len(name.encode("utf-16-le", errors="replace")) // 2


SQLSERVER = Dialect(
    lexis=Lexis(
        identifier_quotes={'"': '"', "[": "]"},
        plain_prefixes=frozenset({"N"}),
        continued_lines=True,
        nested_comments=True,
        line_comment=re.compile(r"--[^\n]*"),
        # Whether a carriage return alone ends a line is written nowhere.
        ambiguous_comment=re.compile(r"--[^\n]*\r."),
        placeholder=re.compile(r"\?|%[sd](?![A-Za-z0-9_$])|%\([^()\s]{1,100}\)s"),
    ),
    placeholder=lambda _: "%s",
    parameter=plain_parameter,
    names_follow=NAMES_FOLLOW | {"EXEC", "EXECUTE", "SCHEMA", "USE"},
    quoted_name="[{{a.column}}]",
    max_parameters=2_098,
    max_identifier=128,
    identifier_size=_utf16_size,
    inlined=True,
)
