"""Whether a task runs once or once per element, and over which arrays.

A reference to an array result without an index means "of each element", so the task iterates by itself. Several arrays
may be used together when they are aligned: made, element by element, from the same array. Behind a branch only the
elements that took it are left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from outcode.appkit import Action, FlowStep
from outcode.appkit.fields import RowsField
from outcode.engine.results import Positions, TaskResult
from outcode.flows.dataflow import Task
from outcode.values.problems import InputProblem
from outcode.values.references import Each as EachElement
from outcode.values.references import Index, Meta, Reference, Root, Scope, references_in

_ON_WHOLE_ARRAYS = frozenset({"merge", "delay", "respond", "loop"})
"""Steps of a flow that are taken once, whatever they refer to."""


@dataclass(frozen=True, slots=True)
class Once:
    """The task runs once."""


@dataclass(frozen=True, slots=True)
class Each:
    """The task runs once per element of the arrays of ``letters``, all aligned with that of ``origin``.

    ``positions`` are the elements of the origin's array that are worked on; ``places`` say, for arrays that hold only
    some of them, where each stands.
    """

    letters: frozenset[str]
    origin: str
    positions: Sequence[int]
    places: Mapping[str, Mapping[int, int]]

    @property
    def count(self) -> int:
        """How many elements there are to work on."""
        return len(self.positions)

    @property
    def domain(self) -> dict[str, Positions]:
        """What the result says of its elements: nothing where it has them all."""
        return {} if isinstance(self.positions, range) else {self.origin: tuple(self.positions)}


def iteration(
    task: Task, action: Action, results: Mapping[str, TaskResult], domain: Mapping[str, Positions] | None = None
) -> Once | Each:
    """How a task runs on what its earlier tasks left, on the elements that ``domain`` leaves it.

    Raises InputProblem ``arrays_not_aligned``.
    """
    if task.run_once:
        return Once()
    letters = sorted(
        {reference.root for reference in _element_references(task, action) if _is_array(results.get(reference.root))}
    )
    if not letters:
        return Once()
    if len({results[letter].origin for letter in letters}) > 1:
        raise InputProblem("arrays_not_aligned", first=letters[0], second=letters[1])
    origin = str(results[letters[0]].origin)
    held = {letter: each for letter in letters if (each := results[letter].positions) is not None}
    left = list(held.values())
    if domain and origin in domain:
        left.append(domain[origin])
    positions: Sequence[int] = range(len(results[letters[0]].value))
    if left:
        others = [set(each) for each in left[1:] if each is not left[0]]
        positions = tuple(position for position in left[0] if all(position in other for other in others))
    places = {letter: {position: place for place, position in enumerate(each)} for letter, each in held.items()}
    return Each(frozenset(letters), origin, positions, places)


def scope_of(results: Mapping[str, TaskResult], roots: Mapping[str, Root]) -> dict[str, Root]:
    """Everything a task may refer to, arrays whole: the results by letter, and ``roots`` such as trigger and run."""
    tasks = {letter: Root(result.value, result.meta, f"task {letter}") for letter, result in results.items()}
    return {**roots, **tasks}


def scope_of_element(scope: Scope, each: Each, index: int) -> dict[str, Root]:
    """The scope with the arrays iterated over replaced by their element ``index`` (from 0), and its ``row`` number."""
    position = each.positions[index]
    elements: dict[str, Root] = {}
    for letter in each.letters:
        place = each.places[letter][position] if letter in each.places else position
        whole = scope[letter]
        elements[letter] = Root(whole.value[place], whole.meta, whole.label, whole=whole.value)
    return {**scope, **elements, "row": Root({"number": index + 1})}


def _element_references(task: Task, action: Action) -> Iterator[Reference]:
    """The references that mean one element of an array; fields that take rows get the array whole."""
    if isinstance(action.call, FlowStep) and action.call.step in _ON_WHOLE_ARRAYS:
        return
    whole = {field.key for field in action.fields if isinstance(field, RowsField)}
    for key, tagged in task.inputs.items():
        if key in whole:
            continue
        for _, reference in references_in(tagged):
            if not _names_whole_array(reference):
                yield reference


def _names_whole_array(reference: Reference) -> bool:
    match reference.path[:1]:
        case (Index() | EachElement() | Meta(),):
            return True
        case _:
            return False


def _is_array(result: TaskResult | None) -> bool:
    return result is not None and isinstance(result.value, list)
