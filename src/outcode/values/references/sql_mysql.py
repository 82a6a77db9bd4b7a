"""MySQL and MariaDB.

The drivers (PyMySQL, asyncmy) write the values into the statement themselves, as literals of the connection's
character set. So the transport connects with ``utf8mb4``, keeps ``ANSI_QUOTES`` and ``NO_BACKSLASH_ESCAPES`` out of the
session's ``sql_mode`` (``"…"`` is then a literal, and a backslash escapes), and hands the driver no arguments where
there are no parameters, since only then ``%`` is left alone.

``/*! … */`` is code to some versions and a comment to others; where both would not end it at the same place, a
statement with references is refused.
"""

from __future__ import annotations

import re

from outcode.values.json import Json
from outcode.values.references.sql_dialect import NAMES_FOLLOW, Dialect, plain_parameter
from outcode.values.references.sql_tokens import Lexis


def _parameter(value: Json) -> Json:
    return value if type(value) is bool else plain_parameter(value)


MYSQL = Dialect(
    lexis=Lexis(
        identifier_quotes={"`": "`"},
        literal_quotes="'\"",
        plain_prefixes=frozenset({"N"}),
        literal_prefixes=frozenset({"B", "X"}),
        # What stands behind a backslash and is not listed stands for itself.
        escapes={
            "0": "\0",
            "b": "\b",
            "n": "\n",
            "r": "\r",
            "t": "\t",
            "Z": "\x1a",
            "%": "\\%",
            "_": "\\_",
        },
        # Two dashes begin a comment only before a space or control character; the end is a line feed alone.
        line_comment=re.compile(r"#[^\n]*|--(?=[\x01-\x20\x7f]|\Z)[^\n]*"),
        ambiguous_comment=re.compile(r"/\*M?!.*?(?:['\"`#]|--|/\*)", re.DOTALL),
        placeholder=re.compile(r"\?|%s(?![A-Za-z0-9_$])|%\([^()\s]{1,100}\)s"),
    ),
    placeholder=lambda _: "%s",
    parameter=_parameter,
    names_follow=NAMES_FOLLOW | {"DATABASE", "SCHEMA", "USE"},
    quoted_name="`{{a.column}}`",
    max_parameters=65_535,
    max_identifier=64,
    identifier_refused=re.compile("[\0\U00010000-\U0010ffff]| \\Z"),
    inlined=True,
    takes_nul=True,
)
