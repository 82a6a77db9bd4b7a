"""PostgreSQL's text output as JSON values, without a server."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.transport.sql.postgresql.parameters import argument, first_word, prepare
from outcode.transport.sql.postgresql.values import array, base64_text, local, number, parsed_json, plain, zoned
from outcode.values.problems import InputProblem
from outcode.values.references import BoundQuery

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-21 09:30:00+09", "2026-11-21T00:30:00Z"),
        ("2026-11-21 09:30:00.123456-05:30", "2026-11-21T15:00:00.123456Z"),
        ("1900-01-01 00:00:00+08:27:52", "1899-12-31T15:32:08Z"),
        ("infinity", "infinity"),
        ("9999-12-31 23:00:00-05", "9999-12-31 23:00:00-05"),
        ("0044-03-15 00:00:00+00 BC", "0044-03-15 00:00:00+00 BC"),
        ("0001-01-02 00:00:00+00", "0001-01-02T00:00:00Z"),
    ],
)
def test_a_zoned_time_is_told_in_utc(text: str, value: str) -> None:
    assert zoned(text) == value


def test_other_values() -> None:
    assert local("10000-01-01 00:00:00.5") == "10000-01-01T00:00:00.5"
    assert [number(text) for text in ("0.10", "1e+20", "-Infinity")] == [Decimal("0.10"), Decimal("1e20"), "-Infinity"]
    assert base64_text("\\x") == ""
    assert parsed_json('{"n": 1.10}') == {"n": Decimal("1.10")}
    assert parsed_json('"\\ud800"') == '"\\ud800"'


def test_arrays_with_bounds_and_other_delimiters() -> None:
    assert array(plain)("{}") == []
    assert array(plain, ";")("{(2,2),(1,1);(3,3),(0,0)}") == ["(2,2),(1,1)", "(3,3),(0,0)"]
    assert array(int)("[0:1][1:2]={{1,2},{3,NULL}}") == [[1, 2], [3, None]]


@given(st.lists(st.one_of(st.none(), texts), min_size=1))
def test_a_list_written_as_an_array_reads_back(items: list[str | None]) -> None:
    written = argument(items, as_list=True)
    assert written is not None
    assert array(plain)(written) == items


@given(texts)
def test_any_text_is_a_statement_without_named_parameters(text: str) -> None:
    if not first_word(text):
        return
    prepared = prepare(BoundQuery(text), None)
    assert (prepared.text, prepared.values) == (text, ())


NAMED = """
SELECT :a, ':a', ":a", E'\\':a', $$ :a $$, $x$ :a $$ :a $x$, now()::text, tags[1:n] -- :a
/* :a /* nested */ :a */ , :b || :a
"""


def test_named_parameters_stand_only_where_a_value_can() -> None:
    prepared = prepare(BoundQuery(NAMED), {"a": 1, "b": "x", "unused": 0})
    assert prepared.values == (1, "x")
    assert prepared.text == NAMED.replace("SELECT :a", "SELECT $1").replace(":b || :a", "$2 || $1")


def test_named_parameters_follow_those_of_references() -> None:
    prepared = prepare(BoundQuery("SELECT $1::int4, :name, :name", ("5",)), {"name": "x"})
    assert (prepared.text, prepared.values) == ("SELECT $1::int4, $2, $2", ("5", "x"))


@given(st.lists(st.sampled_from(["é ", ":a", ":long_name", "\n", "x "]), min_size=1))
def test_a_place_in_what_is_sent_leads_back_to_what_was_written(parts: list[str]) -> None:
    written = "SELECT " + " ".join(parts) + " !"
    prepared = prepare(BoundQuery(written), {"a": 1, "long_name": 2})
    for match in re.finditer("[x!é]", prepared.text):
        assert written[prepared.origin(match.start())] == match[0]


@pytest.mark.parametrize(
    ("statement", "bound", "parameters", "code"),
    [
        (" -- nothing\n/* at all */ ;", (), None, "sql_empty"),
        ("SELECT $1", ("1",), [1], "sql_parameters_mixed"),
        ("SELECT :nmae", (), {"name": 1}, "sql_parameter_missing"),
        ("SELECT 1", (), "x", "sql_parameters_kind"),
        ("SELECT 1", (), [0] * 32768, "sql_too_many_parameters"),
    ],
)
def test_parameters_that_cannot_be_meant(statement: str, bound: tuple[str, ...], parameters: object, code: str) -> None:
    with pytest.raises(InputProblem) as caught:
        prepare(BoundQuery(statement, bound), parameters)
    assert caught.value.code == code
    assert caught.value.message("ko")
    assert caught.value.hint("en")


def test_a_value_that_no_text_can_hold_is_refused() -> None:
    for value in ("a\0b", "\ud800"):
        with pytest.raises(InputProblem, match="characters"):
            argument(value, as_list=False)
