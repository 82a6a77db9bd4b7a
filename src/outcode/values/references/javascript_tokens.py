"""JavaScript cut into tokens: strings, template pieces, comments, regular expressions, words, signs.

Whether ``/`` divides or begins a regular expression is decided from what stands before it, as every highlighter does.
Were that ever wrong, a reference would be refused or named in the wrong place; no value could become source text, as
values never enter it at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto

from outcode.values.references.weaving import MARK


class Shape(Enum):
    """What a token is; ``CHUNK`` is the text of a template literal up to ``${`` or the closing backtick."""

    WORD = auto()
    NUMBER = auto()
    STRING = auto()
    CHUNK = auto()
    COMMENT = auto()
    REGEX = auto()
    REFERENCE = auto()
    SIGN = auto()


@dataclass(frozen=True, slots=True)
class ScriptToken:
    """A token and its offsets.

    ``inside`` is the bracket it stands in: ``{object``, ``{block``, ``(``, ``[``, ``${`` or nothing. ``closed`` is
    False where a literal's end is missing.
    """

    shape: Shape
    start: int
    end: int
    word: str = ""
    inside: str = ""
    closed: bool = True


_WORD = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_NUMBER = re.compile(r"\d[\w.]*")
_SPACE = re.compile(r"[^\S\0]+")
_STRING_STEP = {quote: re.compile(rf"[\\\n\r{quote}]") for quote in "'\""}
_CHUNK_STEP = re.compile(r"\\|`|\$\{")
_REGEX_STEP = re.compile(r"[\\\n\r\[\]/]")
_LINE_END = re.compile(r"[\n\r\u2028\u2029]")
_BEFORE_EXPRESSION = frozenset(
    {
        "return",
        "typeof",
        "case",
        "in",
        "of",
        "delete",
        "void",
        "throw",
        "new",
        "instanceof",
        "do",
        "else",
        "yield",
        "await",
        "default",
    }
)
_CONTROL = frozenset({"if", "while", "for", "with"})


def script_tokens(text: str) -> list[ScriptToken]:
    """All tokens of a woven script, spaces left out."""
    return _Scanner(text).scanned()


@dataclass(slots=True)
class _Scanner:
    text: str
    found: list[ScriptToken] = field(default_factory=list)
    brackets: list[str] = field(default_factory=list)
    before_parenthesis: list[str] = field(default_factory=list)
    ended: str = ""
    """What the last closing bracket closed: ``control`` for ``if (…)``, ``block`` for a block."""

    def scanned(self) -> list[ScriptToken]:
        position = 0
        while position < len(self.text):
            if space := _SPACE.match(self.text, position):
                position = space.end()
                continue
            position = self._token(position)
        return self.found

    def _token(self, start: int) -> int:
        text, character = self.text, self.text[start]
        if character == MARK:
            return self._add(Shape.REFERENCE, start, start + 1)
        if character in "'\"":
            return self._string(start, character)
        if character == "`":
            return self._chunk(start, start + 1)
        if text.startswith("//", start):
            end = _LINE_END.search(text, start)
            return self._add(Shape.COMMENT, start, end.start() if end else len(text))
        if text.startswith("/*", start):
            closing = text.find("*/", start + 2)
            return self._add(Shape.COMMENT, start, closing + 2 if closing >= 0 else len(text))
        if character == "/" and self._begins_expression():
            return self._add(Shape.REGEX, start, self._regex_end(start))
        for pattern, shape in ((_NUMBER, Shape.NUMBER), (_WORD, Shape.WORD)):
            if match := pattern.match(text, start):
                return self._add(shape, start, match.end(), match[0])
        return self._sign(start, character)

    def _add(self, shape: Shape, start: int, end: int, word: str = "", *, closed: bool = True) -> int:
        self.found.append(ScriptToken(shape, start, end, word, self.brackets[-1] if self.brackets else "", closed))
        return end

    def _sign(self, start: int, character: str) -> int:
        if character in "([":
            if character == "(":
                self.before_parenthesis.append(self._last().word)
            self._add(Shape.SIGN, start, start + 1, character)
            self.brackets.append(character)
            return start + 1
        if character == "{":
            kind = "{object" if self._begins_expression() and not self._opens_block() else "{block"
            self._add(Shape.SIGN, start, start + 1, character)
            self.brackets.append(kind)
            return start + 1
        if character in ")]}" and self.brackets:
            opened = self.brackets.pop()
            self.ended = "block" if opened == "{block" else ""
            if character == ")" and self.before_parenthesis:
                self.ended = "control" if self.before_parenthesis.pop() in _CONTROL else ""
            if opened == "${" and character == "}":
                return self._chunk(start, start + 1)
        return self._add(Shape.SIGN, start, start + 1, character)

    def _string(self, start: int, quote: str) -> int:
        position = start + 1
        while step := _STRING_STEP[quote].search(self.text, position):
            if step[0] == quote:
                return self._add(Shape.STRING, start, step.end())
            if step[0] != "\\":
                return self._add(Shape.STRING, start, step.start(), closed=False)
            position = step.end() + 1
        return self._add(Shape.STRING, start, len(self.text), closed=False)

    def _chunk(self, start: int, position: int) -> int:
        while step := _CHUNK_STEP.search(self.text, position):
            if step[0] == "\\":
                position = step.end() + 1
                continue
            end = self._add(Shape.CHUNK, start, step.end())
            if step[0] == "${":
                self.brackets.append("${")
            return end
        return self._add(Shape.CHUNK, start, len(self.text), closed=False)

    def _regex_end(self, start: int) -> int:
        position, in_class = start + 1, False
        while step := _REGEX_STEP.search(self.text, position):
            position = step.end()
            if step[0] in "\n\r":
                return step.start()
            if step[0] == "\\":
                position += 1
            elif step[0] == "/" and not in_class:
                flags = _WORD.match(self.text, position)
                return flags.end() if flags else position
            elif step[0] in "[]":
                in_class = step[0] == "["
        return len(self.text)

    def _last(self) -> ScriptToken:
        return next((token for token in reversed(self.found) if token.shape is not Shape.COMMENT), _NOTHING)

    def _begins_expression(self) -> bool:
        last = self._last()
        match last.shape:
            case Shape.SIGN if last.word in {")", "}", "]"}:
                return self.ended in {"block", "control"}
            case Shape.SIGN:
                doubled = last.word in "+-" and self.text.startswith(last.word * 2, last.start - 1)
                return not doubled
            case Shape.WORD:
                return last.word in _BEFORE_EXPRESSION
            case Shape.CHUNK:
                return self.text.startswith("${", last.end - 2)
            case _:
                return last is _NOTHING

    def _opens_block(self) -> bool:
        last = self._last()
        blocky = last.word in {"", ";", "{", "}", ")"} or last.word in {"else", "do"}
        return blocky or (last.word == ">" and self.text[last.start - 1] == "=")


_NOTHING = ScriptToken(Shape.SIGN, -1, -1)
