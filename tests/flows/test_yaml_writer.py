"""What is written reads back as it was, and looks as a person would write it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from outcode.flows.yaml_reader import read_yaml
from outcode.flows.yaml_writer import write_yaml
from outcode.values.json import Json

TEXTS = some.one_of(
    some.text(max_size=40),
    some.text(alphabet=" \n\tab:#-|>{}'\"\\\r\x85\u2028가😀", max_size=30),
)
VALUES = some.recursive(
    some.one_of(
        some.none(),
        some.booleans(),
        some.integers(),
        some.decimals(allow_nan=False, allow_infinity=False, places=4),
        TEXTS,
    ),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(some.dictionaries(TEXTS, VALUES, max_size=4))
@example({"a" * 3000: 1})
@example({"": ""})
@example({"<<": 1, "null": None, "가": "\n"})
@example({"a": "\n\n  x\n"})
@example({"a": "x\n \n"})
@example({"a": ["\tx\n", {"b": "x\n\n\n"}, []]})
@example({"a": Decimal("1E+30"), "b": Decimal(19), "c": -0})
def test_reading_gives_back_what_was_written(value: dict[str, Json]) -> None:
    assert read_yaml(write_yaml(value).encode())[0] == value


@settings(deadline=None)
@given(TEXTS)
def test_one_text_at_each_place(text: str) -> None:
    value = {"a": text, "b": [text, [text]], "c": {text: text}}
    assert read_yaml(write_yaml(value).encode())[0] == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Hello world", "Hello world"),
        ("서울 주문", "서울 주문"),
        ("yes", '"yes"'),
        ("true", '"true"'),
        ("12", '"12"'),
        ("010", '"010"'),
        ("", '""'),
        ("{{a.x}}", '"{{a.x}}"'),
        ("a: b", '"a: b"'),
        ("x #1", '"x #1"'),
        (" x", '" x"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("😀 ok", '"😀 ok"'),
        (True, "true"),
        (None, "null"),
        (5, "5"),
        (Decimal("19.90"), "19.90"),
        ([], "[]"),
        ({}, "{}"),
        (["a", "b"], "[a, b]"),
        ("SELECT 1\nFROM x -- 😀\n\n\tWHERE y", "|-\n  SELECT 1\n  FROM x -- 😀\n\n  \tWHERE y"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\n", "|+\n  a\n"),
        ("  a\nb\n", "|2\n    a\n  b"),
        ("a\r\nb", '"a\\r\\nb"'),
        (["a b"], "\n  - a b"),
    ],
)
def test_the_look(value: Json, written: str) -> None:
    separator = "" if written.startswith("\n") else " "
    assert write_yaml({"key": value}) == f"key:{separator}{written}\n"
