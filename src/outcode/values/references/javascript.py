"""The place "JavaScript": references become variables, never source text.

    const n = {{a.count}}               → const n = __reference1
    'Hello {{a.name}}!'                 → 'Hello '.concat(__reference1, '!')
    `Hello {{a.name}}!`                 → `Hello ${__reference1}!`
    {"{{a.key}}": 1}                    → {[''.concat(__reference1)]: 1}

A bare reference's variable holds the value, with integers beyond 2^53 as text, since JavaScript would change them;
inside a literal it holds the value's text. References in comments and regular expressions are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, islice

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references.javascript_tokens import ScriptToken, Shape, script_tokens
from outcode.values.references.numbers import number_text
from outcode.values.references.resolve import completed, resolve_as_text, resolve_reference
from outcode.values.references.scope import Scope
from outcode.values.references.syntax import Reference, Template, Text
from outcode.values.references.weaving import MARK, Woven, places, weave

MAX_SAFE_INTEGER = 2**53 - 1
_DECLARING = frozenset({"const", "let", "var", "function", "class", "import", "async"})
_WORDS = re.compile(r"[\w$]+")


@dataclass(frozen=True, slots=True)
class BoundScript:
    """A script, and the values of the variables that must be defined before it runs."""

    code: str
    variables: dict[str, Json]


def bind_javascript(template: Template, scope: Scope) -> BoundScript:
    """The script with variables in place of references; raises ReferenceProblem with the reference's offset.

    >>> from outcode.values.references import Root, parse_template
    >>> bind_javascript(parse_template("return {{a.n}} + 1"), {"a": Root({"n": 5})})
    BoundScript(code='return __reference1 + 1', variables={'__reference1': 5})
    """
    if not template.references:
        return BoundScript("".join(part.value for part in template.parts if isinstance(part, Text)), {})
    known = places(template)
    return _Binder(_prepare(template, known) if known is None else _remembered(template, known), scope).bound()


def javascript_value(value: Json) -> Json:
    """The value as JavaScript can hold it: integers beyond 2^53 as text, at any depth; raises ReferenceProblem.

    >>> javascript_value({"id": 2**53, "n": 1})
    {'id': '9007199254740992', 'n': 1}
    """
    try:
        return _safe(value)
    except RecursionError as error:
        raise ReferenceProblem("value_too_deep") from error


def _safe(value: Json) -> Json:
    if type(value) is int and abs(value) > MAX_SAFE_INTEGER:
        return number_text(value)
    if type(value) is list:
        return [_safe(item) for item in value]
    if type(value) is dict:
        return {key: _safe(item) for key, item in value.items()}
    return value


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A tokenized script, the numbers of the tokens that hold references, and names that are free for variables."""

    woven: Woven
    tokens: tuple[ScriptToken, ...]
    spots: tuple[int, ...]
    names: tuple[str, ...]


def _prepare(template: Template, _places: tuple[int, ...] | None) -> _Prepared:
    woven = weave(template)
    tokens = script_tokens(woven.text)
    marks = iter([*woven.references, len(woven.text)])
    mark = next(marks)
    spots: list[int] = []
    for number, token in enumerate(tokens):
        if token.end > mark:
            spots.append(number)
            while token.end > mark:
                mark = next(marks)
    taken = set(_WORDS.findall(woven.text))
    free = (name for number in count(1) if (name := f"__reference{number}") not in taken)
    return _Prepared(woven, tuple(tokens), tuple(spots), tuple(islice(free, len(woven.references))))


_remembered = lru_cache(maxsize=512)(_prepare)


class _Binder:
    def __init__(self, prepared: _Prepared, scope: Scope) -> None:
        self.woven = prepared.woven
        self.tokens = prepared.tokens
        self.spots = prepared.spots
        self.names = iter(prepared.names)
        self.scope = scope
        self.variables: dict[str, Json] = {}

    def bound(self) -> BoundScript:
        text = self.woven.text
        written: list[str] = []
        position = 0
        for number in self.spots:
            token = self.tokens[number]
            reference = next(self.woven.within(token.start, token.end))[1]
            written.append(text[position : token.start])
            try:
                written.append(self._written(number, token, reference))
            except ReferenceProblem as problem:
                raise completed(problem, reference) from problem
            position = token.end
        written.append(text[position:])
        return BoundScript("".join(written), self.variables)

    def _written(self, number: int, token: ScriptToken, reference: Reference) -> str:
        match token.shape:
            case Shape.REFERENCE:
                return self._bare(number, token, reference)
            case Shape.STRING if token.closed:
                return self._string(number, token)
            case Shape.CHUNK if token.closed:
                return self._chunk(token)
            case Shape.COMMENT:
                raise ReferenceProblem("script_in_comment")
            case Shape.REGEX:
                raise ReferenceProblem("script_in_regex")
            case _:
                raise ReferenceProblem("script_unclosed", quote=self.woven.text[token.start])

    def _bare(self, number: int, token: ScriptToken, reference: Reference) -> str:
        before, after = self._at(number - 1), self._at(number + 1)
        if _is_wordlike(before, before.end, token.start) or _is_wordlike(after, token.end, after.start):
            raise ReferenceProblem("script_in_name")
        member = before.word == "." and not self.woven.text.startswith("...", max(before.start - 2, 0))
        if member:
            raise ReferenceProblem("script_member")
        if before.word in _DECLARING:
            raise ReferenceProblem("script_declaration", word=before.word)
        if self._is_key(number, token):
            return f"[{self._variable(javascript_value(resolve_reference(reference, self.scope)))}]"
        if token.inside == "{object" and before.word in {"{", ","} and after.word in {",", "}"}:
            raise ReferenceProblem("script_member")
        return self._variable(javascript_value(resolve_reference(reference, self.scope)))

    def _string(self, number: int, token: ScriptToken) -> str:
        quote = self.woven.text[token.start]
        pieces: list[str] = []
        position = token.start + 1
        arguments: list[str] = []
        for offset, reference in self.woven.within(token.start, token.end):
            pieces.append(self._plain(position, offset))
            if len(pieces) > 1 and pieces[-1]:
                arguments.append(quote + pieces[-1] + quote)
            arguments.append(self._variable(resolve_as_text(reference, self.scope)))
            position = offset + len(MARK)
        if rest := self.woven.text[position : token.end - 1]:
            arguments.append(quote + rest + quote)
        written = f"{quote}{pieces[0]}{quote}.concat({', '.join(arguments)})"
        return f"[{written}]" if self._is_key(number, token) else written

    def _chunk(self, token: ScriptToken) -> str:
        pieces: list[str] = []
        position = token.start
        for offset, reference in self.woven.within(token.start, token.end):
            pieces.append(self._plain(position, offset))
            pieces.append("${" + self._variable(resolve_as_text(reference, self.scope)) + "}")
            position = offset + len(MARK)
        pieces.append(self.woven.text[position : token.end])
        return "".join(pieces)

    def _plain(self, start: int, end: int) -> str:
        text = self.woven.text[start:end]
        if (len(text) - len(text.rstrip("\\"))) % 2:
            raise ReferenceProblem("reference_after_backslash")
        return text

    def _is_key(self, number: int, token: ScriptToken) -> bool:
        before, after = self._at(number - 1).word, self._at(number + 1).word
        return token.inside.startswith("{") and before in {"{", ","} and after == ":"

    def _variable(self, value: Json) -> str:
        name = next(self.names)
        self.variables[name] = value
        return name

    def _at(self, number: int) -> ScriptToken:
        return self.tokens[number] if 0 <= number < len(self.tokens) else _NOTHING


def _is_wordlike(token: ScriptToken, end: int, start: int) -> bool:
    return end == start and token.shape in {Shape.WORD, Shape.NUMBER, Shape.REFERENCE, Shape.STRING, Shape.REGEX}


_NOTHING = ScriptToken(Shape.SIGN, -1, -1)
