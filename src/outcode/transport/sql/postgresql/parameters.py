"""A statement's parameters: those bound from references, and those of the field *Parameters*.

References arrive already bound (``$1``, ``$2``, …, each text or NULL). The field *Parameters* holds a list, meant by
``$1 …`` in the statement, or an object, meant by ``:name``. A list together with references would make ``$1`` mean two
things and is refused; ``:name`` goes with both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from outcode.transport.sql.statement import origin_of, place_of
from outcode.values.json import Json, dumps
from outcode.values.problems import InputProblem
from outcode.values.references import BoundQuery

MOST_PARAMETERS = 32_767
"""asyncpg's limit; the protocol's is 65,535."""

_SKIPPED = re.compile(
    r"""
      (?P<line_comment>--[^\n]*)
    | (?P<comment>/\*)
    | (?P<escaped>(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'?)
    | (?P<text>'(?:[^']|'')*'?)
    | (?P<quoted>"(?:[^"]|"")*"?)
    | (?P<dollar>(?<![\w$])\$(?P<tag>[^\W\d]\w*)?\$)
    | (?P<cast>::)
    | (?P<open>\[) | (?P<close>\])
    | (?P<name>:(?P<key>[^\W\d]\w*))
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is sent: text, values, and the way back from an offset in it to one in the user's statement."""

    text: str
    values: tuple[Json, ...]
    origin: Callable[[int], int]


def prepare(query: BoundQuery, parameters: Json) -> Prepared:
    """Join a bound statement with the field *Parameters*.

    Raises InputProblem ``sql_empty``, ``sql_parameters_kind``, ``sql_parameters_mixed``, ``sql_parameter_missing``,
    ``sql_too_many_parameters``.
    """
    if not first_word(query.text):
        raise InputProblem("sql_empty")
    bound = tuple(query.parameters)
    if parameters in (None, [], {}):
        made = Prepared(query.text, bound, lambda offset: offset)
    elif isinstance(parameters, list):
        if bound:
            raise InputProblem("sql_parameters_mixed", listed="$1", named=":name")
        made = Prepared(query.text, tuple(parameters), lambda offset: offset)
    elif isinstance(parameters, dict):
        made = _named(query.text, bound, parameters)
    else:
        raise InputProblem("sql_parameters_kind", listed="$1", named=":name")
    if len(made.values) > MOST_PARAMETERS:
        raise InputProblem("sql_too_many_parameters", count=len(made.values), limit=MOST_PARAMETERS)
    return made


def first_word(statement: str) -> str:
    """The statement's first key word in lower case, comments and parentheses skipped; empty when there is none.

    >>> first_word("-- all of them\\n/* really */ (SELECT 1)"), first_word(" ; ")
    ('select', '')
    """
    offset = 0
    while offset < len(statement):
        if statement.startswith("--", offset):
            end = statement.find("\n", offset)
            offset = len(statement) if end < 0 else end
        elif statement.startswith("/*", offset):
            offset = _comment_end(statement, offset)
        elif statement[offset].isspace() or statement[offset] in "(;":
            offset += 1
        else:
            word = re.compile(r"\w*").match(statement, offset)
            return word[0].lower() if word and word[0] else statement[offset]
    return ""


def argument(value: Json, *, as_list: bool) -> str | None:
    """The text that PostgreSQL reads as this value; ``as_list``: the parameter's type is an array.

    >>> argument(["a,b", None, 1], as_list=True), argument({"a": Decimal("1.50")}, as_list=False)
    ('{"a,b",NULL,1}', '{"a":1.50}')
    """
    match value:
        case None | str():
            text = value
        case bool():
            text = "true" if value else "false"
        case int() | Decimal():
            text = str(value)
        case list() if as_list:
            text = "{" + ",".join(_element(item) for item in value) + "}"
        case _:
            text = dumps(value)
    if text is not None:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputProblem("sql_value_not_text") from error
        if "\0" in text:
            raise InputProblem("sql_value_not_text")
    return text


def _element(value: Json) -> str:
    if isinstance(value, list):
        return "{" + ",".join(_element(item) for item in value) + "}"
    text = argument(value, as_list=False)
    if text is None:
        return "NULL"
    if isinstance(value, int | Decimal):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _named(statement: str, bound: tuple[str | None, ...], named: dict[str, Json]) -> Prepared:
    numbers: dict[str, int] = {}
    pieces: list[str] = []
    shifts: list[tuple[int, int]] = [(0, 0)]  # (offset sent, offset written), one a replacement's end
    offset = written = sent = depth = 0
    while match := _SKIPPED.search(statement, offset):
        offset = match.end()
        if match["comment"]:
            offset = _comment_end(statement, match.start())
        elif match["dollar"]:
            end = statement.find(match["dollar"], offset)
            offset = len(statement) if end < 0 else end + len(match["dollar"])
        elif match["open"] or match["close"]:
            depth += 1 if match["open"] else -1
        elif match["name"]:
            key = match["key"]
            if key not in named:
                if depth > 0:  # the bound of a slice: tags[1:n]
                    continue
                place = place_of(statement, match.start())
                raise InputProblem("sql_parameter_missing", place, name=key, names=sorted(named))
            number = numbers.setdefault(key, len(bound) + len(numbers) + 1)
            pieces += [statement[written : match.start()], f"${number}"]
            sent += match.start() - written + len(pieces[-1])
            written = match.end()
            shifts.append((sent, written))
    pieces.append(statement[written:])

    def origin(position: int) -> int:
        return origin_of(shifts, position, len(statement))

    return Prepared("".join(pieces), bound + tuple(named[key] for key in numbers), origin)


def _comment_end(statement: str, start: int) -> int:
    """The offset behind a block comment; PostgreSQL's nest."""
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(statement, start):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    return len(statement)
