"""A formula cut into tokens; each character is looked at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from outcode.values.problems import InputProblem
from outcode.values.references.suggestions import shortened
from outcode.values.references.tokens import place_at

MAX_FORMULA_LENGTH = 4_000
Kind = Literal["number", "text", "name", "column", "sign", "end"]
_SIGNS = {"×": "*", "÷": "/", "−": "-", "≠": "!=", "≤": "<=", "≥": ">=", "==": "=", "<>": "!="}
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<number>(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,100})?(?![\w.]))
    | (?P<text>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*')
    | (?P<column>\{(?:[^{}\\]|\\.)+\})
    | (?P<name>[^\W\d]\w*(?:\.\w+)*)
    | (?P<sign><=|>=|!=|<>|==|[-+*/&=<>(),|×÷−≠≤≥])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANINGS = {"n": "\n", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Token:
    """One token and its offset; ``value`` is what it means, ``written`` how it stands there."""

    kind: Kind
    start: int
    value: str | int | Decimal
    written: str = ""


def tokens(text: str) -> Iterator[Token]:
    """All tokens, the last of kind ``end``; raises InputProblem ``formula_*`` with the place of what is none."""
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _unreadable(text, position)
        written, start = found.group(), position
        position = found.end()
        match found.lastgroup:
            case "number":
                yield Token("number", start, Decimal(written) if "." in written else int(written), written)
            case "text":
                yield Token("text", start, _unescaped(written), written)
            case "column":
                yield Token("column", start, _unescaped(written).strip(), written)
            case "name":
                yield Token("name", start, written, written)
            case "sign":
                yield Token("sign", start, _SIGNS.get(written, written), written)
            case _:
                pass
    yield Token("end", len(text), "")


def _unescaped(written: str) -> str:
    return _ESCAPE.sub(lambda found: _MEANINGS.get(found[1], found[1]), written[1:-1])


def _unreadable(text: str, position: int) -> InputProblem:
    place = place_at(text, position)
    found = text[position]
    if text.startswith("{{", position):
        return InputProblem("formula_reference", place)
    if found in "\"'":
        return InputProblem("formula_text_unclosed", place, quote=found)
    rest = re.match(r"\w[\w.]*|.", text[position:], re.DOTALL)
    return InputProblem("formula_syntax", place, found=shortened(rest.group() if rest else found, 40))
