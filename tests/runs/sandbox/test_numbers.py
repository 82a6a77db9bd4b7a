from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.runs.sandbox.numbers import dump_for_javascript
from outcode.values.json import Json
from outcode.values.problems import InputProblem

numbers = st.one_of(
    st.integers(),
    st.integers(min_value=-(2**60), max_value=2**60),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=2),
)


@given(numbers)
def test_every_number_arrives_exactly_as_number_or_text(number: int | Decimal) -> None:
    # The standard library reads JSON numbers into doubles, as JavaScript does.
    seen = json.loads(dump_for_javascript({"n": number}), parse_int=float)["n"]
    # A double is shown by its shortest form, in JavaScript as in Python.
    assert Decimal(seen if isinstance(seen, str) else repr(seen)) == number


values = st.recursive(
    st.none() | st.booleans() | st.integers(min_value=-(2**53), max_value=2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_all_else_is_left_alone(value: Json) -> None:
    assert json.loads(dump_for_javascript(value)) == value


def test_only_numbers_that_need_it_become_text() -> None:
    value = {"id": 2**53 + 1, "ok": 2**53, "flag": True, "hex": "1e999", "digits": "1234567890123456789"}
    assert json.loads(dump_for_javascript([value])) == [value | {"id": "9007199254740993"}]


def test_what_is_no_number_is_refused() -> None:
    for text in ("NaN", "Infinity"):
        with pytest.raises(InputProblem) as caught:
            dump_for_javascript([Decimal(text), 2**60])
        assert caught.value.code == "json_not_representable"
