"""Which task waits for which, and whether that ever comes to an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from outcode.flows.checks.uses import Uses
from outcode.flows.dataflow import Dataflow, Edge
from outcode.flows.findings import Finding, finding, suggestions
from outcode.flows.positions import Path

Needs = Mapping[str, frozenset[str]]


def edges_of(document: Dataflow, uses: Uses) -> dict[str, tuple[Edge, ...]]:
    """What each task waits for, because it refers to it or names it in ``after``; by letter.

    Whoever stands behind a branch of a task may refer to that task, too, and still waits for the branch only.
    """
    edges: dict[str, tuple[Edge, ...]] = {}
    for letter, task in document.tasks.items():
        named = dict.fromkeys(edge for edge in task.edges if edge.letter in document.tasks)
        letters = {edge.letter for edge in named}
        referred = dict.fromkeys(
            reference.root
            for _, reference in uses.references(letter)
            if reference.root in document.tasks and reference.root not in letters
        )
        edges[letter] = (*named, *(Edge(other) for other in referred))
    return edges


def needs_of(document: Dataflow, uses: Uses) -> dict[str, frozenset[str]]:
    """The letters of the tasks that each task waits for."""
    return {letter: frozenset(edge.letter for edge in edges) for letter, edges in edges_of(document, uses).items()}


def runnable_order(needs: Needs) -> list[str]:
    """The letters so that each comes after those it waits for; those in a circle, or behind one, are left out.

    >>> runnable_order({"b": frozenset("a"), "a": frozenset(), "c": frozenset("d"), "d": frozenset("c")})
    ['a', 'b']
    """
    behind: dict[str, list[str]] = {letter: [] for letter in needs}
    missing = {letter: len(others) for letter, others in needs.items()}
    for letter, others in needs.items():
        for other in others:
            behind[other].append(letter)
    order = [letter for letter, count in missing.items() if count == 0]
    for letter in order:
        for follower in behind[letter]:
            missing[follower] -= 1
            if missing[follower] == 0:
                order.append(follower)
    return order


def order_findings(document: Dataflow, uses: Uses, needs: Needs) -> Iterator[Finding]:
    """Unknown letters in ``after``, tasks that wait for themselves, circles."""
    for letter, task in document.tasks.items():
        for index, (other, _) in enumerate(task.edges):
            path: Path = ("tasks", letter, "after", index)
            if other not in document.tasks:
                known = [each for each in document.tasks if each != letter]
                if known:
                    yield finding("after_unknown", path, task=other, known=suggestions(other, known))
                else:
                    yield finding("after_alone", path, task=other)
        if letter in needs[letter]:
            yield finding("task_needs_itself", _where(document, uses, letter, letter), letter=letter)
    others = {letter: needs[letter] - {letter} for letter in needs}
    for circle in _circles(others):
        path = _where(document, uses, circle[0], circle[1])
        yield finding("tasks_in_a_circle", path, circle=" → ".join(circle))


def _circles(needs: Needs) -> Iterator[list[str]]:
    """Circles that together touch all tasks which cannot start, each as ``["a", "c", "a"]``: a needs c, c needs a."""
    stuck = set(needs).difference(runnable_order(needs))
    seen: set[str] = set()
    for start in sorted(stuck):
        walk: list[str] = []
        letter = start
        while letter not in seen:
            seen.add(letter)
            walk.append(letter)
            letter = min(needs[letter] & stuck)
        if letter in walk:
            circle = walk[walk.index(letter) :]
            first = circle.index(min(circle))
            yield [*circle[first:], *circle[:first], circle[first]]


def _where(document: Dataflow, uses: Uses, letter: str, other: str) -> Path:
    """Where a task says that it needs another: the text that refers to it, or its place in ``after``."""
    for text, reference in uses.references(letter):
        if reference.root == other:
            return text.path
    named = [edge.letter for edge in document.tasks[letter].edges]
    return ("tasks", letter, "after", named.index(other))
