"""A template as one text for the tokenizers of SQL, JavaScript and JSON: each reference is one mark.

The mark is U+0000, which none of these languages allows in its text; a template that holds it is refused. So a
tokenizer runs over plain characters and knows at each mark which reference stands there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from outcode.values.problems import ReferenceProblem
from outcode.values.references.syntax import Reference, Template

MARK = "\0"
REMEMBERED_LENGTH = 16_384
"""Templates with more text than this are tokenized anew each time, so that what is remembered stays small."""


@dataclass(frozen=True, slots=True)
class Woven:
    """The text with marks, and the reference at the offset of each mark."""

    text: str
    references: dict[int, Reference]

    def within(self, start: int, end: int) -> Iterator[tuple[int, Reference]]:
        """The references whose marks stand in ``text[start:end]``, in order."""
        position = self.text.find(MARK, start, end)
        while position >= 0:
            yield position, self.references[position]
            position = self.text.find(MARK, position + 1, end)

    def first_within(self, start: int, end: int) -> Reference | None:
        """The first of :meth:`within`, or None."""
        return next((reference for _, reference in self.within(start, end)), None)


def places(template: Template) -> tuple[int, ...] | None:
    """Where the references stand, to tell equal templates apart by place when remembering; None if it is too long."""
    length = sum(1 if isinstance(part, Reference) else len(part.value) for part in template.parts)
    return tuple(reference.start for reference in template.references) if length <= REMEMBERED_LENGTH else None


def weave(template: Template) -> Woven:
    """The woven text; raises ReferenceProblem ``template_nul`` if the template holds U+0000."""
    pieces: list[str] = []
    references: dict[int, Reference] = {}
    position = 0
    for part in template.parts:
        if isinstance(part, Reference):
            references[position] = part
            pieces.append(MARK)
        else:
            if MARK in part.value:
                raise ReferenceProblem("template_nul")
            pieces.append(part.value)
        position += len(pieces[-1])
    return Woven("".join(pieces), references)
