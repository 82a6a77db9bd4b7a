from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.runs.token_buckets import TokenBuckets


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_the_rate() -> None:
    clock = Clock()
    buckets = TokenBuckets(rate=10, burst=5, clock=clock)
    assert [buckets.take("a") for _ in range(5)] == [0.0] * 5
    wait = buckets.take("a")
    assert wait == pytest.approx(0.1)
    assert buckets.wait("a") == wait
    clock.now += 0.1
    assert buckets.wait("a") == 0.0
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0
    clock.now += 60
    assert [wait > 0 for wait in (buckets.take("a") for _ in range(6))] == [False] * 5 + [True]


def test_keys_do_not_disturb_each_other() -> None:
    buckets = TokenBuckets(rate=1, burst=1, clock=Clock())
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0
    assert buckets.take("b") == 0.0
    assert buckets.wait("c") == 0.0


def test_memory_is_bounded_and_whoever_waits_longest_is_remembered() -> None:
    clock = Clock()
    buckets = TokenBuckets(rate=1, burst=2, most_keys=100, clock=clock)
    for _ in range(2):
        buckets.take("busy")
    for number in range(1000):
        buckets.take(number)
    assert buckets.take("busy") > 0
    assert len(buckets._full_at) <= 100
    clock.now += 10
    buckets.take("busy")
    assert buckets.take("another") == 0.0


@given(
    rate=st.integers(1, 1000),
    burst=st.integers(1, 50),
    steps=st.lists(st.floats(0, 2, allow_nan=False), max_size=100),
)
def test_no_more_than_burst_and_rate_ever_pass(rate: int, burst: int, steps: list[float]) -> None:
    clock = Clock()
    buckets = TokenBuckets(rate=rate, burst=burst, clock=clock)
    passed = 0
    for step in steps:
        clock.now += step
        passed += buckets.take("a") == 0.0
        assert passed <= burst + (clock.now - 1000.0) * rate + 1e-6
    assert bool(passed) == bool(steps)
