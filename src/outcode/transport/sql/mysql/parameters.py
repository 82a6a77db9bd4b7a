"""A statement's parameters: those bound from references, and those of the field *Parameters*.

References arrive already bound: ``%s`` for each, and every other ``%`` doubled. The field *Parameters* holds a list,
meant by ``%s`` in the statement, or an object, meant by ``%(name)s`` or ``:name``. Where it is given, ``%%`` means one
``%``, as drivers for Python have it; a single ``%`` is left alone. References together with placeholders of one's own
(``%s``, ``%(name)s``) are refused before they come here; ``:name`` goes with references.

Placeholders are found by the dialect's lexical rules, so that one inside quotes or a comment is text. What stands in
their place is written by the session, which knows how its server reads literals.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from outcode.transport.sql.statement import origin_of, place_of
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references import BoundQuery
from outcode.values.references.sql_mysql import MYSQL
from outcode.values.references.sql_tokens import Shape, SqlToken, sql_tokens

_PLAIN = frozenset(
    [
        "SELECT",
        "WITH",
        "VALUES",
        "TABLE",
        "SHOW",
        "EXPLAIN",
        "DESCRIBE",
        "DESC",
        "INSERT",
        "UPDATE",
        "DELETE",
        "REPLACE",
    ]
)
_READS = _PLAIN - {"INSERT", "UPDATE", "DELETE", "REPLACE"}
_LISTED, _NAMED = "%s", ":name, %(name)s"
_DOUBLED = re.compile("%%|%s")
_NOTHING = SqlToken(Shape.SIGN, -1, -1)
_EXECUTED = re.compile(r"/\*M?!")


@dataclass(frozen=True, slots=True)
class Value:
    """Something to be written as a literal."""

    value: Json


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is sent, and the way back from an offset in it to one in what was written."""

    text: str
    origin: Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement in parts: text, or a value to be written; each with its offset in ``written``.

    ``word``: the first key word in upper case. ``several``: more than one statement stands there, or a compound one.
    """

    written: str
    parts: tuple[tuple[int, str | Value], ...]
    word: str
    several: bool

    @property
    def plain(self) -> bool:
        """Whether it can only read or change rows: it ends with itself, and leaves no setting behind."""
        return self.word in _PLAIN

    @property
    def reads(self) -> bool:
        """Whether nothing is lost when its rows are not read to the end."""
        return self.word in _READS

    def rendered(self, literal: Callable[[Json], str]) -> Rendered:
        """The statement with every value written by ``literal``, set off by spaces so that it joins with nothing."""
        pieces: list[str] = []
        shifts: list[tuple[int, int]] = []
        sent = 0
        for written, part in self.parts:
            piece = f" {literal(part.value)} " if isinstance(part, Value) else part
            pieces.append(piece)
            shifts.append((sent, written))
            sent += len(piece)
        return Rendered("".join(pieces), lambda position: origin_of(shifts, position, len(self.written)))


def prepare(query: BoundQuery, parameters: Json) -> Prepared:
    """Join a bound statement with the field *Parameters*.

    Raises InputProblem ``sql_empty``, ``sql_parameters_kind``, ``sql_parameters_mixed``, ``sql_parameter_missing``,
    ``sql_parameter_count``, ``sql_comment_ambiguous``, ``sql_value_not_text``.

    >>> prepare(BoundQuery("SELECT :a + %s", (1,)), {"a": 2}).rendered(str).text
    'SELECT  2  +  1 '
    """
    text, bound = _unbound(query)
    if parameters not in (None, [], {}):
        if not isinstance(parameters, list | dict):
            raise InputProblem("sql_parameters_kind", listed=_LISTED, named=_NAMED)
        if bound and isinstance(parameters, list):
            raise InputProblem("sql_parameters_mixed", listed=_LISTED, named=":name")
    tokens = sql_tokens(text, MYSQL.lexis)
    word = _first_word(text, tokens)
    if not word:
        raise InputProblem("sql_empty")
    given = parameters or None
    found = _placeholders(text, tokens, bound, given)
    if found and any(token.shape is Shape.COMMENT and MYSQL.lexis.is_ambiguous(text, token) for token in tokens):
        raise InputProblem("sql_comment_ambiguous")
    return Prepared(text, tuple(_parts(text, found, undouble=given is not None)), word, _several(tokens))


def _unbound(query: BoundQuery) -> tuple[str, dict[int, Value]]:
    """The statement with ``?`` for each bound parameter and no ``%`` doubled, and the values by offset."""
    if not query.parameters:
        return query.text, {}
    pieces: list[str] = []
    bound: dict[int, Value] = {}
    position = length = 0
    values = iter(query.parameters)
    for match in _DOUBLED.finditer(query.text):
        pieces += [query.text[position : match.start()], "%" if match[0] == "%%" else "?"]
        length += match.start() - position
        if match[0] == "%s":
            bound[length] = _value(next(values))
        length += 1
        position = match.end()
    return "".join([*pieces, query.text[position:]]), bound


def _placeholders(
    text: str, tokens: list[SqlToken], bound: dict[int, Value], given: Json
) -> list[tuple[int, int, Value]]:
    found: list[tuple[int, int, Value]] = []
    listed = 0
    for token, after in zip(tokens, [*tokens[1:], _NOTHING], strict=True):
        if token.shape is Shape.PLACEHOLDER:
            written = text[token.start : token.end]
            if token.start in bound:
                found.append((token.start, token.end, bound[token.start]))
            elif written == "%s" and isinstance(given, list):
                if listed < len(given):
                    found.append((token.start, token.end, _value(given[listed])))
                listed += 1
            elif written.startswith("%(") and isinstance(given, dict):
                found.append((token.start, token.end, _named(text, token.start, written[2:-2], given)))
        elif token.word == ":" and after.shape is Shape.WORD and after.start == token.end and isinstance(given, dict):
            found.append((token.start, after.end, _named(text, token.start, text[after.start : after.end], given)))
    if isinstance(given, list) and listed != len(given):
        raise InputProblem("sql_parameter_count", listed=_LISTED, expected=listed, given=len(given))
    return found


def _named(text: str, offset: int, name: str, given: dict[str, Json]) -> Value:
    if name not in given:
        raise InputProblem("sql_parameter_missing", place_of(text, offset), name=name, names=sorted(given))
    return _value(given[name])


def _value(value: Json) -> Value:
    """A value as the dialect hands it to a driver: null, text, number or boolean."""
    sent = MYSQL.parameter(value)
    if isinstance(sent, str):
        try:
            sent.encode()
        except UnicodeEncodeError as error:
            raise InputProblem("sql_value_not_text") from error
    return Value(sent)


def _parts(text: str, found: list[tuple[int, int, Value]], *, undouble: bool) -> list[tuple[int, str | Value]]:
    parts: list[tuple[int, str | Value]] = []
    position = 0
    for start, end, value in [*found, (len(text), len(text), None)]:
        while undouble and (double := text.find("%%", position, start)) >= 0:
            parts.append((position, text[position : double + 1]))
            position = double + 2
        parts.append((position, text[position:start]))
        if value is not None:
            parts.append((start, value))
        position = end
    return parts


def _first_word(text: str, tokens: list[SqlToken]) -> str:
    """The first key word, else the first sign; ``/*!`` where the statement begins with a comment that is executed."""
    for token in tokens:
        if token.shape is Shape.COMMENT:
            if _EXECUTED.match(text, token.start):
                return "/*!"
        elif token.word not in {"(", ";"}:
            return token.word or text[token.start]
    return ""


def _several(tokens: list[SqlToken]) -> bool:
    ended = False
    for token in tokens:
        if token.word == ";":
            ended = True
        elif ended and token.shape is not Shape.COMMENT:
            return True
    return False
