from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.values import json
from outcode.values.problems import InputProblem

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner), max_leaves=20)


@given(VALUES)
def test_what_is_written_reads_back_exactly(value: Any) -> None:
    assert json.loads(json.dumps(value)) == value


def test_numbers_are_exact() -> None:
    assert json.loads("[0.1, 19.90, 123456789012345678901234567890, 1e3]") == [
        Decimal("0.1"),
        Decimal("19.90"),
        123456789012345678901234567890,
        Decimal("1E+3"),
    ]
    assert json.dumps([Decimal("19.90"), 2**70]) == "[19.90,1180591620717411303424]"


@pytest.mark.parametrize("text", ["", "{", "[1,]", "{'a': 1}", "nul", b"\xff\xfe", "[" * 100_000])
def test_what_is_no_json_says_why(text: str | bytes) -> None:
    with pytest.raises(InputProblem) as caught:
        json.loads(text)
    assert caught.value.code == "json_invalid"
    assert caught.value.details["reason"]


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    if isinstance(value, set):
        pytest.skip("msgspec writes sets as arrays")
    with pytest.raises(InputProblem) as caught:
        json.dumps(value)
    assert caught.value.code == "json_not_representable"
