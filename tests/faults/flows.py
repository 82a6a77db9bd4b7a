"""Flows to be interrupted, and what their runs may have come to afterwards."""

from __future__ import annotations

from itertools import pairwise
from string import ascii_lowercase
from typing import Any

from outcode.runs.history import RunInfo
from tests.faults.stage import Counting
from tests.support.flows import script

CHAIN = 20


def count_once(counter: Counting, letter: str, after: str) -> dict[str, Any]:
    """A POST, which nobody may repeat."""
    body = {"run": "{{run.id}}", "task": letter, "after": after}
    inputs = {"method": "POST", "url": f"{counter.base}/count", "body_type": "json", "body": body}
    return {"app": "api", "action": "http_request", "inputs": inputs}


def count_again(counter: Counting, letter: str, after: str) -> dict[str, Any]:
    """A GET, which may be repeated."""
    url = f"{counter.base}/count?run={{{{run.id}}}}&task={letter}&after={after}"
    return {"app": "api", "action": "http_request", "inputs": {"method": "GET", "url": url}}


def chain(counter: Counting, length: int = CHAIN) -> dict[str, Any]:
    """Tasks one after the other: JavaScript, a POST, a GET, and so on."""
    tasks: dict[str, Any] = {"a": script("return {status: 1}")}
    for before, letter in pairwise(ascii_lowercase[:length]):
        after = f"{{{{{before}.status}}}}"
        kind = ascii_lowercase.index(letter) % 3
        if kind == 0:
            tasks[letter] = script("return {status: input.after + 1}", input={"after": after})
        else:
            tasks[letter] = (count_once if kind == 1 else count_again)(counter, letter, after)
    return tasks


def verdict(run: RunInfo, counter: Counting, tasks: dict[str, Any]) -> str:
    """``done``, ``unknown`` or ``given up``; fails when anything was lost, or anything finished was repeated.

    *Unknown* is a run that ended because what was in flight may have happened, and it says which task that was.
    """
    states = {task.letter: task.state for task in run.tasks}
    counts = {letter: counter.counts[run.id, letter] for letter in tasks}
    once = {letter for letter, task in tasks.items() if task["inputs"].get("method") == "POST"}
    called = once | {letter for letter, task in tasks.items() if task["inputs"].get("method") == "GET"}
    seen = f"{run.state} {run.error}\nstates: {states}\ncounts: {counts}"
    assert all(counts[letter] <= 1 for letter in once), seen
    assert all(counts[letter] >= 1 for letter in called if states[letter] == "done"), seen
    # What may be repeated leaves no mark before it happens, so a GET may have been on its way.
    assert all(counts[letter] == 0 for letter in once if states[letter] == "waiting"), seen
    if run.state == "done":
        assert set(states.values()) == {"done"}, seen
        return "done"
    assert run.state == "crashed", seen
    assert run.error is not None
    if run.error["code"] == "run_keeps_crashing":
        return "given up"
    assert run.error["code"] == "effect_unknown", seen
    assert list(states.values()).count("unknown") == 1, seen
    return "unknown"
