"""In which order a dataflow's tasks can run, and which of them gives the reply."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from outcode.appkit import Action, FlowStep
from outcode.engine.results import TaskResult
from outcode.engine.routes import Route, merged_route, route_of
from outcode.engine.state import TaskState
from outcode.flows.check import edges_of
from outcode.flows.dataflow import Dataflow, Edge
from outcode.values.tagged import Literal


def letter_order(letter: str) -> tuple[int, str]:
    """Sorts letters in order of creation: a … z, aa …

    >>> sorted(["aa", "b", "z"], key=letter_order)
    ['b', 'z', 'aa']
    """
    return len(letter), letter


@dataclass(frozen=True, slots=True)
class Plan:
    """What each task waits for, by letter.

    ``merges`` go on when at least one of their edges is passed, ``races`` (among them) as soon as one is; ``lenient``
    are the tasks whose failure does not stop the flow.
    """

    edges: Mapping[str, tuple[Edge, ...]]
    merges: frozenset[str] = frozenset()
    races: frozenset[str] = frozenset()
    lenient: frozenset[str] = frozenset()

    @classmethod
    def of(cls, document: Dataflow, actions: Mapping[str, Action]) -> Plan:
        """The plan of a checked document (no circle, no unknown letter) and the actions of its tasks."""
        merges = {letter for letter, action in actions.items() if _is_merge(action)}
        return cls(
            edges_of(document),
            frozenset(merges),
            frozenset(letter for letter in merges if document.tasks[letter].inputs.get("mode") == Literal(value="any")),
            frozenset(letter for letter, task in document.tasks.items() if task.on_error != "stop"),
        )

    def ready(self, states: Mapping[str, TaskState]) -> list[str]:
        """The tasks whose turn it is, by letter: waiting, and all they wait for is settled.

        >>> Plan({"a": (), "b": (Edge("a"),)}).ready({"a": TaskState.DONE, "b": TaskState.WAITING})
        ['b']
        """
        waiting = (letter for letter, state in states.items() if state is TaskState.WAITING)
        return sorted((letter for letter in waiting if self._is_turn(letter, states)), key=letter_order)

    def route(self, letter: str, results: Mapping[str, TaskResult]) -> Route:
        """How the flow reaches a task whose turn it is."""
        edges = self.edges[letter]
        return merged_route(edges, results) if letter in self.merges and edges else route_of(edges, results)

    def is_settled(self, letter: str, state: TaskState) -> bool:
        """Whether the tasks behind may go on."""
        return state in {TaskState.DONE, TaskState.SKIPPED} or (state is TaskState.FAILED and letter in self.lenient)

    def _is_turn(self, letter: str, states: Mapping[str, TaskState]) -> bool:
        before = [edge.letter for edge in self.edges[letter]]
        if letter in self.races and any(
            states[other] is not TaskState.SKIPPED and self.is_settled(other, states[other]) for other in before
        ):
            return True
        return all(self.is_settled(other, states[other]) for other in before)


def reply_task(edges: Mapping[str, tuple[Edge, ...]], executed: Collection[str]) -> str | None:
    """The task whose result answers a webhook: of the executed ones behind which none was, the highest letter.

    >>> reply_task({"a": (), "b": (Edge("a"),), "c": (Edge("a"),)}, {"a", "b"})
    'b'
    """
    followed = {edge.letter for letter in executed for edge in edges[letter]}
    return max((letter for letter in executed if letter not in followed), key=letter_order, default=None)


def _is_merge(action: Action) -> bool:
    return isinstance(action.call, FlowStep) and action.call.step == "merge"
