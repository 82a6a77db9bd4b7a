"""In which order a dataflow's tasks can run, and which of them gives the reply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from outcode.engine.state import FINISHED_TASK_STATES, TaskState
from outcode.flows.check import dependencies
from outcode.flows.dataflow import Dataflow


def letter_order(letter: str) -> tuple[int, str]:
    """Sorts letters in order of creation: a … z, aa …

    >>> sorted(["aa", "b", "z"], key=letter_order)
    ['b', 'z', 'aa']
    """
    return len(letter), letter


@dataclass(frozen=True, slots=True)
class Plan:
    """Which tasks a task waits for, by letter."""

    waits_for: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, document: Dataflow) -> Plan:
        """The plan of a checked document (no circle, no unknown letter)."""
        return cls(dependencies(document))

    def ready(self, states: Mapping[str, TaskState]) -> list[str]:
        """The tasks that can run now, by letter: waiting, and all they wait for is finished.

        >>> Plan({"a": frozenset(), "b": frozenset("a")}).ready({"a": TaskState.DONE, "b": TaskState.WAITING})
        ['b']
        """
        finished = {letter for letter, state in states.items() if state in FINISHED_TASK_STATES}
        waiting = (letter for letter, state in states.items() if state is TaskState.WAITING)
        return sorted((letter for letter in waiting if self.waits_for[letter] <= finished), key=letter_order)

    def reply_task(self, states: Mapping[str, TaskState]) -> str | None:
        """The task whose result answers a webhook: the executed leaf with the highest letter; None when none ran."""
        needed: set[str] = set().union(*self.waits_for.values())
        leaves = (letter for letter in self.waits_for if letter not in needed)
        return _last(letter for letter in leaves if states.get(letter) in FINISHED_TASK_STATES)


def _last(letters: Iterable[str]) -> str | None:
    return max(letters, key=letter_order, default=None)
