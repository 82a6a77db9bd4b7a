"""What a type's options may be, and the words of every problem."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem
from outcode.values.types import (
    CellProblem,
    ColumnType,
    CurrencyType,
    DatetimeType,
    NumberType,
    ReadContext,
    TypedColumn,
    is_currency,
    minor_digits,
    raw_series,
    read_cell,
    read_column,
)

CONTEXT = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))
TYPE: TypeAdapter[ColumnType] = TypeAdapter(ColumnType)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"kind": "number", "locale": "xx"}, "type_locale_unknown"),
        ({"kind": "number", "decimal": ",", "group": ","}, "type_signs_equal"),
        ({"kind": "currency", "code": "krw"}, "type_currency_unknown"),
        ({"kind": "currency", "code": "DEM"}, "type_currency_unknown"),
        ({"kind": "datetime", "pattern": "HH:mm"}, "type_pattern_incomplete"),
        ({"kind": "datetime", "pattern": "YYYY-MM-DD h:mm"}, "type_pattern_incomplete"),
        ({"kind": "datetime", "source_timezone": "Asia/Seol"}, "date_zone_unknown_near"),
        ({"kind": "datetime", "target_timezone": "nowhere at all"}, "date_zone_unknown"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: Mapping[str, Json], code: str) -> None:
    with pytest.raises(Problem) as caught:
        TYPE.validate_python(options)
    assert caught.value.code == code
    assert isinstance(caught.value, InputProblem)
    assert caught.value.message("ko") != caught.value.message("en")


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "number", "decimals": 19},
        {"kind": "number", "decimals": -1},
        {"kind": "number", "rounding": "up"},
        {"kind": "text", "surprise": 1},
        {"kind": "datetime", "output": ""},
        {"kind": "colour"},
    ],
)
def test_options_outside_the_model_are_refused(options: Mapping[str, Json]) -> None:
    with pytest.raises(ValidationError):
        TYPE.validate_python(options)


@pytest.mark.parametrize(
    ("options", "signs"),
    [
        ({}, (".", ",")),
        ({"locale": "de-DE"}, (",", ".")),
        ({"locale": "fr"}, (",", " ")),
        ({"locale": "de_ch"}, (".", "'")),
        ({"decimal": ","}, (",", ".")),
        ({"group": "."}, (",", ".")),
        ({"locale": "de-DE", "decimal": "."}, (".", ",")),
        ({"group": ""}, (".", "")),
    ],
)
def test_signs_follow_from_each_other(options: dict[str, str], signs: tuple[str, str]) -> None:
    column_type = NumberType.model_validate(options)
    assert (column_type.decimal_sign, column_type.group_sign) == signs


def test_types_survive_being_stored() -> None:
    column_type = CurrencyType(code="KRW", decimals=0, rounding="half_up")
    assert TYPE.validate_json(TYPE.dump_json(column_type)) == column_type


def test_every_cell_problem_fills_its_words_in_both_languages() -> None:
    cells: list[tuple[ColumnType, Json]] = [
        (TYPE.validate_python({"kind": kind} | ({"code": "KRW"} if kind == "currency" else {}) | extra), raw)
        for kind in ("text", "number", "percentage", "currency", "datetime", "url", "boolean", "json")
        for extra in ({}, {"pattern": "YYYYMMDD"} if kind == "datetime" else {})
        for raw in (
            "x y", "1,23", "9" * 40, "0." + "1" * 30, "$5", "03/04/2026", "2026-02-30", "123", "mailto:a", "[1", True,
            [1], {"fileId": "1", "name": "a", "mediaType": "b", "size": 1},
        )
    ]  # fmt: skip
    problems = [cell for each in cells if isinstance(cell := read_cell(*each, CONTEXT), CellProblem)]
    for problem in problems:
        for language in ("en", "ko"):
            said = problem.as_dict(language)
            assert said["message"] == problem.message(language)
            assert "{" not in said["message"] + said["hint"]
    words = tomllib.loads(files("outcode.values").joinpath("messages/types.toml").read_text("utf-8"))
    assert {problem.code for problem in problems} == {code for code in words if code.startswith("cell_")}


def test_a_problem_shows_a_long_cell_cut_short() -> None:
    problem = read_cell(NumberType(), "x" * 10_000, CONTEXT)
    assert isinstance(problem, CellProblem)
    assert len(problem.message()) < 200


def test_currencies_know_their_decimals() -> None:
    assert [minor_digits(code) for code in ("KRW", "USD", "KWD", "CLF")] == [0, 2, 3, 4]
    assert is_currency("EUR")
    assert not is_currency("EURO")


def read(column_type: ColumnType, cells: list[Json]) -> TypedColumn:
    return read_column(column_type, raw_series(cells, "price"), CONTEXT)


def test_columns_keep_their_name_and_say_what_they_are() -> None:
    numbers = read(NumberType(), ["1.5", "x", None])
    assert numbers.values.name == "price"
    assert str(numbers.values.dtype) == "Decimal(precision=38, scale=1)"
    assert numbers.errors.to_list() == [None, "cell_number_unreadable", None]
    moments = read(DatetimeType(), ["2026-11-21", "2026-11-21 09:30", "x"])
    assert moments.values.to_list()[:2] == [
        datetime(2026, 11, 20, 15, tzinfo=UTC),
        datetime(2026, 11, 21, 0, 30, tzinfo=UTC),
    ]
    assert moments.has_time is not None
    assert moments.has_time.to_list() == [False, True, None]


@pytest.mark.parametrize("cells", [[], [None], [None, " "], [1, "a", [2]], [True], [2**70], ["a", None]])
def test_raw_cells_come_back_as_they_went_in(cells: list[Json]) -> None:
    assert raw_series(cells).to_list() == cells
