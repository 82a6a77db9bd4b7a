"""The table of cases, through one row at a time and through a whole frame alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from outcode.values.filters import OPERATORS, Filter, check_filter, mask, matches, read_filter
from outcode.values.json import loads
from outcode.values.types import ReadContext, raw_series

CASES = Path(__file__).parents[1] / "cases" / "filters"
SEOUL = ZoneInfo("Asia/Seoul")
CONTEXT = ReadContext(SEOUL, datetime(2026, 11, 21, 12, tzinfo=SEOUL))


def cases() -> Iterator[Any]:
    for file in sorted(CASES.glob("*.tsv")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if line and not line.startswith("#"):
                kind, operator, value, options, cell, wanted = line.split("\t")
                condition = {"column": "x", "type": loads(kind) if kind.startswith("{") else kind, "operator": operator}
                condition |= {"value": loads(value)} if value else {}
                condition |= loads(options) if options else {}
                name = f"{file.stem}:{number}"
                yield pytest.param(read_filter(condition), loads(cell), loads(wanted), id=name)


ALL = list(cases())


@pytest.mark.parametrize(("condition", "cell", "wanted"), ALL)
def test_a_row_and_a_frame_give_the_answer_of_the_table(condition: Filter, cell: Any, wanted: bool) -> None:
    assert check_filter(condition, ["x"], CONTEXT) == []
    assert matches(condition, {"x": cell}, CONTEXT) is wanted
    alone = pl.DataFrame([raw_series([cell], "x")])
    assert mask(condition, alone, CONTEXT).to_list() == [wanted]
    among_others = pl.DataFrame([raw_series([None, "x", cell, 7, [1]], "x")])
    assert mask(condition, among_others, CONTEXT).to_list()[2] is wanted


def test_every_operator_has_cases_for_both_answers() -> None:
    families = {"url": "text", "percentage": "number", "currency": "number"}
    seen = {
        (families.get(case.values[0].type.kind, case.values[0].type.kind), case.values[0].operator, case.values[2])
        for case in ALL
    }
    wanted = {
        (family, entry.name, answer) for family in OPERATORS for entry in OPERATORS[family] for answer in (True, False)
    }
    assert wanted - seen == set()


@pytest.mark.parametrize(
    ("day", "inside"),
    [
        # Clocks in Santiago go from 24:00 to 01:00 on 2026-09-06, in Havana back from 01:00 to 00:00 on 2026-11-01.
        ("2026-09-06T01:00:00-03:00", True),
        ("2026-09-06T03:59:59Z", False),
        ("2026-09-07T02:59:59Z", True),
        ("2026-09-07T03:00:00Z", False),
    ],
)
def test_a_day_without_midnight_begins_at_its_first_minute(day: str, inside: bool) -> None:
    zone = ZoneInfo("America/Santiago")
    context = ReadContext(zone, datetime(2026, 9, 6, 15, tzinfo=zone))
    for operator, value in (("today", None), ("is", "2026-09-06")):
        condition = read_filter({"column": "x", "type": "datetime", "operator": operator, "value": value})
        assert matches(condition, {"x": day}, context) is inside
        assert mask(condition, pl.DataFrame([raw_series([day], "x")]), context).to_list() == [inside]


def test_a_day_of_25_hours_is_one_day() -> None:
    zone = ZoneInfo("America/New_York")
    context = ReadContext(zone, datetime(2026, 11, 1, 12, tzinfo=zone))
    cells = ["2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z", "2026-11-02T05:00:00Z"]
    condition = read_filter({"column": "x", "type": "datetime", "operator": "today"})
    assert mask(condition, pl.DataFrame([raw_series(cells, "x")]), context).to_list() == [False, True, True, False]
    assert [matches(condition, {"x": cell}, context) for cell in cells] == [False, True, True, False]
