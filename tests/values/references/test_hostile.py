"""Hostile templates and hostile values: each ends in a clean refusal or as plain text, and in linear time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references import (
    PIPES,
    Root,
    Template,
    bind_javascript,
    bind_sql,
    compile_template,
    parse_template,
    print_template,
    resolve_json_text,
    resolve_text,
    resolve_url,
)
from tests.values.references.conftest import hostile, hostile_scope

CASES = hostile()
SCOPE = hostile_scope()


def test_the_corpus_is_large() -> None:
    assert len({text for text, _ in CASES}) >= 300


@pytest.mark.parametrize("part", range(4))
def test_each_ends_as_written_down(part: int) -> None:
    for text, expected in CASES[part::4]:
        outcome, problem = _outcome(text)
        assert outcome == expected, text[:100]
        if problem is not None:
            assert problem.place.offset is not None
            assert 0 <= problem.place.offset <= len(text)
            for language in ("en", "ko"):
                assert problem.message(language)
                assert problem.hint(language)
            assert len(problem.message() + problem.hint()) < 1500


def _outcome(text: str) -> tuple[str, ReferenceProblem | None]:
    try:
        template = parse_template(text)
        if not template.references:
            halved = re.sub(r"(?<!\\)(\\++)\{\{", lambda found: "\\" * (len(found[1]) // 2) + "{{", text)
            assert resolve_text(template, {}) == halved
            return "plain", None
        if len(printed := print_template(template)) <= 20_000:
            assert parse_template(printed) == template
        resolve_text(template, SCOPE)
    except ReferenceProblem as problem:
        return problem.code, problem
    return "value", None


PLACES: dict[str, Callable[[Template], object]] = {
    "javascript": lambda template: bind_javascript(template, SCOPE),
    "json": lambda template: resolve_json_text(template, SCOPE),
    "url": lambda template: resolve_url(template, SCOPE),
    "postgresql": lambda template: bind_sql(template, SCOPE, "postgresql"),
    "mysql": lambda template: bind_sql(template, SCOPE, "mysql"),
    "sqlserver": lambda template: bind_sql(template, SCOPE, "sqlserver"),
    "oracle": lambda template: bind_sql(template, SCOPE, "oracle"),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_place_ends_in_a_value_or_a_problem(place: str) -> None:
    for text, expected in CASES:
        if len(text) > 2000 or expected in {"reference_syntax", "template_character"}:
            continue
        with suppress(ReferenceProblem):
            PLACES[place](parse_template(text))


def _touched(*_: object, **__: object) -> Any:
    raise AssertionError("the value was touched")


METHODS = """__bool__ __call__ __contains__ __eq__ __format__ __getattr__ __getitem__ __hash__ __index__ __int__
__iter__ __len__ __lt__ __add__ __mul__ __repr__ __reversed__ __str__ as_tuple casefold copy encode get is_finite
isoformat items join keys lower replace split strip upper values"""
TRAPS = dict.fromkeys(METHODS.split(), _touched)


def trapped(base: type, *arguments: object) -> Json:
    """An instance of a subclass of which no method may be used."""
    return type("Trap", (base,), TRAPS)(*arguments)


@pytest.mark.parametrize(
    "trap",
    [
        trapped(dict, {"x": 1}),
        trapped(list, [1, 2]),
        trapped(str, "text"),
        trapped(int, 5),
        trapped(Decimal, "1.5"),
        trapped(tuple, (1,)),
        trapped(object),
    ],
    ids=["dict", "list", "str", "int", "Decimal", "tuple", "object"],
)
def test_only_plain_dicts_lists_and_scalars_are_ever_touched(trap: Json) -> None:
    scope = {"a": Root({"t": trap, "list": [trap], "deep": {"t": trap}}), "trap": Root(trap), "m": Root(1, meta=trap)}
    references = ["a.t", "a.t.x", "a.t[0]", "a.t[*]", "a.list[0]", "a.list[*].x", "a.deep.t.x", "trap", "trap.x"]
    references += ["trap[0]", "m.$meta", "m.$meta.x", "a.t | default('x')", "a.t.x | default('x')"]
    references += [f"{root} | {entry.usage}" for root in ("a.t", "a.list[0]") for entry in PIPES.values()]
    references += [f"a.list | {name}" for name in ("sum", "unique", "join")]
    for reference in references:
        for text in ("{{" + reference + "}}", "x{{" + reference + "}}"):
            template = parse_template(text)
            for resolve in (resolve_text, lambda template, scope: compile_template(template)(scope)):
                with pytest.raises(ReferenceProblem) as caught:
                    resolve(template, scope)
                assert caught.value.message("ko")


def seconds(work: Callable[[str], object], text: str) -> float:
    """The least of a few measurements, each with a text of its own, since texts are remembered."""
    taken: list[float] = []
    for number in range(2):
        attempt = text + " " * number
        begun = time.process_time()
        with suppress(ReferenceProblem):
            work(attempt)
        taken.append(time.process_time() - begun)
    return min(taken)


def sql(dialect: str) -> Callable[[str], object]:
    return lambda text: bind_sql(parse_template(text + " {{a.number}}"), SCOPE, dialect)  # type: ignore[arg-type]


def script(text: str) -> object:
    return bind_javascript(parse_template(text + " {{a.number}}"), SCOPE)


@pytest.mark.parametrize(
    ("work", "piece", "times"),
    [
        *[(parse_template, piece, 150) for piece in ("\\{{", "{{a.b | trim}}", "{{a}}\n", "\\\\{{a}}")],
        *[(parse_template, piece, 3_000) for piece in ("{ ", "}}", "\\", "{", "{{a.b\n")],
        *[(sql(dialect), piece, 350) for dialect in ("postgresql", "mysql") for piece in ("'", "/*", "$a", "(")],
        *[(sql("mysql"), piece, 350) for piece in ("\\'", "# ", "/*!", '"\\')],
        *[(sql("sqlserver"), piece, 350) for piece in ("[", "]]", "--\r", "N'")],
        *[(sql("oracle"), piece, 350) for piece in ("q'[", "q'", ":a ", "n'")],
        *[(script, piece, 350) for piece in ("/", "`${", "'", "(", "/*", "//\n", "{")],
    ],
)
def test_time_grows_with_length_and_not_faster(work: Callable[[str], object], piece: str, times: int) -> None:
    """Eight times the text may take eight times the time, with room for noise; a square would be 64 times."""
    for _ in range(5):  # the machine may slow down between two measurements
        short, long = seconds(work, piece * times), seconds(work, piece * times * 8)
        if long < 30 * max(short, 0.0003):
            break
    else:
        pytest.fail(f"{long:.4f} s instead of {short:.4f} s")
