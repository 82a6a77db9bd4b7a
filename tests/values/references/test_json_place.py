"""The place "JSON": values bare, text inside strings, and no way for a value to change what stands around it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references import Root, Scope, parse_template, resolve_json_text

SCOPE: Scope = {
    "a": Root({"n": 5, "s": 'say "hi"\n\\', "o": {"k": [1, None]}, "none": None, "price": Decimal("1.50"), "k": "key"}),
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"n":{{a.n}}}', {"n": 5}),
        ('{"n":{{a.o}}}', {"n": {"k": [1, None]}}),
        ('{"n":{{a.s}}, "m":"{{a.s}}"}', {"n": 'say "hi"\n\\', "m": 'say "hi"\n\\'}),
        ('["{{a.n}}", "<{{a.o}}>", "{{a.none}}", {{a.none}}]', ["5", '<{"k":[1,null]}>', "", None]),
        ('["{{a.price}}", {{a.price}}]', ["1.5", Decimal("1.50")]),
        ('{ {{a.k}}: 1}', {"key": 1}),
        ('{{{a.k}}: 1}', {"key": 1}),
        ('{"{{a.k}}-{{a.n}}": 1}', {"key-5": 1}),
        (r'["\"{{a.s}}\""]', ['"say "hi"\n\\"']),
        (r'["C:\\\\{{a.k}}"]', ["C:\\key"]),
        ("""{"x":"{{a.nope | default('-')}}"}""", {"x": "-"}),
        ("{{a.o}}", {"k": [1, None]}),
        ("[1, 2]", [1, 2]),
        (r'["\{{a}}"]', ["{{a}}"]),
    ],
)  # fmt: skip
def test_resolves(text: str, value: Json) -> None:
    assert resolve_json_text(parse_template(text), SCOPE) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"n":1{{a.n}}}', "reference_json_invalid"),
        ('{"n":{{a.n}}1}', "reference_json_invalid"),
        ("[{{a.n}}{{a.n}}]", "reference_json_invalid"),
        ('{"n":"{{a.n}}}', "reference_json_invalid"),
        ("{ {{a.n}}: 1}", "reference_json_invalid"),
        ("hello {{a.n}}", "reference_json_invalid"),
        (r'["\\{{a.s}}"]', "reference_after_backslash"),
        ("[{{a.emial}}]", "reference_key_missing"),
        ('["\0{{a.s}}"]', "template_nul"),
    ],
)
def test_refuses(text: str, code: str) -> None:
    with pytest.raises(ReferenceProblem) as caught:
        resolve_json_text(parse_template(text), SCOPE)
    assert caught.value.code == code
    assert caught.value.message("ko")
    assert caught.value.hint("ko")


@settings(deadline=None)
@given(st.text(st.sampled_from('"\\,:{}[]u0022n\n\t ') | st.characters(exclude_categories=["Cs"])))
def test_text_stays_text(value: str) -> None:
    template = parse_template('{"a":"{{a.v}}","b":{{a.v}},"c":"<{{a.v}}|{{a.v}}>"}')
    found = resolve_json_text(template, {"a": Root({"v": value})})
    assert found == {"a": value, "b": value, "c": f"<{value}|{value}>"}
