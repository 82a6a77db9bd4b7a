"""One task by itself: what it stands on, what must be tested first, and when older results no longer fit."""

from __future__ import annotations

from typing import Any

import pytest

from outcode.flows.dataflow import Dataflow
from outcode.flows.plain import parse_flow
from outcode.flows.single import alone, data_needs, first_needed, still_fits


def task(after: list[str] | None = None, **inputs: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "app": "javascript",
        "action": "function_execution",
        "inputs": {"code": "return 1", **inputs},
    }
    return made | ({"after": after} if after else {})


def flow(**changes: Any) -> Dataflow:
    tasks = {
        "a": task(),
        "b": task(input="{{a.x}}"),
        "c": task(input="{{b.y}}"),
        "d": task(after=["a"]),
        "e": task(after=["d"], input=["{{c.z}}", "{{b.y}}"]),
    }
    return parse_flow({"outcode": 1, "kind": "dataflow", "name": "F", "tasks": tasks | changes})


def test_a_task_stands_on_what_it_refers_to_near_and_far_and_not_on_what_only_comes_before() -> None:
    assert list(alone(flow(), "e").tasks) == ["a", "b", "c", "e"]
    assert list(alone(flow(), "d").tasks) == ["d"]
    assert alone(flow(), "e").tasks["e"].after == ()
    assert data_needs(flow())["e"] == {"b", "c"}


@pytest.mark.parametrize(
    ("known", "first"),
    [("", ["a", "b", "c"]), ("a", ["b", "c"]), ("b", ["c"]), ("ab", ["c"]), ("c", ["a", "b"]), ("bc", [])],
)
def test_what_is_to_be_tested_first_comes_in_order(known: str, first: list[str]) -> None:
    assert first_needed(flow(), "e", frozenset(known)) == first


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"c": task(input="{{b.other}}")}, False),
        ({"a": task(input=5)}, False),
        ({"a": task(after=["d"]), "d": task()}, True),
        ({"c": {**task(input="{{b.y}}"), "name": "Named", "at_once": 9}}, True),
        ({"c": {**task(input="{{b.y}}"), "run_once": True}}, False),
        ({"b": {**task(input="{{a.x}}"), "connection": "Other"}}, False),
        ({"d": task(input=7)}, True),
        ({"e": task(input=7)}, True),
        ({"c": task(input="{{a.y}}")}, False),
    ],
)
def test_a_result_fits_until_its_task_or_what_it_stands_on_is_made_otherwise(
    changes: dict[str, Any], fits: bool
) -> None:
    assert still_fits("c", flow(), flow(**changes)) is fits
    assert still_fits("c", flow(**changes), flow()) is fits


def test_a_task_that_is_new_or_gone_fits_nothing() -> None:
    assert not still_fits("z", flow(), flow())
    assert not still_fits("z", flow(), flow(z=task()))
    assert not still_fits("z", flow(z=task()), flow())
