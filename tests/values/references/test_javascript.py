"""JavaScript: references become variables; what comes out is run in a real V8."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_mini_racer import MiniRacer

from outcode.values.json import Json, dumps, loads
from outcode.values.problems import ReferenceProblem
from outcode.values.references import BoundScript, Root, bind_javascript, javascript_value, parse_template

DATA: dict[str, Json] = {
    "n": 5, "s": "it's", "o": {"k": [1, None]}, "list": [1, 2], "none": None, "big": 2**60, "price": Decimal("1.5"),
    "key": "name", "yes": True, "deep": {"ids": [2**53, 2**53 - 1, -(2**53)]},
}  # fmt: skip


def bind(text: str, data: dict[str, Json] | None = None) -> BoundScript:
    return bind_javascript(parse_template(text), {"a": Root(DATA if data is None else data)})


@pytest.fixture(scope="module")
def v8() -> MiniRacer:
    return MiniRacer()


def run(v8: MiniRacer, text: str, data: dict[str, Json] | None = None) -> Any:
    """What a function of that body returns."""
    bound = bind(text, data)
    names, values = ", ".join(bound.variables), ", ".join(dumps(value) for value in bound.variables.values())
    return loads(str(v8.eval(f"JSON.stringify((function({names}) {{ {bound.code}\n }})({values}) ?? null)")))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("return 1 + 1", 2),
        ("return {{a.n}} + 1", 6),
        ("return({{a.n}})", 5),
        ("return {{a.o}}.k[0]", 1),
        ("return [...{{a.list}}, 3]", [1, 2, 3]),
        ("return {{a.none}} === null", True),
        ("return typeof {{a.big}}", "string"),
        ("return {{a.price}} * 2", 3),
        ("return 'Hello {{a.s}}!'", "Hello it's!"),
        ("return'{{a.s}}'", "it's"),
        ('return "{{a.s}}" + "{{a.n}}"', "it's5"),
        ("return '{{a.n}}{{a.n}}'.length", 2),
        ("return 'x{{a.o}}'", 'x{"k":[1,null]}'),
        ("return '<{{a.none}}>'", "<>"),
        ("return `Hello ${1 + {{a.n}}} {{a.s}}`", "Hello 6 it's"),
        ("return `$ ${'{{a.n}}'} ${`{{a.n}}`} {{a.n}}`", "$ 5 5 5"),
        ("return `${{{a.n}}}`", "5"),
        ("return `${{a.n}}`", "$5"),
        ("return {'{{a.key}}': 1}", {"name": 1}),
        ("return {x: 2, {{a.key}}: 1}", {"x": 2, "name": 1}),
        ("return {x: {{a.n}}, y: '{{a.s}}'}", {"x": 5, "y": "it's"}),
        ("return true ? '{{a.s}}' : 'x'", "it's"),
        ("return true ? {{a.n}} : 1", 5),
        ("const row = {name: 1}; return row[{{a.key}}]", 1),
        ("const row = {name: 1}; return row['{{a.key}}']", 1),
        ("// it's a comment\nreturn {{a.n}} /* ` */", 5),
        ("return /['\"`]/.test('{{a.s}}')", True),
        ("return /[/]'/.source + {{a.n}}", "[/]'5"),
        ("if (true) /'/.test(''); return {{a.n}}", 5),
        ("const x = 10; return x / {{a.n}} / 1", 2),
        ("const f = (x) => { return x }; return f(4) / 2 + '{{a.n}}'", "25"),
        ("let i = 4; return i++ / 2 + '{{a.n}}'", "25"),
        ("function f() { return `a${ {b: `}`}.b }` } return f() + '{{a.n}}'", "a}5"),
        ("return 'a\\'b{{a.n}}'", "a'b5"),
        ("return '\\\\\\\\{{a.n}}'", "\\5"),
        ("const a = 1\n'{{a.s}}'\nreturn {{a.n}}", 5),
        ("return {{a.deep}}.ids", ["9007199254740992", 9007199254740991, "-9007199254740992"]),
        ("const __reference1 = 7; return __reference1 + {{a.n}}", 12),
        (r"return '\{{a.n}}'", "{{a.n}}"),
        ("return '{{a.nope | default(\"x\")}}'", "x"),
        ("return {{a.yes}} && !{{a.yes}} || {{a.n}}", 5),
    ],
)
def test_runs(v8: MiniRacer, text: str, result: Json) -> None:
    assert run(v8, text) == result


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("// {{a.n}}", "script_in_comment"),
        ("/* {{a.n}} */ 1", "script_in_comment"),
        ("`${ /* {{a.n}} */ 1}`", "script_in_comment"),
        ("return /{{a.s}}/", "script_in_regex"),
        ("x = /[/{{a.s}}]/", "script_in_regex"),
        ("'{{a.s}}", "script_unclosed"),
        ("'{{a.s}}\n'", "script_unclosed"),
        ("`{{a.s}}", "script_unclosed"),
        ("foo{{a.s}}", "script_in_name"),
        ("{{a.s}}foo", "script_in_name"),
        ("1{{a.n}}", "script_in_name"),
        ("{{a.n}}{{a.n}}", "script_in_name"),
        ("row.{{a.key}}", "script_member"),
        ("row?.{{a.key}}", "script_member"),
        ("return { {{a.key}} }", "script_member"),
        ("const {{a.key}} = 1", "script_declaration"),
        ("function {{a.key}}() {}", "script_declaration"),
        ("return 'a\\\\{{a.s}}'", "reference_after_backslash"),
        ("return `a\\\\{{a.s}}`", "reference_after_backslash"),
        ("return {{a.kez}}", "reference_key_missing_near"),
        ("'\0' + {{a.n}}", "template_nul"),
    ],
)
def test_refuses(text: str, code: str) -> None:
    with pytest.raises(ReferenceProblem) as caught:
        bind(text)
    assert caught.value.code == code
    if code != "template_nul":
        assert caught.value.place.offset == text.index("{{")
    assert caught.value.message("ko")
    assert caught.value.hint("ko")


def test_values_are_no_part_of_the_source() -> None:
    bound = bind("return ['{{a.v}}', `{{a.v}}`, {{a.v}}]", {"v": "'+process.exit()+'"})
    assert bound.code == "return [''.concat(__reference1), `${__reference2}`, __reference3]"
    assert set(bound.variables.values()) == {"'+process.exit()+'"}


@settings(max_examples=50, deadline=None)
@given(value=st.text(st.sampled_from("'\"`\\${}/*\n\r\u2028") | st.characters(exclude_categories=["Cs"])))
def test_text_stays_text(v8: MiniRacer, value: str) -> None:
    text = "return ['{{a.v}}', \"<{{a.v}}>\", `{{a.v}}${{{a.v}}}`, {{a.v}}]"
    assert run(v8, text, {"v": value}) == [value, f"<{value}>", value + value, value]


def test_integers_beyond_what_javascript_holds_are_text() -> None:
    assert javascript_value({"a": [2**53, Decimal("0.1"), True]}) == {"a": ["9007199254740992", Decimal("0.1"), True]}
