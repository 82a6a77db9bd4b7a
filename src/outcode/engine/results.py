"""What a task left behind, as later tasks and the journal see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from outcode.values.json import Json

Positions = tuple[int, ...]
"""Elements of an array by their index, ascending."""
Taken = Positions | bool
"""Who goes along a branch: these elements, or the one course of a task that ran once."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One element that failed: its row (counted from 1) and the problem as journaled."""

    row: int
    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The value of a task, with what is needed to go on from it.

    ``origin`` is the letter of the task whose array this one is aligned with, element by element (its own letter where
    it made the array), and None for a value that is no array. ``domain`` says by origin which elements are left on this
    course of the flow; all where it says nothing. ``routes`` are the branches that lead on from the task, with the
    elements that each takes; the branch without a name is the usual way on. Failed elements stand in ``value`` as None,
    or as ``{"error": …}`` where the flow goes on with them.
    """

    value: Json
    meta: dict[str, Json] | None = None
    origin: str | None = None
    failures: tuple[Failure, ...] = ()
    domain: Mapping[str, Positions] = field(default_factory=dict)
    routes: Mapping[str, Taken] = field(default_factory=dict)

    @classmethod
    def of(cls, letter: str, value: Json, meta: dict[str, Json] | None = None) -> TaskResult:
        """The result of a task that ran once: an array starts a lineage of its own.

        >>> TaskResult.of("a", [1, 2]).origin, TaskResult.of("a", {"x": 1}).origin
        ('a', None)
        """
        return cls(value, meta, letter if isinstance(value, list) else None)

    @property
    def positions(self) -> Positions | None:
        """Which elements of its origin's array the value holds; None: all."""
        return None if self.origin is None else self.domain.get(self.origin)

    def first_only(self) -> TaskResult:
        """The result cut to one record, as a test run goes on with."""
        if not isinstance(self.value, list):
            return self
        domain = dict(self.domain)
        if self.origin in domain:
            domain[self.origin] = domain[self.origin][:1]
        return replace(self, value=self.value[:1], failures=self.failures[:1], domain=domain)

    def as_json(self, *, chunks_of: tuple[str, str] | None = None) -> dict[str, Json]:
        """The journaled form; :meth:`from_json` reads it.

        The values may be kept already, in chunks of a run and one of its tasks: ``chunks_of`` are their id and letter.
        """
        written: dict[str, Json] = {"value": self.value, "meta": self.meta, "origin": self.origin, "failures": []}
        if chunks_of is not None:
            written["value"] = None
            written["chunks"] = {"run": chunks_of[0], "letter": chunks_of[1], "count": len(self.value)}
        else:
            written["failures"] = [{"row": failure.row, "error": failure.error} for failure in self.failures]
        if self.domain:
            written["domain"] = {origin: list(positions) for origin, positions in self.domain.items()}
        if self.routes:
            written["routes"] = {
                branch: taken if isinstance(taken, bool) else list(taken) for branch, taken in self.routes.items()
            }
        return written

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TaskResult:
        """The result from its journaled form."""
        return cls(
            data["value"],
            data["meta"],
            data["origin"],
            tuple(Failure(item["row"], item["error"]) for item in data["failures"]),
            {origin: tuple(positions) for origin, positions in data.get("domain", {}).items()},
            {
                branch: taken if isinstance(taken, bool) else tuple(taken)
                for branch, taken in data.get("routes", {}).items()
            },
        )
