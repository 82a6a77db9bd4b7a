"""Compiled templates give what plain resolving gives, value or problem alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references import Root, Scope, compile_template, parse_template, resolve_text, resolver
from outcode.values.references.syntax import Each, Index, Key, Meta, Pipe, Reference, Template, Text
from tests.values.references.conftest import hostile, hostile_scope

HOOK = {"body": {"x": 1, "method": "inner"}, "query": {}, "method": "POST"}


def outcome(resolve: Any, scope: Scope) -> object:
    try:
        value = resolve(scope)
    except ReferenceProblem as problem:
        return problem.code, problem.place, problem.details
    return type(value), value


def same(template: Template, scope: Scope) -> None:
    plain = outcome(lambda given: resolve_text(template, given), scope)
    assert outcome(compile_template(template), scope) == plain


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "body", "x"]), inner),
    max_leaves=10,
)
keys = st.builds(Key, st.sampled_from(["a", "b", "body", "x"]))
paths = st.lists(keys | keys | st.builds(Index, st.integers(-2, 1)) | st.just(Each()), max_size=3)
pipes = st.sampled_from(
    [
        Pipe("default", ("-",)),
        Pipe("upper"),
        Pipe("json"),
        Pipe("add", (1,)),
        Pipe("first"),
        Pipe("length"),
        Pipe("sum"),
    ]
)
references = st.builds(
    Reference,
    st.sampled_from(["a", "trigger", "gone"]),
    st.builds(lambda meta, path: (*meta, *path), st.sampled_from([(), (), (Meta(),)]), paths),
    st.lists(pipes, max_size=2).map(tuple),
)


@settings(deadline=None, max_examples=150)
@given(json_values, st.lists(references | st.just(Text("and ")), min_size=1, max_size=3), st.booleans())
def test_compiled_is_the_same_as_plain(value: Json, parts: list[Text | Reference], iterating: bool) -> None:
    root = Root(value, meta={"a": 1}, label="task a", whole=[value] if iterating else None)
    same(Template(tuple(parts)), {"a": root, "trigger": Root(value)})


def test_compiled_is_the_same_as_plain_for_what_is_hostile() -> None:
    for text, expected in hostile():
        if len(text) < 2000 and expected != "plain":
            try:
                template = parse_template(text)
            except ReferenceProblem:
                continue
            same(template, hostile_scope())


@pytest.mark.parametrize(
    "text",
    [
        "{{trigger.x}} {{trigger.method}} {{trigger.body.method}}",
        "{{a[0]}} {{a.n}}",
        "{{a.$meta.n}}",
        "{{a.none | default('x')}} {{a.nope | default(5)}} {{a.n | default(9)}}",
        "{{a.price}} {{a.big}} {{a.yes}} {{a.file.name}}",
        "{{a.file}}",
        "x {{a.file}}",
        "{{a.nan}}!",
        "{{a.long}}",
        "{{a.long}}!",
        "{{a.large}}{{a.large}}",
        "{{a.n | multiply(1000) | add(-1)}}",
        "{{a.list | join('-') | upper}}",
        "\\{{a.n}}",
        "",
    ],
)
def test_compiled_is_the_same_as_plain_here_too(text: str) -> None:
    value: Json = {
        "n": 5, "none": None, "price": Decimal("12.50"), "big": 10**60, "yes": True, "list": ["x", 1],
        "file": {"fileId": "f", "name": "n", "mediaType": "m", "size": 1}, "nan": Decimal("NaN"),
        "long": "x" * 16_000_001, "large": "x" * 9_000_000,
    }  # fmt: skip
    scope = {"a": Root(value, whole=[1, 2], meta={"n": 1}), "trigger": Root(HOOK)}
    same(parse_template(text), scope)
    same(parse_template(text), {})


def test_the_same_text_is_prepared_once() -> None:
    assert resolver("{{a.n}} rows") is resolver("{{a.n}} rows")
    assert [resolver("{{a.n}} rows")({"a": Root({"n": number})}) for number in (1, 2)] == ["1 rows", "2 rows"]
    assert resolver("x" * 20_000 + "{{a}}")({"a": Root(1)}) == "x" * 20_000 + "1"
    with pytest.raises(ReferenceProblem):
        resolver("{{a")
