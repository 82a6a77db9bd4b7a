"""What differs between two versions: all of it, nothing else, each at its smallest place."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from outcode.flows.dataflow import Dataflow
from outcode.flows.difference import Change, difference
from outcode.flows.plain import parse_flow, plain
from outcode.values import json
from tests.flows.test_yaml import FLOWS


def flow(**changes: Any) -> Dataflow:
    document = {"outcode": 1, "kind": "dataflow", "name": "Orders", "tasks": {"a": task()}}
    return parse_flow(document | changes)


def task(code: str = "return 1", **inputs: Any) -> dict[str, Any]:
    return {"app": "javascript", "action": "function_execution", "inputs": {"code": code, **inputs}}


def with_changes(whole: Any, changes: Sequence[Change]) -> Any:
    """The old value with the changes made, each where it says."""
    whole = deepcopy(whole)
    for change in changes:
        *way, last = change.path
        inner = whole
        for step in way:
            inner = inner[step]
        if change.kind == "removed":
            del inner[last]
        else:
            inner[last] = change.new
    return whole


def made_new(old: Dataflow, new: Dataflow) -> Any:
    found = difference(old, new)
    changed = with_changes(plain(old), found.changes)
    for each in found.tasks:
        if each.kind == "removed":
            del changed["tasks"][each.letter]
        elif each.kind == "added":
            changed["tasks"][each.letter] = each.new
        else:
            changed["tasks"][each.letter] = with_changes(changed["tasks"][each.letter], each.changes)
    return changed


def written(document: Any) -> str:
    """With every digit and type as it is, in any order of keys."""
    match document:
        case dict():
            return "{" + ",".join(f"{key!r}:{written(document[key])}" for key in sorted(document)) + "}"
        case list():
            return "[" + ",".join(map(written, document)) + "]"
        case _:
            return json.dumps(document)


@settings(deadline=None)
@given(FLOWS, FLOWS)
def test_the_changes_make_the_new_version_of_the_old_one(old: Dataflow, new: Dataflow) -> None:
    assert written(made_new(old, new)) == written(plain(new))


@settings(deadline=None)
@given(FLOWS, some.randoms(use_true_random=False))
def test_a_version_does_not_differ_from_itself_in_another_order(document: Dataflow, random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            random.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    again = parse_flow(shuffled(plain(document)))
    assert difference(document, again).empty


@settings(deadline=None)
@given(FLOWS, FLOWS)
def test_the_way_back_touches_the_same_places(old: Dataflow, new: Dataflow) -> None:
    there, back = difference(old, new), difference(new, old)
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert {(change.path, change.kind) for change in there.changes} == {
        (change.path, turned[change.kind]) for change in back.changes
    }
    assert [(each.letter, each.kind) for each in there.tasks] == [
        (each.letter, turned[each.kind]) for each in back.tasks
    ]


def test_the_smallest_places_are_named() -> None:
    old = flow(tasks={"a": task(input={"rows": [1, {"x": "old"}], "gone": 1}), "b": task(), "aa": task()})
    new = flow(
        name="New",
        trigger={"kind": "webhook", "name": "orders"},
        tasks={"a": task(input={"rows": [1, {"x": "new"}]}), "aa": task(), "c": task()},
    )
    found = difference(old, new)
    assert found.changes == (
        Change(("name",), "changed", "Orders", "New"),
        Change(("trigger", "kind"), "changed", "manual", "webhook"),
        Change(("trigger", "name"), "added", None, "orders"),
    )
    assert [(each.letter, each.kind, each.changes) for each in found.tasks] == [
        (
            "a",
            "changed",
            (
                Change(("inputs", "input", "rows", 1, "x"), "changed", "old", "new"),
                Change(("inputs", "input", "gone"), "removed", 1, None),
            ),
        ),
        ("b", "removed", ()),
        ("c", "added", ()),
    ]
    assert found.tasks[1].old == plain(old)["tasks"]["b"]
    assert found.tasks[2].new == plain(new)["tasks"]["c"]


def test_what_only_looks_alike_differs() -> None:
    values: list[Any] = [1, True, Decimal("1.0"), Decimal("1.00"), "1", None, [], {}, [1], {"1": 1}]
    for first in values:
        for second in values:
            found = difference(flow(tasks={"a": task(input=[first])}), flow(tasks={"a": task(input=[second])}))
            assert found.empty == (first is second), (first, second)
