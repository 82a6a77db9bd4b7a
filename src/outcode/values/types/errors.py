"""What is wrong with one cell, as a value: a column with such cells still works, and they can be shown and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from outcode.values.catalogue import DEFAULT_LANGUAGE, sentence
from outcode.values.json import Json
from outcode.values.references.suggestions import shortened

LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class CellProblem:
    """Why a cell has no typed value: a code of the catalogue and the details that fill its words.

    >>> CellProblem("cell_number_unreadable", {"text": "abc"}).message()
    '“abc” is not a number.'
    """

    code: str
    details: Mapping[str, Json] = field(default_factory=dict)

    def message(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What is wrong and why."""
        return sentence(self.code, "message", language, self.details)

    def hint(self, language: str = DEFAULT_LANGUAGE) -> str:
        """What to do next."""
        return sentence(self.code, "hint", language, self.details)

    def as_dict(self, language: str = DEFAULT_LANGUAGE) -> dict[str, Json]:
        """The form in which cell problems are sent: code, message, hint, details."""
        details = dict(self.details)
        return {"code": self.code, "message": self.message(language), "hint": self.hint(language), "details": details}


def about(code: str, text: str, **details: Json) -> CellProblem:
    """A problem that shows the cell's own text, cut short."""
    return CellProblem(code, {"text": shortened(text, LONGEST_SHOWN), **details})
