"""What the binder must know of a dialect: its lexical rules, its placeholders, and how its driver takes parameters.

A dialect is data; each stands in a file of its own (``sql_mysql.py`` …), and ``sql_dialects.py`` lists them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from outcode.values.json import Json
from outcode.values.references.numbers import canonical
from outcode.values.references.rendering import render, type_name
from outcode.values.references.sql_tokens import Lexis

DialectName = Literal["postgresql", "mysql", "sqlserver", "oracle"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect.

    ``placeholder``: number (from 1) → its text. ``parameter``: value → what is handed to the driver. ``inlined``: the
    driver itself writes the values, quoted, over ``%s``; every other ``%`` is then doubled.
    ``typed``: the cast that gives a bare value the type which the same value written into the statement would have, or
    "". ``text_cast``: the cast where the server cannot infer a type from what stands around; ``untyped_functions`` are
    functions that take any type.
    ``typed_literals``: words that, before a literal, name its type, with what is written instead: ``{value}`` is the
    parameter, ``{type}`` the words; "" where only a unit behind the literal makes sense of it. ``interval_units``: what
    is added to the parameter's text, and what is written, for ``INTERVAL '…' UNIT``.
    ``names_follow``: words after which a table or column is named. ``quoted_name``: how one is written.
    ``identifier_refused``: what no quoted name can hold. ``max_identifier`` is counted by ``identifier_size``.
    """

    lexis: Lexis
    placeholder: Callable[[int], str]
    parameter: Callable[[Json], Json]
    names_follow: frozenset[str]
    quoted_name: str
    max_parameters: int
    max_identifier: int
    identifier_size: Callable[[str], int] = len
    identifier_refused: re.Pattern[str] = field(default_factory=lambda: re.compile("\0"))
    inlined: bool = False
    takes_nul: bool = False
    typed: Callable[[Json], str] = lambda _: ""
    text_cast: str = ""
    typed_literals: Mapping[str, str] = field(default_factory=dict)
    interval_units: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    untyped_functions: frozenset[str] = frozenset()


NAMES_FOLLOW = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "BY", "AS", "USING", "VIEW"})
"""Words after which every dialect names a table or column."""


def utf8_size(name: str) -> int:
    """The length of a name in bytes of UTF-8."""
    return len(name.encode(errors="replace"))


def plain_parameter(value: Json) -> Json:
    """A value for a driver that tells Python's types apart: null, text and numbers as such, all else as its text.

    Raises ReferenceProblem for files and for numbers of more digits than any server takes.

    >>> plain_parameter("x"), plain_parameter([1, "x"]), plain_parameter(True)
    ('x', '[1,"x"]', 1)
    """
    match type_name(value):
        case "null":
            return None
        case "number":
            return canonical(value)
        case "boolean":
            return int(value)
        case _:
            return render(value)
