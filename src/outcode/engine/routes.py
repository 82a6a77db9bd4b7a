"""Along which branches a flow goes: whether a task is reached, and which elements are left when it is.

A condition, or a task with an error branch, leaves *routes*: by branch the elements that take it. Whoever comes behind
a branch works on those only, though it refers to the whole array; so does everything behind it, until a merge puts the
branches together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from outcode.engine.results import Positions, Taken, TaskResult
from outcode.flows.dataflow import Edge

Reason = Literal["no_rows", "branch"]
"""Why a task is skipped: there are no elements for it, or the flow went along another branch."""


@dataclass(frozen=True, slots=True)
class Route:
    """How the flow reaches a task: ``domain`` are the elements left, by origin; ``skipped`` why it does not."""

    domain: Mapping[str, Positions]
    skipped: Reason | None = None


def route_of(edges: Iterable[Edge], results: Mapping[str, TaskResult]) -> Route:
    """The route to a task all of whose edges must be passed; tasks without a result were skipped themselves.

    >>> route_of([Edge("b", "paid")], {"b": TaskResult({}, origin="a", routes={"paid": (0, 2)})}).domain
    {'a': (0, 2)}
    """
    domain: dict[str, Positions] = {}
    for edge in edges:
        result = results.get(edge.letter)
        if result is None:
            return Route({}, "branch")
        for origin, positions in result.domain.items():
            domain[origin] = _both(domain.get(origin), positions)
        taken = _taken(result, edge)
        if taken is False:
            return Route({}, "branch")
        if not isinstance(taken, bool) and result.origin is not None:
            domain[result.origin] = _both(domain.get(result.origin), taken)
    return Route(domain, "no_rows" if () in domain.values() else None)


def merged_route(edges: Collection[Edge], results: Mapping[str, TaskResult]) -> Route:
    """The route to a merge: what any of its edges lets pass, in the order of the origin."""
    routes = [route_of([edge], results) for edge in edges]
    passed = [route for route in routes if route.skipped is None]
    if not passed:
        return Route({}, "branch" if any(route.skipped == "branch" for route in routes) else "no_rows")
    domain = {
        origin: tuple(sorted(set().union(*(route.domain[origin] for route in passed))))
        for origin in passed[0].domain
        if all(origin in route.domain for route in passed)
    }
    return Route(domain)


def _taken(result: TaskResult, edge: Edge) -> Taken:
    if edge.branch is None:
        return result.routes.get("", True)
    return result.routes.get(edge.branch, False)


def _both(one: Positions | None, other: Positions) -> Positions:
    if one is None or one == other:
        return other
    among = set(one)
    return tuple(position for position in other if position in among)
