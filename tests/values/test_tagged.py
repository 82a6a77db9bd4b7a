from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from outcode.values.tagged import Literal, Object, Template, tag, templates, untag

TEXTS = st.sampled_from(["", "x", "{{a.x}}", r"\{{", "Hello {{a.name}}", "{", "}}"])
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", min_size=1), inner, max_size=4),
)


@given(VALUES)
def test_untag_gives_back_what_was_typed(value: Any) -> None:
    assert untag(tag(value)) == value


@given(VALUES)
def test_templates_are_found_wherever_braces_are(value: Any) -> None:
    def texts(part: Any) -> list[str]:
        if isinstance(part, str):
            return [part] if "{{" in part else []
        if isinstance(part, list):
            return [text for item in part for text in texts(item)]
        return [text for item in part.values() for text in texts(item)] if isinstance(part, dict) else []

    assert [template.text for _, template in templates(tag(value))] == texts(value)


def test_only_what_holds_a_template_is_taken_apart() -> None:
    found = tag({"plain": {"x": [1, 2]}, "to": ["{{a.email}}"]})
    assert isinstance(found, Object)
    assert found.entries["plain"] == Literal(value={"x": [1, 2]})
    assert list(templates(found)) == [("to[0]", Template(text="{{a.email}}"))]
