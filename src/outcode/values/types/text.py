"""Reading a cell as text."""

from __future__ import annotations

import re
import unicodedata

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references.rendering import render
from outcode.values.types.cells import SPACES, kind_of
from outcode.values.types.errors import CellProblem
from outcode.values.types.model import TextType

_SPACES = re.compile(f"[{re.escape(SPACES)}]+")
_WORD = re.compile(f"[^{re.escape(SPACES)}]+")


def read_text(column_type: TextType, raw: Json) -> str | CellProblem:
    """A text that is not empty; numbers, lists and objects as text shows them everywhere else.

    >>> read_text(TextType(trim=True, collapse_spaces=True, case="title"), "  anna   o'NEIL ")
    "Anna O'neil"
    """
    try:
        text = render(raw)
    except ReferenceProblem:
        return CellProblem("cell_text_other_kind", {"found": kind_of(raw)})
    text = unicodedata.normalize("NFC", text)
    if column_type.trim:
        text = text.strip(SPACES)
    if column_type.collapse_spaces:
        text = _SPACES.sub(" ", text)
    match column_type.case:
        case "upper":
            text = text.upper()
        case "lower":
            text = text.lower()
        case "title":
            text = _WORD.sub(lambda word: word[0][:1].upper() + word[0][1:].lower(), text)
        case None:
            return text
    return unicodedata.normalize("NFC", text)
