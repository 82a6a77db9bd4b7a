"""Whether a task runs once or once per element, and over which arrays.

A reference to an array result without an index means "of each element", so the task iterates by itself. Several arrays
may be used together when they are aligned: made, element by element, from the same array.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from outcode.appkit import Action
from outcode.appkit.fields import RowsField
from outcode.engine.results import TaskResult
from outcode.flows.dataflow import Task
from outcode.values.problems import InputProblem
from outcode.values.references import Each as EachElement
from outcode.values.references import Index, Meta, Reference, Root, Scope, references_in


@dataclass(frozen=True, slots=True)
class Once:
    """The task runs once."""


@dataclass(frozen=True, slots=True)
class Each:
    """The task runs once per element of the arrays of ``letters``, which all have ``count`` elements."""

    letters: frozenset[str]
    origin: str
    count: int


def iteration(task: Task, action: Action, results: Mapping[str, TaskResult]) -> Once | Each:
    """How a task runs on what its earlier tasks left; raises InputProblem ``arrays_not_aligned``."""
    if task.run_once:
        return Once()
    letters = {
        reference.root for reference in _element_references(task, action) if _is_array(results.get(reference.root))
    }
    if not letters:
        return Once()
    origins = {results[letter].origin for letter in letters}
    if len(origins) > 1:
        first, second = sorted(letters)[:2]
        raise InputProblem("arrays_not_aligned", first=first, second=second)
    letter = min(letters)
    return Each(frozenset(letters), str(results[letter].origin), len(results[letter].value))


def scope_of(results: Mapping[str, TaskResult], roots: Mapping[str, Root]) -> dict[str, Root]:
    """Everything a task may refer to, arrays whole: the results by letter, and ``roots`` such as trigger and run."""
    tasks = {letter: Root(result.value, result.meta, f"task {letter}") for letter, result in results.items()}
    return {**roots, **tasks}


def scope_of_element(scope: Scope, each: Each, index: int) -> dict[str, Root]:
    """The scope with the arrays iterated over replaced by their element ``index`` (from 0), and its ``row`` number."""
    elements = {
        letter: Root(scope[letter].value[index], scope[letter].meta, scope[letter].label, whole=scope[letter].value)
        for letter in each.letters
    }
    return {**scope, **elements, "row": Root({"number": index + 1})}


def _element_references(task: Task, action: Action) -> Iterator[Reference]:
    """The references that mean one element of an array; fields that take rows get the array whole."""
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
