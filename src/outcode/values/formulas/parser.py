"""From text to :class:`Formula`, by recursive descent; from loosest to tightest:

pipe ``|``   comparison ``= != < <= > >=``   joining ``&``   ``+ -``   ``* /``   ``-`` before a value
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, cast

from outcode.values.filters.rows import known_names
from outcode.values.formulas.syntax import Binary, Column, Constant, Formula, If, Negative, Node, Operator, Piped
from outcode.values.formulas.tokens import MAX_FORMULA_LENGTH, Token, tokens
from outcode.values.problems import InputProblem, Problem, ReferenceProblem
from outcode.values.references import PIPES, Pipe, nearest
from outcode.values.references.pipes import check_arguments
from outcode.values.references.suggestions import shortened
from outcode.values.references.syntax import Scalar
from outcode.values.references.tokens import place_at

MAX_DEPTH = 30
MAX_PARTS = 300
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


@lru_cache(maxsize=1024)
def parse_formula(text: str) -> Formula:
    """Read a formula; the same text is read once and remembered.

    Raises InputProblem (``formula_*``; ReferenceProblem for a pipe) with offset, line and column.

    >>> [column.name for column in parse_formula("{unit price} * quantity").columns]
    ['unit price', 'quantity']
    """
    if len(text) > MAX_FORMULA_LENGTH:
        raise InputProblem("formula_too_long", place_at(text, MAX_FORMULA_LENGTH), limit=MAX_FORMULA_LENGTH)
    return Formula(text, _Reader(text).formula())


def check_formula(text: str, columns: Iterable[str] | None) -> list[Problem]:
    """What is wrong with a formula, empty when it is good; ``columns`` are the known names, None where unknown.

    >>> [problem.hint() for problem in check_formula("pricee * 2", ["price"])]
    ['Did you mean price?']
    """
    try:
        formula = parse_formula(text)
    except InputProblem as problem:
        return [problem]
    if columns is None:
        return []
    known = list(columns)
    return [_unknown(text, column, known) for column in formula.columns if not is_known(column.name, known)]


def is_known(name: str, columns: Iterable[str]) -> bool:
    """Whether a column of that name is there, or one whose nested objects it may lead into."""
    return name in columns or ("." in name and name.partition(".")[0] in columns)


def _unknown(text: str, column: Column, known: list[str]) -> InputProblem:
    place, name = place_at(text, column.start), shortened(column.name)
    if near := nearest(column.name, known):
        return InputProblem("formula_column_unknown_near", place, column=name, near=near)
    return InputProblem("formula_column_unknown", place, column=name, names=known_names(known))


class _Reader:
    """Reads one formula; every method leaves the current token right behind what it read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.rest = tokens(text)
        self.current = next(self.rest)
        self.depth = 0
        self.parts = 0

    def formula(self) -> Node:
        if self._ended():
            raise self._problem("formula_empty", self.current)
        whole = self._expression()
        if not self._ended():
            raise self._unexpected()
        return whole

    def _ended(self) -> bool:
        return self.current.kind == "end"

    def _expression(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._problem("formula_too_deep", self.current, limit=MAX_DEPTH)
        node = self._comparison()
        while self._takes("|"):
            node = self._part(Piped(node, self._pipe()))
        self.depth -= 1
        return node

    def _comparison(self) -> Node:
        left = self._chain(self._sum, "&")
        if self.current.kind == "sign" and self.current.value in _COMPARISONS:
            operator = cast("Operator", self._advance().value)
            return self._part(Binary(operator, left, self._chain(self._sum, "&")))
        return left

    def _sum(self) -> Node:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Node:
        return self._chain(self._signed, "*", "/")

    def _chain(self, operand: Callable[[], Node], *signs: str) -> Node:
        left = operand()
        while self.current.kind == "sign" and self.current.value in signs:
            operator = cast("Operator", self._advance().value)
            left = self._part(Binary(operator, left, operand()))
        return left

    def _signed(self) -> Node:
        negative = False
        while self._takes("-"):
            negative = not negative
        node = self._value()
        return self._part(Negative(node)) if negative else node

    def _value(self) -> Node:
        token = self._advance()
        match token.kind:
            case "number" | "text":
                return self._part(Constant(token.value))
            case "column":
                return self._part(Column(str(token.value), token.start))
            case "name" if token.value in _WORDS:
                return self._part(Constant(_WORDS[str(token.value)]))
            case "name" if self.current.kind == "sign" and self.current.value == "(":
                return self._part(self._call(token))
            case "name":
                return self._part(Column(str(token.value), token.start))
            case "sign" if token.value == "(":
                inner = self._expression()
                self._expect(")")
                return inner
            case _:
                raise self._unexpected(token)

    def _call(self, name: Token) -> Node:
        if str(name.value).lower() != "if":
            written = shortened(str(name.value), 40)
            code = "formula_pipe_called" if name.value in PIPES else "formula_function_unknown"
            raise self._problem(code, name, name=written)
        self._advance()
        arguments = [self._expression()]
        while self._takes(","):
            arguments.append(self._expression())
        if len(arguments) != 3:
            raise self._problem("formula_if_arguments", name, count=len(arguments))
        self._expect(")")
        return If(*arguments)

    def _pipe(self) -> Pipe:
        token = self._advance()
        name = str(token.value)
        if token.kind != "name":
            raise self._unexpected(token)
        place = place_at(self.text, token.start)
        if name not in PIPES:
            near = nearest(name, PIPES)
            if near is None:
                raise ReferenceProblem("pipe_unknown", place, pipe=shortened(name), names=list(PIPES))
            raise ReferenceProblem("pipe_unknown_near", place, pipe=shortened(name), near=PIPES[near].usage)
        pipe = Pipe(name, self._arguments() if self._takes("(") else ())
        try:
            check_arguments(pipe)
        except ReferenceProblem as problem:
            raise problem.at(offset=place.offset, line=place.line, column=place.column) from problem.__cause__
        return pipe

    def _arguments(self) -> tuple[Scalar, ...]:
        found: list[Scalar] = []
        while not self._takes(")"):
            if found:
                self._expect(",")
            negative = self._takes("-")
            token = self._advance()
            if token.kind == "number" and not isinstance(token.value, str):
                found.append(-token.value if negative else token.value)
            elif token.kind == "text" and not negative:
                found.append(token.value)
            elif token.kind == "name" and token.value in _WORDS and not negative:
                found.append(_WORDS[str(token.value)])
            else:
                raise self._unexpected(token)
        return tuple(found)

    def _part(self, node: Node) -> Node:
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise self._problem("formula_too_large", self.current, limit=MAX_PARTS)
        return node

    def _advance(self) -> Token:
        token = self.current
        if token.kind != "end":
            self.current = next(self.rest)
        return token

    def _takes(self, sign: str) -> bool:
        found = self.current.kind == "sign" and self.current.value == sign
        if found:
            self._advance()
        return found

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise self._unexpected()

    def _unexpected(self, token: Token | None = None) -> InputProblem:
        found = token or self.current
        if found.kind == "end":
            return self._problem("formula_incomplete", found)
        return self._problem("formula_syntax", found, found=shortened(found.written, 40))

    def _problem(self, code: str, token: Token, **details: Any) -> InputProblem:
        return InputProblem(code, place_at(self.text, token.start), **details)
