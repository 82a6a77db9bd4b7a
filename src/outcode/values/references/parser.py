r"""From text to :class:`Template`: finds ``{{``, honours ``\{{``, and reads each reference by recursive descent.

Backslashes right before ``{{`` count in pairs: ``\{{`` is a literal ``{{``, ``\\{{`` is one backslash and then a
reference. Of three opening braces the last two open the reference, as in ``{"key":{{{a.name}}: 1}}``; four are refused.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from outcode.values.problems import ReferenceProblem
from outcode.values.references.pipes import PIPES, check_arguments
from outcode.values.references.printing import print_reference
from outcode.values.references.suggestions import nearest, shortened
from outcode.values.references.syntax import Each, Index, Key, Meta, Pipe, Reference, Scalar, Step, Template, Text
from outcode.values.references.tokens import Kind, Token, Tokens, place_at

MAX_TEMPLATE_LENGTH = 1_000_000
MAX_REFERENCES = 10_000
MAX_STEPS = 64
MAX_PIPES = 16
SMALL = 16_384
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_ROOT = re.compile(r"[^\W\d]\w*")


def parse_template(text: str) -> Template:
    """Read a template; the same text is read once and remembered.

    Raises ReferenceProblem with offset, line and column of what is wrong.

    >>> parse_template("Hi {{a.name | upper}}").references[0].pipes
    (Pipe(name='upper', arguments=()),)
    """
    return _parse_small(text) if len(text) <= SMALL else _parse_large(text)


def _parse(text: str) -> Template:
    if len(text) > MAX_TEMPLATE_LENGTH:
        raise ReferenceProblem("template_too_long", place_at(text, MAX_TEMPLATE_LENGTH), limit=MAX_TEMPLATE_LENGTH)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ReferenceProblem("template_character", place_at(text, error.start)) from None
    parts: list[Text | Reference] = []
    plain: list[str] = []
    position = count = counted = line_start = 0
    line = 1
    while (opening := text.find("{{", position)) >= 0:
        before = opening
        while before > position and text[before - 1] == "\\":
            before -= 1
        slashes = opening - before
        plain.append(text[position:before] + "\\" * (slashes // 2))
        if slashes % 2:
            plain.append("{{")
            position = opening + 2
            continue
        if text.startswith("{{{{", opening):
            raise ReferenceProblem("reference_braces", place_at(text, opening))
        if text.startswith("{{{", opening):
            plain.append("{")
            opening += 1
        line += text.count("\n", counted, opening)
        line_start = max(line_start, text.rfind("\n", counted, opening) + 1)
        counted = opening
        reference = _Reader(text, opening, line, opening - line_start + 1).reference()
        count += 1
        if count > MAX_REFERENCES:
            raise ReferenceProblem("reference_too_many", place_at(text, opening), limit=MAX_REFERENCES)
        _flush(plain, parts)
        parts.append(reference)
        position = reference.end
    plain.append(text[position:])
    _flush(plain, parts)
    return Template(tuple(parts))


_parse_small = lru_cache(maxsize=4096)(_parse)
_parse_large = lru_cache(maxsize=16)(_parse)


def _flush(plain: list[str], parts: list[Text | Reference]) -> None:
    if joined := "".join(plain):
        parts.append(Text(joined))
    plain.clear()


class _Reader:
    """Reads one reference; every method leaves the current token right behind what it read."""

    def __init__(self, text: str, opening: int, line: int, column: int) -> None:
        self.text = text
        self.opening = opening
        self.line = line
        self.column = column
        self.tokens = Tokens(text, opening)

    def reference(self) -> Reference:
        root = self._root()
        path = self._path(root)
        pipes = self._pipes(root, path)
        end = self.tokens.current
        if end.kind is not Kind.END:
            raise self._not_a_reference(end, Reference(root, path, pipes))
        return Reference(root, path, pipes, self.opening, end.end, self.line, self.column)

    def _root(self) -> str:
        token = self.tokens.current
        if token.kind is Kind.END:
            raise self._problem("reference_empty", token)
        if token.kind is Kind.NAME and _ROOT.fullmatch(str(token.value)):
            return str(self.tokens.advance().value)
        raise self._unexpected(token, "a, b, trigger, run, now")

    def _path(self, root: str) -> tuple[Step, ...]:
        steps: list[Step] = []
        while True:
            token = self.tokens.current
            if len(steps) > MAX_STEPS:
                raise self._problem("reference_too_deep", token, limit=MAX_STEPS)
            if token.kind is Kind.DOT:
                self.tokens.advance()
                key = self.tokens.current
                if key.kind is not Kind.NAME:
                    raise self._unexpected(key, ".key")
                self.tokens.advance()
                steps.append(Meta() if key.value == "$meta" and not steps else Key(str(key.value)))
                if self.tokens.current.kind is Kind.OPEN:
                    raise self._called(Reference(root, tuple(steps[:-1])), str(key.value))
            elif token.kind is Kind.OPEN_BRACKET:
                self.tokens.advance()
                steps.append(self._bracketed())
            else:
                return tuple(steps)

    def _bracketed(self) -> Step:
        token = self.tokens.advance()
        step: Step
        if token.kind is Kind.TEXT:
            step = Key(str(token.value))
        elif token.kind is Kind.STAR:
            step = Each()
        elif token.kind is Kind.NUMBER and isinstance(token.value, int) and abs(token.value) < 10**12:
            step = Index(token.value)
        else:
            raise self._unexpected(token, '[0], [-1], [*], ["key"]')
        if self.tokens.current.kind is not Kind.CLOSE_BRACKET:
            raise self._unexpected(self.tokens.current, "]")
        self.tokens.advance()
        return step

    def _pipes(self, root: str, path: tuple[Step, ...]) -> tuple[Pipe, ...]:
        pipes: list[Pipe] = []
        while self.tokens.current.kind is Kind.PIPE:
            bar = self.tokens.advance()
            if len(pipes) >= MAX_PIPES:
                raise self._problem("pipe_too_many", bar, limit=MAX_PIPES)
            token = self.tokens.current
            if token.kind is Kind.PIPE:
                self.tokens.advance()
                written = self.tokens.current
                fallback = written.value if written.kind in {Kind.TEXT, Kind.NUMBER} else "…"
                instead = print_reference(Reference(root, path, (*pipes, Pipe("default", (fallback,)))))
                raise self._problem("reference_expression_instead", bar, found="||", instead=instead)
            if token.kind is not Kind.NAME:
                raise self._unexpected(token, "| default, | upper, | number …")
            self.tokens.advance()
            pipes.append(self._pipe(token))
        return tuple(pipes)

    def _pipe(self, token: Token) -> Pipe:
        name = str(token.value)
        if name not in PIPES:
            near = nearest(name, PIPES)
            if near is None:
                raise self._problem("pipe_unknown", token, pipe=shortened(name), names=list(PIPES))
            raise self._problem("pipe_unknown_near", token, pipe=shortened(name), near=PIPES[near].usage)
        pipe = Pipe(name, self._arguments() if self.tokens.current.kind is Kind.OPEN else ())
        try:
            check_arguments(pipe)
        except ReferenceProblem as problem:
            place = place_at(self.text, token.start)
            raise problem.at(offset=place.offset, line=place.line, column=place.column) from problem.__cause__
        return pipe

    def _arguments(self) -> tuple[Scalar, ...]:
        self.tokens.advance()
        found: list[Scalar] = []
        while self.tokens.current.kind is not Kind.CLOSE:
            if found:
                if self.tokens.current.kind is not Kind.COMMA:
                    raise self._unexpected(self.tokens.current, ",  )")
                self.tokens.advance()
            token = self.tokens.advance()
            if token.kind in {Kind.TEXT, Kind.NUMBER}:
                found.append(token.value)
            elif token.kind is Kind.NAME and token.value in _WORDS:
                found.append(_WORDS[str(token.value)])
            else:
                raise self._unexpected(token, '"text", 1, true, false, null')
        self.tokens.advance()
        return tuple(found)

    def _not_a_reference(self, token: Token, so_far: Reference) -> ReferenceProblem:
        if token.kind is Kind.NOTHING or self._found(token) == "}":
            return self._problem("reference_unclosed", token, reference=shortened(print_reference(so_far)))
        sign = self._found(token)
        number: int | Decimal | None = None
        if token.kind is Kind.NUMBER and isinstance(token.value, int | Decimal) and sign.startswith("-"):
            sign, number = "+", token.value
        else:
            self.tokens.advance()
            follower = self.tokens.current
            if follower.kind is Kind.NUMBER and isinstance(follower.value, int | Decimal):
                number = follower.value
        pipe = None if number is None else _arithmetic(sign, number)
        if pipe is None:
            return self._problem("reference_expression", token, found=sign)
        instead = print_reference(Reference(so_far.root, so_far.path, (*so_far.pipes, pipe)))
        return self._problem("reference_expression_instead", token, found=self._found(token), instead=instead)

    def _called(self, so_far: Reference, method: str) -> ReferenceProblem:
        known = {"toUpperCase": "upper", "toLowerCase": "lower", "replaceAll": "replace", "substring": "slice"}
        known |= {"toFixed": "round", "format": "date", "trim": "trim", "join": "join", "split": "split"}
        known |= {"replace": "replace", "slice": "slice"}
        found = shortened(method) + "("
        if method not in known:
            return self._problem("reference_expression", self.tokens.current, found=found)
        whole = print_reference(so_far)
        instead = f"{whole[:-2]} | {PIPES[known[method]].usage}}}}}"
        return self._problem("reference_expression_instead", self.tokens.current, found=found, instead=instead)

    def _unexpected(self, token: Token, expected: str) -> ReferenceProblem:
        if token.kind is Kind.NOTHING or token.kind is Kind.END:
            return self._problem("reference_incomplete", token, expected=expected)
        return self._problem("reference_syntax", token, found=self._found(token), expected=expected)

    def _found(self, token: Token) -> str:
        return shortened(self.text[token.start : token.end])

    def _problem(self, code: str, token: Token, **details: Any) -> ReferenceProblem:
        return ReferenceProblem(code, place_at(self.text, token.start), **details)


def _arithmetic(sign: str, number: int | Decimal) -> Pipe | None:
    match sign:
        case "*":
            return Pipe("multiply", (number,))
        case "+":
            return Pipe("add", (number,))
        case "-":
            return Pipe("add", (-number,))
        case "/" if number in {2, 4, 5, 8, 10, 100, 1_000, 10_000, 100_000, 1_000_000}:
            return Pipe("multiply", (Decimal(1) / Decimal(number),))
        case _:
            return None
