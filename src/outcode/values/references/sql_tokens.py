"""SQL cut into tokens by a dialect's lexical rules: what is a literal, an identifier, a comment.

Only shapes are told apart, nothing is understood; a statement that is wrong in itself is the server's to refuse. The
rules are data, so that a further dialect is a further :class:`Lexis`. Every character is looked at once (a literal that
never ends is taken up to the end).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from outcode.values.references.weaving import MARK


class Shape(Enum):
    """What a token is; ``PREFIXED`` is a literal such as ``E'…'``, ``SIGN`` any other single character."""

    WORD = auto()
    NUMBER = auto()
    LITERAL = auto()
    PREFIXED = auto()
    IDENTIFIER = auto()
    COMMENT = auto()
    DOLLAR = auto()
    PLACEHOLDER = auto()
    REFERENCE = auto()
    SIGN = auto()


@dataclass(frozen=True, slots=True)
class SqlToken:
    """A token and its offsets.

    ``word`` is the upper-cased word, or the sign; ``closed`` is False where a literal's end is missing. Of literals and
    identifiers: ``opening`` and ``closing`` are how many characters stand before and after what they hold, and
    ``doubled`` is the quote that is written twice inside ("" in raw literals).
    """

    shape: Shape
    start: int
    end: int
    word: str = ""
    closed: bool = True
    opening: int = 1
    closing: int = 1
    doubled: str = ""


@dataclass(frozen=True, slots=True)
class Lexis:
    """The lexical rules of a dialect.

    ``identifier_quotes``: opening to closing quote; a closing quote is doubled inside.
    ``literal_prefixes``: words that, right before a quote, make a literal of another kind, in which no reference can
    stand; those in ``escaping_prefixes`` read backslashes as escapes. Literals with one of ``plain_prefixes``
    (``N'…'``) are literals like any other; those with one of ``raw_prefixes`` (``q'[…]'``) are, too, and end with the
    bracket and a quote.
    ``escapes``: what stands for what behind a backslash in plain literals; None where a backslash is a backslash.
    ``continued_lines``: a backslash at the end of a line joins it with the next, inside literals.
    ``ambiguous_comment``: comments of which not every version or setting of the server sees the same end.
    """

    identifier_quotes: dict[str, str]
    literal_prefixes: frozenset[str] = frozenset()
    escaping_prefixes: frozenset[str] = frozenset()
    plain_prefixes: frozenset[str] = frozenset()
    raw_prefixes: frozenset[str] = frozenset()
    escapes: dict[str, str] | None = None
    continued_lines: bool = False
    literal_quotes: str = "'"
    line_comment: re.Pattern[str] = field(default_factory=lambda: re.compile(r"--[^\n\r]*"))
    ambiguous_comment: re.Pattern[str] | None = None
    nested_comments: bool = False
    dollar_quotes: bool = False
    placeholder: re.Pattern[str] = field(default_factory=lambda: re.compile(r"\$[0-9]+"))

    def plain(self, token: SqlToken, written: str) -> str | None:
        """What a part of a literal or identifier means; None if it ends with a backslash that escapes what follows."""
        if not token.doubled:
            return written
        if token.shape is Shape.LITERAL and self.escapes is not None:
            return self._unescaped(self.escapes, token.doubled, written)
        if token.shape is Shape.LITERAL and self.continued_lines:
            written = _CONTINUED.sub("", written)
        return written.replace(token.doubled * 2, token.doubled)

    def is_ambiguous(self, text: str, token: SqlToken) -> bool:
        """Whether a comment is one of ``ambiguous_comment``."""
        pattern = self.ambiguous_comment
        return pattern is not None and pattern.match(text, token.start, token.end) is not None

    def _unescaped(self, escapes: dict[str, str], quote: str, written: str) -> str | None:
        pieces: list[str] = []
        position = 0
        for found in re.finditer(rf"\\(.?)|{quote}{quote}", written, re.DOTALL):
            if found[0] == "\\":
                return None
            meant = escapes.get(found[1], found[1]) if found[1] else quote
            pieces += [written[position : found.start()], meant]
            position = found.end()
        return "".join([*pieces, written[position:]])


# As PostgreSQL and its kin read it, every character beyond ASCII belongs to a word, even one that looks like a space.
_LETTER = r"A-Za-z_\x80-\U0010ffff"
_WORD = re.compile(rf"[{_LETTER}][{_LETTER}0-9$]*")
_NUMBER = re.compile(rf"(?:[0-9]|\.[0-9])[{_LETTER}0-9.]*")
_SPACE = re.compile(r"[ \t\n\r\f\v]+")
_DOLLAR = re.compile(rf"\$(?:[{_LETTER}][{_LETTER}0-9]*)?\$")
_COMMENT_SIGN = re.compile(r"/\*|\*/")
_CONTINUED = re.compile(r"\\\r?\n")
_BRACKETS = {"[": "]", "(": ")", "{": "}", "<": ">"}


def sql_tokens(text: str, lexis: Lexis) -> list[SqlToken]:
    """All tokens of a woven statement, spaces left out."""
    found: list[SqlToken] = []
    position = 0
    while position < len(text):
        if space := _SPACE.match(text, position):
            position = space.end()
            continue
        token = _next(text, position, lexis)
        found.append(token)
        position = token.end
    return found


def _next(text: str, start: int, lexis: Lexis) -> SqlToken:
    character = text[start]
    if character == MARK:
        return SqlToken(Shape.REFERENCE, start, start + 1)
    if character in lexis.literal_quotes:
        return _quoted(text, start, Shape.LITERAL, character, escapes=lexis.escapes is not None)
    if character in lexis.identifier_quotes:
        return _quoted(text, start, Shape.IDENTIFIER, lexis.identifier_quotes[character])
    if comment := lexis.line_comment.match(text, start):
        return SqlToken(Shape.COMMENT, start, comment.end())
    if text.startswith("/*", start):
        return _block_comment(text, start, nested=lexis.nested_comments)
    if character == "$" and lexis.dollar_quotes and (tag := _DOLLAR.match(text, start)):
        end = text.find(tag[0], tag.end())
        return SqlToken(Shape.DOLLAR, start, len(text) if end < 0 else end + len(tag[0]))
    for pattern, shape in ((lexis.placeholder, Shape.PLACEHOLDER), (_NUMBER, Shape.NUMBER)):
        if found := pattern.match(text, start):
            return SqlToken(shape, start, found.end())
    if word := _WORD.match(text, start):
        return _word(text, word, lexis)
    return SqlToken(Shape.SIGN, start, start + 1, character)


def _word(text: str, found: re.Match[str], lexis: Lexis) -> SqlToken:
    word, start, end = found[0].upper(), found.start(), found.end()
    if text.startswith("'", end):
        if word in lexis.plain_prefixes:
            quoted = _quoted(text, end, Shape.LITERAL, "'", escapes=lexis.escapes is not None)
            return replace(quoted, start=start, opening=end + 1 - start)
        if word in lexis.raw_prefixes:
            return _raw(text, start, end)
        if word in lexis.literal_prefixes:
            quoted = _quoted(text, end, Shape.PREFIXED, "'", escapes=word in lexis.escaping_prefixes)
            return replace(quoted, start=start, word=word)
    if word == "U" and "U&" in lexis.literal_prefixes and text[end : end + 2] in {"&'", '&"'}:
        return replace(_quoted(text, end + 1, Shape.PREFIXED, text[end + 1]), start=start, word="U&")
    return SqlToken(Shape.WORD, start, end, word)


def _quoted(text: str, start: int, shape: Shape, closing: str, *, escapes: bool = False) -> SqlToken:
    step = re.compile(rf"[\\{closing}]" if escapes else re.escape(closing))
    position = start + 1
    while found := step.search(text, position):
        if found[0] == "\\" or text.startswith(closing, found.end()):
            position = found.end() + 1
        else:
            return SqlToken(shape, start, found.end(), doubled=closing)
    return SqlToken(shape, start, len(text), closed=False, doubled=closing)


def _raw(text: str, start: int, quote: int) -> SqlToken:
    """``q'[…]'``: what follows the quote, or the bracket that closes it, ends it together with a quote."""
    opening = text[quote + 1 : quote + 2]
    end = text.find(_BRACKETS.get(opening, opening) + "'", quote + 2)
    closed = end >= 0 and opening not in {MARK, " ", "\t", "\n", "\r"}
    stop = end + 2 if closed else len(text)
    return SqlToken(Shape.LITERAL, start, stop, closed=closed, opening=quote + 2 - start, closing=2)


def _block_comment(text: str, start: int, *, nested: bool) -> SqlToken:
    if not nested:
        end = text.find("*/", start + 2)
        return SqlToken(Shape.COMMENT, start, len(text) if end < 0 else end + 2)
    depth, position = 1, start + 2
    while found := _COMMENT_SIGN.search(text, position):
        depth += 1 if found[0] == "/*" else -1
        position = found.end()
        if not depth:
            return SqlToken(Shape.COMMENT, start, position)
    return SqlToken(Shape.COMMENT, start, len(text))
