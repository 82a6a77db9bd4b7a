r"""The inside of a reference, cut into tokens one at a time; each character is looked at once.

What a run of characters means depends on the token before it: after a dot ``x-request-id`` or ``0`` is a key, elsewhere
``-`` and digits belong to numbers. Quoted text may hold anything, ``}}`` included, with the escapes of JSON and ``\'``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from unicodedata import category

from outcode.values.problems import Place, ReferenceProblem

MAX_REFERENCE_LENGTH = 4_000
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,100})?")
_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX = re.compile(r"[0-9A-Fa-f]{4}")


class Kind(StrEnum):
    """What a token is."""

    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    DOT = "."
    OPEN_BRACKET = "["
    CLOSE_BRACKET = "]"
    STAR = "*"
    PIPE = "|"
    OPEN = "("
    CLOSE = ")"
    COMMA = ","
    END = "}}"
    NOTHING = ""
    OTHER = "other"


_SINGLE = {kind.value: kind for kind in (Kind.DOT, Kind.OPEN_BRACKET, Kind.CLOSE_BRACKET, Kind.STAR, Kind.OPEN)}
_SINGLE |= {kind.value: kind for kind in (Kind.CLOSE, Kind.COMMA, Kind.PIPE)}


@dataclass(frozen=True, slots=True)
class Token:
    """One token with its offsets in the whole text; ``value`` is what it means (key, text or number)."""

    kind: Kind
    start: int
    end: int
    value: str | int | Decimal = ""


def place_at(text: str, offset: int) -> Place:
    """The offset together with line and column, both from 1."""
    line_start = text.rfind("\n", 0, offset) + 1
    return Place(line=text.count("\n", 0, offset) + 1, column=offset - line_start + 1, offset=offset)


def is_name_character(character: str) -> bool:
    """Letters, digits and marks of every script, ``_`` and ``$``."""
    return character.isalnum() or character in "_$" or category(character).startswith("M")


class Tokens:
    """The tokens of the reference whose ``{{`` stands at ``opening``, handed out lazily.

    Raises ReferenceProblem for quoted text that does not end, unknown escapes, and references of more than
    ``MAX_REFERENCE_LENGTH`` characters.
    """

    def __init__(self, text: str, opening: int) -> None:
        self.text = text
        self.opening = opening
        self.current = self._read(opening + 2, after_dot=False)

    def advance(self) -> Token:
        """Hands out the current token and goes on to the next."""
        token = self.current
        self.current = self._read(token.end, after_dot=token.kind is Kind.DOT)
        return token

    def _read(self, position: int, *, after_dot: bool) -> Token:
        text, length = self.text, len(self.text)
        while position < length and text[position].isspace():
            position += 1
        if position - self.opening > MAX_REFERENCE_LENGTH:
            raise ReferenceProblem("reference_too_long", place_at(text, self.opening), limit=MAX_REFERENCE_LENGTH)
        if position >= length:
            return Token(Kind.NOTHING, length, length)
        character = text[position]
        if text.startswith("}}", position):
            return Token(Kind.END, position, position + 2)
        if character in _SINGLE:
            return Token(_SINGLE[character], position, position + 1)
        if character in "\"'":
            return self._quoted(position)
        if not after_dot and (number := _NUMBER.match(text, position)):
            written = number.group()
            return Token(Kind.NUMBER, position, number.end(), Decimal(written) if "." in written else int(written))
        if is_name_character(character) or (after_dot and character == "-"):
            return self._name(position, "-" if after_dot else "")
        return Token(Kind.OTHER, position, position + 1)

    def _name(self, start: int, also: str) -> Token:
        text, position, length = self.text, start, len(self.text)
        while position < length and (is_name_character(text[position]) or text[position] in also):
            position += 1
            if position - self.opening > MAX_REFERENCE_LENGTH:
                break
        return Token(Kind.NAME, start, position, text[start:position])

    def _quoted(self, start: int) -> Token:
        text, quote, position = self.text, self.text[start], start + 1
        limit = min(len(text), self.opening + MAX_REFERENCE_LENGTH)
        found: list[str] = []
        while position < limit:
            character = text[position]
            if character == quote:
                return Token(Kind.TEXT, start, position + 1, "".join(found))
            if character == "\\":
                meaning, position = self._escape(position)
                found.append(meaning)
            else:
                found.append(character)
                position += 1
        raise ReferenceProblem("reference_text_unclosed", place_at(text, start), quote=quote)

    def _escape(self, start: int) -> tuple[str, int]:
        text = self.text
        follower = text[start + 1 : start + 2]
        if follower in _ESCAPES:
            return _ESCAPES[follower], start + 2
        if follower == "u" and (unit := _HEX.match(text, start + 2)):
            code, end = int(unit.group(), 16), start + 6
            if 0xD800 <= code < 0xDC00 and text.startswith("\\u", end) and (low := _HEX.match(text, end + 2)):
                second = int(low.group(), 16)
                if 0xDC00 <= second < 0xE000:
                    return chr(0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00)), end + 6
            if not 0xD800 <= code < 0xE000:
                return chr(code), end
        raise ReferenceProblem("reference_escape", place_at(text, start), found="\\" + follower)
