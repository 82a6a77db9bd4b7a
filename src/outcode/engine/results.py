"""What a task left behind, as later tasks and the journal see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from outcode.values.json import Json


@dataclass(frozen=True, slots=True)
class Failure:
    """One element that failed: its row (counted from 1) and the problem as journaled."""

    row: int
    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The value of a task, with what is needed to go on from it.

    ``origin`` is the letter of the task whose array this one is aligned with, element by element (its own letter where
    it made the array), and None for a value that is no array. Failed elements stand in ``value`` as None.
    """

    value: Json
    meta: dict[str, Json] | None = None
    origin: str | None = None
    failures: tuple[Failure, ...] = ()

    @classmethod
    def of(cls, letter: str, value: Json, meta: dict[str, Json] | None = None) -> TaskResult:
        """The result of a task that ran once: an array starts a lineage of its own.

        >>> TaskResult.of("a", [1, 2]).origin, TaskResult.of("a", {"x": 1}).origin
        ('a', None)
        """
        return cls(value, meta, letter if isinstance(value, list) else None)

    def first_only(self) -> TaskResult:
        """The result cut to one record, as a test run goes on with."""
        return TaskResult(self.value[:1], self.meta, self.origin) if isinstance(self.value, list) else self

    def as_json(self) -> dict[str, Json]:
        """The journaled form; :meth:`from_json` reads it."""
        failures = [{"row": failure.row, "error": failure.error} for failure in self.failures]
        return {"value": self.value, "meta": self.meta, "origin": self.origin, "failures": failures}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TaskResult:
        """The result from its journaled form."""
        failures = tuple(Failure(item["row"], item["error"]) for item in data["failures"])
        return cls(data["value"], data["meta"], data["origin"], failures)
