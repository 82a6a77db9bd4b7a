"""The place "SQL": references become bound parameters, never text of the statement.

    WHERE id = {{a.id}}                      → id = $1::int4        a bare reference
    WHERE name LIKE '%{{a.name}}%'           → LIKE $1              the whole literal is one parameter
    WHERE at > now() - INTERVAL '{{n}} days' → CAST($1 AS INTERVAL)
    WHERE id IN ({{a.ids}})                  → IN ($1::int4, $2::int4, …); an empty list: IN (NULL), true of no row
    SELECT "{{a.column}}"                    → "the value"          quoted as an identifier

Refused with their place: references in comments, dollar quotes, prefixed literals such as ``E'…'``, or where a table or
column is named without quotes; lists elsewhere than in ``IN (…)``. Placeholders, quotes and how the parameters reach
the driver are the dialect's: see ``sql_postgresql.py``, ``sql_mysql.py``, ``sql_sqlserver.py``, ``sql_oracle.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references.numbers import is_number
from outcode.values.references.rendering import type_name
from outcode.values.references.resolve import completed, resolve_as_text, resolve_reference
from outcode.values.references.scope import Scope
from outcode.values.references.sql_dialect import Dialect, DialectName
from outcode.values.references.sql_dialects import DIALECTS
from outcode.values.references.sql_tokens import Shape, SqlToken, sql_tokens
from outcode.values.references.syntax import Reference, Template, Text
from outcode.values.references.weaving import MARK, Woven, places, weave

_WORDLIKE = re.compile(r"[A-Za-z0-9_$\x80-\U0010ffff]")
_FROM_IN_FUNCTIONS = frozenset({"EXTRACT", "SUBSTRING", "SUBSTR", "MID", "TRIM", "OVERLAY"})
_CAST = "CAST({value} AS {type})"
_NEVER = SqlToken(Shape.SIGN, 0, 0)


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """A statement and the values of its placeholders, in order."""

    text: str
    parameters: tuple[Json, ...] = ()


def bind_sql(template: Template, scope: Scope, dialect: DialectName) -> BoundQuery:
    """The statement with placeholders, and what to bind to them; raises ReferenceProblem with the reference's offset.

    >>> from outcode.values.references import Root, parse_template
    >>> bind_sql(parse_template("SELECT * FROM t WHERE n = '{{a.n}}'"), {"a": Root({"n": 5})}, "postgresql")
    BoundQuery(text='SELECT * FROM t WHERE n = $1', parameters=('5',))
    """
    if not template.references:
        return BoundQuery("".join(part.value for part in template.parts if isinstance(part, Text)))
    known = places(template)
    prepared = _prepare(template, known, dialect) if known is None else _remembered(template, known, dialect)
    return _Binder(prepared, scope, DIALECTS[dialect]).bound()


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A tokenized statement, with the tokens that hold references: number and innermost function or ``IN``."""

    woven: Woven
    tokens: tuple[SqlToken, ...]
    spots: tuple[tuple[int, str], ...]


def _prepare(template: Template, _places: tuple[int, ...] | None, dialect: DialectName) -> _Prepared:
    woven = weave(template)
    lexis = DIALECTS[dialect].lexis
    tokens = sql_tokens(woven.text, lexis)
    marks = iter([*woven.references, len(woven.text)])
    mark = next(marks)
    spots: list[tuple[int, str]] = []
    functions: list[str] = []
    for number, token in enumerate(tokens):
        if token.word == "(":
            before = tokens[number - 1] if number else _NEVER
            functions.append(before.word if before.shape is Shape.WORD else "")
        elif token.word == ")" and functions:
            functions.pop()
        elif token.shape is Shape.PLACEHOLDER:
            raise ReferenceProblem("sql_own_placeholder", found=woven.text[token.start : token.end])
        elif token.shape is Shape.COMMENT and lexis.is_ambiguous(woven.text, token):
            raise ReferenceProblem("sql_comment_ambiguous")
        if token.end > mark:
            spots.append((number, functions[-1] if functions else ""))
            while token.end > mark:
                mark = next(marks)
    return _Prepared(woven, tuple(tokens), tuple(spots))


_remembered = lru_cache(maxsize=512)(_prepare)


class _Binder:
    def __init__(self, prepared: _Prepared, scope: Scope, dialect: Dialect) -> None:
        self.woven = prepared.woven
        self.tokens = prepared.tokens
        self.spots = prepared.spots
        self.scope = scope
        self.dialect = dialect
        self.function = ""
        self.parameters: list[Json] = []
        self.edits: list[tuple[int, int, str]] = []

    def bound(self) -> BoundQuery:
        for number, function in self.spots:
            token = self.tokens[number]
            reference = next(self.woven.within(token.start, token.end))[1]
            self.function = function
            try:
                self._bind(number, token, reference)
            except ReferenceProblem as problem:
                raise completed(problem, reference) from problem
        text = self._edited()
        if self.dialect.inlined and self.parameters:
            text = text.replace("%", "%%")
        pieces = [
            piece + self.dialect.placeholder(number) for number, piece in enumerate(text.split(MARK)[:-1], start=1)
        ]
        return BoundQuery("".join([*pieces, text.rpartition(MARK)[2]]), tuple(self.parameters))

    def _bind(self, number: int, token: SqlToken, reference: Reference) -> None:
        match token.shape:
            case Shape.REFERENCE:
                self.edits.append((token.start, token.end, self._bare(number, token, reference)))
            case Shape.LITERAL if token.closed:
                self._literal(number, token)
            case Shape.IDENTIFIER if token.closed:
                self._identifier(token)
            case Shape.LITERAL | Shape.IDENTIFIER:
                raise ReferenceProblem("sql_unclosed", quote=token.doubled or "'")
            case Shape.PREFIXED:
                raise ReferenceProblem("sql_in_prefixed", prefix=token.word)
            case Shape.COMMENT:
                raise ReferenceProblem("sql_in_comment")
            case _:
                raise ReferenceProblem("sql_in_dollar")

    def _bare(self, number: int, token: SqlToken, reference: Reference) -> str:
        before, after = self._at(number - 1), self._at(number + 1)
        glued_before = before.end == token.start and before.shape is not Shape.SIGN
        glued_after = after.start == token.end and after.shape is not Shape.SIGN and after is not _NEVER
        if glued_before or glued_after or "." in {before.word, after.word} or after.word == "(":
            raise ReferenceProblem("sql_in_name", quoted=self.dialect.quoted_name)
        if self._names_something(number, before):
            raise ReferenceProblem("sql_as_name", word=before.word, quoted=self.dialect.quoted_name)
        value = resolve_reference(reference, self.scope)
        if type(value) is not list:
            # Written right behind a minus sign, a negative number would begin a comment.
            guarded = self.dialect.inlined and before.word == "-" and is_number(value) and value < 0
            return f"({self._parameter(value, number)})" if guarded else self._parameter(value, number)
        listed = before.word in {"(", ","} and after.word in {",", ")"}
        if not (listed and self.function == "IN"):
            raise ReferenceProblem("sql_list", length=len(value))
        return ", ".join(self._element(item, number) for item in value) or "NULL"

    def _element(self, value: Json, number: int) -> str:
        if type(value) in {list, dict}:
            raise ReferenceProblem("sql_list_element", got=type_name(value))
        return self._parameter(value, number)

    def _names_something(self, number: int, before: SqlToken) -> bool:
        if before.shape is not Shape.WORD or before.word not in self.dialect.names_follow:
            return False
        if before.word == "FROM":
            compared = self._at(number - 2).word == "DISTINCT"
            return not compared and self.function not in _FROM_IN_FUNCTIONS
        return True

    def _literal(self, number: int, token: SqlToken) -> None:
        text = self._unquoted(token, lambda reference: resolve_as_text(reference, self.scope))
        start, end, kind = token.start, token.end, self._type_before(number)
        if kind is not None:
            start = kind
            type_text = self.woven.text[start : token.start].strip()
            unit = self._at(number + 1)
            form = self.dialect.typed_literals.get(type_text.upper(), _CAST)
            if type_text.upper() == "INTERVAL" and unit.word in self.dialect.interval_units:
                added, form = self.dialect.interval_units[unit.word]
                text, end = text + added, unit.end
                if self._at(number + 2).word in {"TO", "("}:
                    raise ReferenceProblem("sql_in_interval")
            elif not form:
                raise ReferenceProblem("sql_in_interval")
            written = form.format(value=self._placeholder(text), type=type_text)
        else:
            if self._in_list(number) and self._is_whole_list(token):
                raise ReferenceProblem("sql_list_quoted")
            written = self._parameter(text, number)
        self.edits.append((start, end, written))

    def _in_list(self, number: int) -> bool:
        return self.function == "IN" and self._at(number + 1).word in {",", ")"}

    def _is_whole_list(self, token: SqlToken) -> bool:
        reference = self.woven.first_within(token.start, token.end)
        if token.end - token.start != token.opening + len(MARK) + token.closing or reference is None:
            return False
        return type(resolve_reference(reference, self.scope)) is list

    def _type_before(self, number: int) -> int | None:
        """Where the type's name starts that stands before a literal: ``TIMESTAMP(3) WITH TIME ZONE '…'``."""
        words = [self._at(number - back).word for back in range(1, 9)]
        back = 0
        if words[:2] == ["ZONE", "TIME"] and words[2] in {"WITH", "WITHOUT"}:
            back = 3
        if words[back] == ")" and self._at(number - back - 2).shape is Shape.NUMBER and words[back + 2] == "(":
            back += 3
        named = self._at(number - back - 1)
        if named.shape is not Shape.WORD or not self.dialect.typed_literals:
            return None
        if named.word == "PRECISION" and words[back + 1] == "DOUBLE":
            return self._at(number - back - 2).start
        if named.word == "VARYING" and words[back + 1] in {"CHARACTER", "CHAR", "BIT"}:
            return self._at(number - back - 2).start
        return named.start if named.word in self.dialect.typed_literals else None

    def _identifier(self, token: SqlToken) -> None:
        opening, closing = self.woven.text[token.start], token.doubled
        name = self._unquoted(token, self._name_part)
        _require_whole_characters(name)
        if self.dialect.identifier_refused.search(name):
            raise ReferenceProblem("sql_identifier_character")
        if self.dialect.identifier_size(name) > self.dialect.max_identifier:
            raise ReferenceProblem("sql_identifier_long", limit=self.dialect.max_identifier)
        self.edits.append((token.start, token.end, opening + name.replace(closing, closing * 2) + closing))

    def _name_part(self, reference: Reference) -> str:
        got = type_name(resolve_reference(reference, self.scope))
        value = resolve_as_text(reference, self.scope) if got in {"text", "number"} else ""
        if not value:
            raise ReferenceProblem("sql_identifier_value", got=got)
        return value

    def _unquoted(self, token: SqlToken, value: Callable[[Reference], str]) -> str:
        """What a literal or identifier holds, with the values put in."""
        pieces: list[str] = []
        position = token.start + token.opening
        for offset, reference in self.woven.within(token.start, token.end):
            pieces.append(self._plain(token, position, offset))
            pieces.append(value(reference))
            position = offset + len(MARK)
        pieces.append(self._plain(token, position, token.end - token.closing))
        return "".join(pieces)

    def _plain(self, token: SqlToken, start: int, end: int) -> str:
        meant = self.dialect.lexis.plain(token, self.woven.text[start:end])
        if meant is None:
            raise ReferenceProblem("reference_after_backslash")
        return meant

    def _parameter(self, value: Json, number: int) -> str:
        placeholder = self._placeholder(value)
        if cast := self.dialect.typed(value):
            return placeholder + cast
        untyped = self.function in self.dialect.untyped_functions
        return placeholder + (self.dialect.text_cast if untyped or self._is_null_test(number) else "")

    def _placeholder(self, value: Json) -> str:
        sent = self.dialect.parameter(value)
        if isinstance(sent, str):
            _require_whole_characters(sent)
            if "\0" in sent and not self.dialect.takes_nul:
                raise ReferenceProblem("sql_character")
        if len(self.parameters) >= self.dialect.max_parameters:
            raise ReferenceProblem("sql_too_many", limit=self.dialect.max_parameters)
        self.parameters.append(sent)
        return MARK

    def _is_null_test(self, number: int) -> bool:
        after = [self._at(number + step).word for step in (1, 2, 3)]
        return after[0] in {"ISNULL", "NOTNULL"} or (after[0] == "IS" and "NULL" in after[1 : 2 + (after[1] == "NOT")])

    def _at(self, number: int) -> SqlToken:
        return self.tokens[number] if 0 <= number < len(self.tokens) else _NEVER

    def _edited(self) -> str:
        """The statement with a mark for each parameter."""
        text, quotes = self.woven.text, self.dialect.lexis.identifier_quotes
        written: list[str] = []
        position = 0
        for start, end, replacement in self.edits:
            before, after = text[start - 1 : start], text[end : end + 1]
            written.append(text[position:start])
            apart = (_WORDLIKE.match(before) or before == ":") and replacement[0] not in quotes
            written.append(" " if apart else "")
            written.append(replacement)
            written.append(" " if _WORDLIKE.match(after) else "")
            position = end
        written.append(text[position:])
        return "".join(written)


def _require_whole_characters(text: str) -> None:
    """No server takes half of a character pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ReferenceProblem("sql_character") from None
