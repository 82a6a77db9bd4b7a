"""Branches put together again: elements in the order of the array they came from, or one list after another."""

from __future__ import annotations

from collections.abc import Mapping

from outcode.engine.results import TaskResult
from outcode.values.json import Json
from outcode.values.problems import InputProblem


def merged(results: Mapping[str, TaskResult]) -> TaskResult:
    """All results: aligned ones as one array in the order of their origin, others by letter; a lone one as it is.

    >>> some, others = TaskResult([1], origin="a", domain={"a": (1,)}), TaskResult([0], origin="a", domain={"a": (0,)})
    >>> merged({"c": some, "d": others}).value
    [0, 1]
    """
    if not results:
        return TaskResult(None)
    if len(results) == 1:
        return first(results)
    origins = {result.origin for result in results.values()}
    if len(origins) > 1 or not all(isinstance(result.value, list) for result in results.values()):
        return TaskResult({letter: result.value for letter, result in results.items()})
    origin = origins.pop()
    values: dict[int, Json] = {}
    whole = False
    for result in results.values():
        whole = whole or result.positions is None
        for position, value in zip(result.positions or range(len(result.value)), result.value, strict=True):
            values.setdefault(position, value)
    positions = tuple(sorted(values))
    domain = {} if whole or origin is None else {origin: positions}
    return TaskResult([values[position] for position in positions], origin=origin, domain=domain)


def first(results: Mapping[str, TaskResult]) -> TaskResult:
    """The first result there is, without the branches behind it."""
    if not results:
        return TaskResult(None)
    result = next(iter(results.values()))
    return TaskResult(result.value, result.meta, result.origin, domain=result.domain)


def appended(letter: str, results: Mapping[str, TaskResult]) -> TaskResult:
    """One list of all: the elements of arrays, and results that are none as one element each."""
    values: list[Json] = []
    for result in results.values():
        values += result.value if isinstance(result.value, list) else [result.value]
    if len(values) > 1_000_000:
        raise InputProblem("merge_too_large", count=len(values))
    return TaskResult.of(letter, values)
