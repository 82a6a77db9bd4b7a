"""Ranges of exact numbers, asked one by one or for a whole column of scaled whole numbers, with the same answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import polars as pl

_LIMIT = 10**38


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``; None means without end; an *open* end is itself outside."""

    low: int | Decimal | None = None
    high: int | Decimal | None = None
    low_open: bool = False
    high_open: bool = False

    def holds(self, value: int | Decimal) -> bool:
        """Whether the value lies inside.

        >>> Range(1, 3, high_open=True).holds(3)
        False
        """
        above = self.low is None or (value > self.low if self.low_open else value >= self.low)
        below = self.high is None or (value < self.high if self.high_open else value <= self.high)
        return above and below

    def holds_each(self, whole: pl.Series, scale: int = 0) -> pl.Series:
        """:meth:`holds` of every ``whole / 10**scale``; null of null."""
        inside = whole.is_not_null().replace(False, None)
        if self.low is not None:
            scaled = Fraction(self.low) * 10**scale
            lowest = math.floor(scaled) + 1 if self.low_open else math.ceil(scaled)
            inside &= whole >= _broadcast(lowest, whole.dtype)
        if self.high is not None:
            scaled = Fraction(self.high) * 10**scale
            highest = math.ceil(scaled) - 1 if self.high_open else math.floor(scaled)
            inside &= whole <= _broadcast(highest, whole.dtype)
        return inside


def _broadcast(number: int, dtype: pl.DataType) -> pl.Series:
    limit = 2**63 - 1 if dtype == pl.Int64 else _LIMIT
    return pl.Series("", [max(-limit, min(limit, number))], dtype=dtype)
