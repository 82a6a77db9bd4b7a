"""How fast columns get their types: a million rows of numbers, amounts, moments and texts, as a shop exports them."""

from __future__ import annotations

import random
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import polars as pl

from benchmarks.figures import Figure, seconds
from outcode.values import json
from outcode.values.types import (
    ColumnType,
    CurrencyType,
    DatetimeType,
    NumberType,
    ReadContext,
    TextType,
    TypedColumn,
    read_column,
)

ROWS = 1_000_000
CONTEXT = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))
REPEATS = 3
Column = tuple[ColumnType, pl.Series]


def measure() -> list[Figure]:
    """Each transform alone, then four of them on two threads; every cell must have been read."""
    columns = _columns()
    for name, column in columns.items():
        if _read(column).values.null_count():
            raise SystemExit(f"transform_types: not every cell of {name} was read")

    conditions: dict[str, json.Json] = {"rows": ROWS, "statistic": f"median of {REPEATS}"}
    figures = []
    for name, column in columns.items():
        figures.append(Figure(name, seconds(partial(_read, column), repeats=REPEATS), "s", conditions))
    four = [columns[name] for name in ("number", "currency", "datetime_iso", "text")]
    with ThreadPoolExecutor(2) as threads:
        taken = seconds(lambda: list(threads.map(_read, four)), repeats=REPEATS)
    figures.append(Figure("four_transforms", taken, "s", conditions | {"threads": 2}))
    begun = time.process_time()
    for column in four:
        _read(column)
    # Busy neighbours do not change how much work it is.
    figures.append(
        Figure("four_transforms_processor", time.process_time() - begun, "s", conditions | {"statistic": "1"})
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return [*figures, Figure("peak_memory", peak / 1e6, "MB", conditions)]


def _read(column: Column) -> TypedColumn:
    return read_column(*column, CONTEXT)


def _columns() -> dict[str, Column]:
    source = random.Random(7)
    draw = source.randrange

    def day(sign: str) -> str:
        return f"2026{sign}{draw(1, 13):02}{sign}{draw(1, 29):02}"

    numbers = [f"{draw(10**7):,}.{draw(100):02}" for _ in range(ROWS)]
    amounts = [f"₩{draw(10**8):,}" for _ in range(ROWS)]
    iso = [f"{day('-')}T{draw(24):02}:{draw(60):02}:{draw(60):02}Z" for _ in range(ROWS)]
    korean = [
        f"2026년 {draw(1, 13)}월 {draw(1, 29)}일 {source.choice(('오전', '오후'))} {draw(1, 13)}:{draw(60):02}"
        for _ in range(ROWS)
    ]
    texts = [f"  김하늘  고객 {draw(10**6)} " for _ in range(ROWS)]
    return {
        "number": (NumberType(), pl.Series(numbers)),
        "currency": (CurrencyType(code="KRW"), pl.Series(amounts)),
        "datetime_iso": (DatetimeType(), pl.Series(iso)),
        "datetime_korean": (DatetimeType(), pl.Series(korean)),
        "text": (TextType(trim=True), pl.Series(texts)),
    }
