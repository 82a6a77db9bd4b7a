"""The closed list of pipes: one entry each, with what it takes, what it gives, its words and an example.

Completion, the documentation and the checks at save time all read this list; the tests run every example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references import dates, numbers, pipe_functions
from outcode.values.references.rendering import json_text, type_name
from outcode.values.references.syntax import Pipe, Scalar

Takes = Literal["text", "whole", "digits", "number", "any"]
EVERYTHING = frozenset({"text", "number", "boolean", "null", "list", "object", "file", "datetime", "date"})
_TEXT = frozenset({"text"})
_NUMBER = frozenset({"number"})
_LIST = frozenset({"list"})
_DATE = frozenset({"text", "datetime", "date"})


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: ``takes`` text, a whole number, a count of digits, any number, or any scalar."""

    name: str
    takes: Takes
    optional: bool = False
    may_be_empty: bool = True


@dataclass(frozen=True, slots=True)
class PipeEntry:
    """One pipe. ``accepts`` are the types of value it works on; ``example`` is (written pipe, value, result)."""

    name: str
    accepts: frozenset[str]
    arguments: tuple[Argument, ...]
    apply: Callable[..., Json]
    english: str
    korean: str
    example: tuple[str, Json, Json]

    @property
    def usage(self) -> str:
        """How it is written, by example: ``replace("a", "b")``."""
        return self.example[0]


def _default(value: Json, fallback: Scalar) -> Json:
    return fallback if value is None else value


def _round(value: int | Decimal, digits: int = 0) -> int | Decimal:
    return numbers.round_half_even(value, digits)


_entries = (
    PipeEntry(
        "default",
        EVERYTHING,
        (Argument("value", "any"),),
        _default,
        "Stands in when the key is missing or the value is null.",
        "키가 없거나 값이 null이면 대신 씁니다.",
        ('default("none")', None, "none"),
    ),
    PipeEntry(
        "upper", _TEXT, (), str.upper, "All letters upper case.", "모두 대문자로 바꿉니다.", ("upper", "ann", "ANN")
    ),
    PipeEntry(
        "lower", _TEXT, (), str.lower, "All letters lower case.", "모두 소문자로 바꿉니다.", ("lower", "Ann", "ann")
    ),
    PipeEntry(
        "trim", _TEXT, (), str.strip, "Spaces at both ends removed.", "앞뒤 공백을 없앱니다.", ("trim", " ann ", "ann")
    ),
    PipeEntry(
        "replace",
        _TEXT,
        (Argument("old", "text", may_be_empty=False), Argument("new", "text")),
        pipe_functions.replace,
        "Every occurrence replaced.",
        "나오는 곳마다 바꿉니다.",
        ('replace("-", "")', "010-12-34", "0101234"),
    ),
    PipeEntry(
        "split",
        _TEXT,
        (Argument("separator", "text", may_be_empty=False),),
        str.split,
        "Text cut into a list.",
        "텍스트를 나누어 목록으로 만듭니다.",
        ('split(",")', "a,b", ["a", "b"]),
    ),
    PipeEntry(
        "join",
        _LIST,
        (Argument("separator", "text", optional=True),),
        pipe_functions.join,
        "A list as one text.",
        "목록을 한 텍스트로 잇습니다.",
        ('join(", ")', ["a", 1], "a, 1"),
    ),
    PipeEntry(
        "first",
        _LIST,
        (),
        pipe_functions.first,
        "The first element; null of an empty list.",
        "첫 요소. 빈 목록이면 null입니다.",
        ("first", [3, 4], 3),
    ),
    PipeEntry(
        "last",
        _LIST,
        (),
        pipe_functions.last,
        "The last element; null of an empty list.",
        "마지막 요소. 빈 목록이면 null입니다.",
        ("last", [3, 4], 4),
    ),
    PipeEntry(
        "length",
        frozenset({"text", "list", "object"}),
        (),
        len,
        "How many characters, elements or keys.",
        "글자, 요소, 키의 개수입니다.",
        ("length", [3, 4], 2),
    ),
    PipeEntry(
        "number",
        _TEXT | _NUMBER,
        (),
        pipe_functions.number,
        "Text such as 12.50 as a number.",
        "12.50 같은 텍스트를 숫자로 바꿉니다.",
        ("number", " 12.50 ", Decimal("12.5")),
    ),
    PipeEntry(
        "round",
        _NUMBER,
        (Argument("digits", "digits", optional=True),),
        _round,
        "Rounded, halves to the even neighbour.",
        "반올림합니다(5는 짝수 쪽으로).",
        ("round(2)", Decimal("2.345"), Decimal("2.34")),
    ),
    PipeEntry(
        "add",
        _NUMBER,
        (Argument("number", "number"),),
        numbers.add,
        "The sum, exact.",
        "정확히 더합니다.",
        ("add(1)", Decimal("0.5"), Decimal("1.5")),
    ),
    PipeEntry(
        "multiply",
        _NUMBER,
        (Argument("number", "number"),),
        numbers.multiply,
        "The product, exact.",
        "정확히 곱합니다.",
        ("multiply(1000)", Decimal("1.5"), 1500),
    ),
    PipeEntry(
        "date",
        _DATE,
        (Argument("pattern", "text", may_be_empty=False), Argument("zone", "text", optional=True)),
        dates.write_date,
        "A date or time by pattern, in a time zone.",
        "날짜와 시각을 패턴과 시간대에 맞춰 씁니다.",
        ('date("YYYY-MM-DD", "Asia/Seoul")', "2026-11-21T15:30:00Z", "2026-11-22"),
    ),
    PipeEntry(
        "addDays",
        _DATE,
        (Argument("days", "whole"),),
        dates.add_days,
        "Days later, or earlier when negative; the form stays.",
        "며칠 뒤(음수면 앞)로 옮기고 형식은 그대로 둡니다.",
        ("addDays(-1)", "2026-11-21", "2026-11-20"),
    ),
    PipeEntry(
        "json",
        EVERYTHING,
        (),
        json_text,
        "The value as JSON text.",
        "값을 JSON 텍스트로 씁니다.",
        ("json", {"a": [1, None]}, '{"a":[1,null]}'),
    ),
    PipeEntry(
        "urlencode",
        EVERYTHING - {"file"},
        (),
        pipe_functions.urlencode,
        "Percent-encoded for a URL.",
        "URL에 넣도록 퍼센트 인코딩합니다.",
        ("urlencode", "a b/c", "a%20b%2Fc"),
    ),
    PipeEntry(
        "slice",
        _TEXT | _LIST,
        (Argument("start", "whole"), Argument("end", "whole", optional=True)),
        pipe_functions.cut,
        "A part of a text or list, end not included.",
        "텍스트나 목록의 일부(끝은 빼고)입니다.",
        ("slice(0, 2)", "hello", "he"),
    ),
    PipeEntry(
        "sum",
        _LIST,
        (),
        pipe_functions.total,
        "The exact sum of a list of numbers.",
        "숫자 목록을 정확히 더합니다.",
        ("sum", [Decimal("0.1"), Decimal("0.2")], Decimal("0.3")),
    ),
    PipeEntry(
        "unique",
        _LIST,
        (),
        pipe_functions.unique,
        "Each element once, in order.",
        "같은 요소를 한 번만 남깁니다.",
        ("unique", [1, 2, 1], [1, 2]),
    ),
)
PIPES: dict[str, PipeEntry] = {entry.name: entry for entry in _entries}


def check_arguments(pipe: Pipe) -> None:
    """Check a known pipe's arguments; raises ReferenceProblem ``pipe_arguments`` (or what is wrong with a zone)."""
    entry = PIPES[pipe.name]
    required = sum(not argument.optional for argument in entry.arguments)
    fits = required <= len(pipe.arguments) <= len(entry.arguments) and all(
        _fits(argument, value) for argument, value in zip(entry.arguments, pipe.arguments, strict=False)
    )
    if not fits:
        raise ReferenceProblem("pipe_arguments", pipe=pipe.name, usage=entry.usage)
    if pipe.name == "date":
        if len(str(pipe.arguments[0])) > dates.MAX_PATTERN_LENGTH:
            raise ReferenceProblem("pipe_arguments", pipe=pipe.name, usage=entry.usage)
        if len(pipe.arguments) == 2:
            dates.zone(str(pipe.arguments[1]))


def apply_pipe(pipe: Pipe, value: Json) -> Json:
    """The value after the pipe; raises ReferenceProblem, naming the pipe, for a value it cannot work on.

    >>> apply_pipe(Pipe("add", (1,)), 2)
    3
    """
    entry = PIPES[pipe.name]
    got = type_name(value)
    if got not in entry.accepts:
        expected = sorted(entry.accepts)
        raise ReferenceProblem("pipe_wrong_type", pipe=pipe.name, got=got, expected=expected)
    try:
        return entry.apply(value, *pipe.arguments)
    except ReferenceProblem as problem:
        raise ReferenceProblem(problem.code, problem.place, **{"pipe": pipe.name} | problem.details) from problem


def _fits(argument: Argument, value: Scalar) -> bool:
    match argument.takes:
        case "any":
            return True
        case "text":
            return isinstance(value, str) and (argument.may_be_empty or value != "")
        case "number":
            return numbers.is_number(value)
        case "whole":
            return type(value) is int and abs(value) <= 100_000_000
        case "digits":
            return type(value) is int and abs(value) <= 100
