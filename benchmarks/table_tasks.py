"""How fast a million rows are typed, filtered and summed up, and how much memory that takes."""

from __future__ import annotations

import multiprocessing
import random
import resource
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from benchmarks.figures import Figure, seconds
from outcode.values.filters import mask, read_filter
from outcode.values.json import Json
from outcode.values.tables import Aggregate, aggregate, read_options, run_table
from outcode.values.types import ColumnType, CurrencyType, DatetimeType, NumberType, ReadContext, TextType, read_column

ROWS = 1_000_000
OBJECT_ROWS = 100_000
CONTEXT = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, 3, tzinfo=UTC))
TYPES: dict[str, ColumnType] = {
    "city": TextType(trim=True, case="title"),
    "quantity": NumberType(),
    "total": CurrencyType(code="KRW"),
    "ordered": DatetimeType(),
}
FILTER = read_filter(
    [
        {"column": "total", "type": {"kind": "currency", "code": "KRW"}, "operator": "greater", "value": 1000},
        {"column": "ordered", "type": "datetime", "operator": "in_the_last", "value": 300},
        {"column": "city", "type": TYPES["city"].model_dump(), "operator": "is_none_of", "value": ["busan", "대전"]},
    ]
)


def measure() -> list[Figure]:
    """Frames in a process of its own, so that the memory is theirs; then rows as flows hand them on."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        taken, before, peak = pool.apply(_frames)
    work = {"rows": ROWS, "work": "4 columns typed, 3 conditions, group by one key with sum and count"}
    return [
        Figure("frame: type, filter, group", taken, "s", work | {"statistic": "median of 3"}),
        Figure("frame: peak memory", peak, "MiB", work | {"of which the raw frame and imports": before}),
        *_objects(),
    ]


def _frames() -> tuple[float, int, int]:
    frame = _raw(ROWS)
    before = _peak()

    def work() -> pl.DataFrame:
        typed = {(name, kind): read_column(kind, frame[name], CONTEXT) for name, kind in TYPES.items()}
        kept = pl.DataFrame([column.values.alias(name) for (name, _), column in typed.items()])
        found = kept.filter(mask(FILTER, frame, CONTEXT, typed))
        return aggregate(found, ["city"], [Aggregate("sum", "total"), Aggregate("rows")])

    return seconds(work, repeats=3), before, _peak()


def _objects() -> list[Figure]:
    rows = _raw(OBJECT_ROWS).to_dicts()
    conditions: dict[str, Json] = {"rows": OBJECT_ROWS, "statistic": "median of 3"}
    sums = [{"function": "sum", "column": "quantity"}, {"function": "count"}]
    members = FILTER.model_dump()["members"]
    tasks = {
        "rows: transform type": read_options(
            "transform_type", {"columns": [{"column": name, "type": kind.model_dump()} for name, kind in TYPES.items()]}
        ),
        "rows: filter": read_options("filter", {"conditions": list(members)}),
        "rows: set columns": read_options("set_columns", {"columns": [{"name": "x", "formula": "id * 2 + 1"}]}),
        "rows: group": read_options("group", {"keys": ["city"], "summaries": sums}),
        "rows: sort": read_options("sort", {"keys": ["city", {"column": "quantity", "type": "number"}]}),
    }
    return [
        Figure(name, seconds(lambda task=task: run_table(rows, None, task, CONTEXT), repeats=3), "s", conditions)  # type: ignore[misc]  # mypy has no type for a lambda's default
        for name, task in tasks.items()
    ]


def _raw(count: int) -> pl.DataFrame:
    """Orders as a .csv file has them: everything is text."""
    chance = random.Random(20261121)
    cities = [" seoul", "Busan", "대전 ", "incheon", "광주"]
    day = datetime(2026, 11, 21)  # noqa: DTZ001 - written without offset
    days = [(day - timedelta(minutes=37 * number)).isoformat(sep=" ") for number in range(20_000)]
    return pl.DataFrame(
        {
            "id": pl.Series(range(count), dtype=pl.Int64),
            "city": [chance.choice(cities) for _ in range(count)],
            "quantity": [f"{chance.randrange(1, 100_000):,}" for _ in range(count)],
            "total": [f"₩{chance.randrange(100, 10_000_000):,}" for _ in range(count)],
            "ordered": [chance.choice(days) for _ in range(count)],
        }
    )


def _peak() -> int:
    """The largest memory this process had, in MiB."""
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found // 2**20 if sys.platform == "darwin" else found // 2**10
