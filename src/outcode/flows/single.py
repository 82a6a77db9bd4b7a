"""One task by itself: the part of a flow that a test of this task needs, and whether older results still fit."""

from __future__ import annotations

from outcode.flows.checks.order import needs_of, runnable_order
from outcode.flows.checks.uses import Uses
from outcode.flows.dataflow import Dataflow, Task

_STEERING = "flow"
"""The app whose tasks take what comes along ``after``; others are only ordered by it."""


def alone(document: Dataflow, letter: str) -> Dataflow:
    """The task with those whose results it stands on, near and far, and no others.

    What only says when the task's turn would be is left out: whoever tests a task wants it run.

    >>> task = Task(app="api", action="http_request")
    >>> list(alone(Dataflow(name="F", tasks={"a": task, "b": task}), "b").tasks)
    ['b']
    """
    needs = data_needs(document)
    kept, open_letters = {letter}, [letter]
    while open_letters:
        new = needs[open_letters.pop()] - kept
        kept |= new
        open_letters += new
    tasks = {each: _unordered(task) for each, task in document.tasks.items() if each in kept}
    return document.model_copy(update={"tasks": tasks})


def data_needs(document: Dataflow) -> dict[str, frozenset[str]]:
    """The tasks whose results each task stands on, by letter."""
    tasks = {letter: _unordered(task) for letter, task in document.tasks.items()}
    unordered = document.model_copy(update={"tasks": tasks})
    return needs_of(unordered, Uses.of(unordered))


def first_needed(document: Dataflow, letter: str, known: frozenset[str]) -> list[str]:
    """The tasks to be tested before this one, in order, when only those in ``known`` have results."""
    needs = data_needs(document)
    missing: set[str] = set()
    open_letters = [letter]
    while open_letters:
        new = needs[open_letters.pop()] - known - missing - {letter}
        missing |= new
        open_letters += new
    return [each for each in runnable_order(needs) if each in missing]


def still_fits(letter: str, old: Dataflow, new: Dataflow) -> bool:
    """Whether a task's result under ``old`` would be made the same way under ``new``: it and all that it stands on."""
    if letter not in old.tasks or letter not in new.tasks:
        return False
    before, after = alone(old, letter), alone(new, letter)
    return before.tasks.keys() == after.tasks.keys() and all(
        _making(before.tasks[each]) == _making(after.tasks[each]) for each in after.tasks
    )


def _making(task: Task) -> tuple[object, ...]:
    """What of a task decides about its result."""
    return task.app, task.action, task.connection, repr(task.inputs), task.run_once, task.after


def _unordered(task: Task) -> Task:
    return task if task.app == _STEERING else task.model_copy(update={"after": ()})
