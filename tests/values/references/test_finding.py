"""Finding references in inputs, and renaming a root in the text as it was typed."""

from __future__ import annotations

import pytest

from outcode.values.problems import ReferenceProblem
from outcode.values.references import Key, nearest, parse_template, references_in, rename_root
from outcode.values.tagged import tag


def test_every_reference_is_found_with_its_field() -> None:
    value = tag({"to": "{{a.email}}", "body": ["x", "{{b[0].name}} and {{a.x}}", {"k": r"\{{c}} {{d}}"}], "n": 5})
    found = [(path, reference.root) for path, reference in references_in(value, "inputs")]
    assert found == [("inputs.to", "a"), ("inputs.body[1]", "b"), ("inputs.body[1]", "a"), ("inputs.body[2].k", "d")]
    assert next(iter(references_in(tag("{{a.email}}"))))[1].path == (Key("email"),)


def test_a_text_that_cannot_be_read_names_its_field() -> None:
    with pytest.raises(ReferenceProblem) as caught:
        list(references_in(tag({"to": ["{{a.email"]}), "inputs"))
    assert (caught.value.place.field, caught.value.place.offset) == ("inputs.to[0]", 9)


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("{{a.x}}", "{{zz.x}}"),
        ("{{  a . a | default( 'a' ) }} a {{b.a}} {{ab.a}}", "{{  zz . a | default( 'a' ) }} a {{b.a}} {{ab.a}}"),
        ('{{a["a"]}}{{a}}', '{{zz["a"]}}{{zz}}'),
        (r"\{{a.x}} \\{{a.x}}", r"\{{a.x}} \\{{zz.x}}"),
        ("nothing", "nothing"),
    ],
)
def test_renames_the_root_and_nothing_else(text: str, renamed: str) -> None:
    assert rename_root(text, "a", "zz") == renamed
    roots = ["zz" if reference.root == "a" else reference.root for reference in parse_template(text).references]
    assert [reference.root for reference in parse_template(renamed).references] == roots


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("emial", ["name", "email"], "email"),
        ("Email", ["name", "email"], "email"),
        ("userId", ["user_id", "user"], "user_id"),
        ("이메", ["이름", "이메일"], "이메일"),
        ("zzz", ["name", "email"], None),
        ("x", [], None),
        ("e" * 10_000, ["email"], None),
    ],
)
def test_nearest(name: str, known: list[str], found: str | None) -> None:
    assert nearest(name, known) == found
