"""Whether the branches that a flow takes are there: those named in ``after``, and those that merges put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from outcode.appkit import Action, FlowStep
from outcode.appkit.calls import Step
from outcode.flows.branches import OTHERWISE, branch_names, merged_letters
from outcode.flows.checks.shapes import shape
from outcode.flows.dataflow import ERROR_BRANCH, Dataflow, Edge, Task
from outcode.flows.findings import Finding, finding, suggestions
from outcode.flows.positions import Path
from outcode.values.tagged import LATER


def branch_findings(document: Dataflow, actions: Mapping[str, Action]) -> Iterator[Finding]:
    """Findings about the branches that tasks stand behind, and about what merges take."""
    steps = {letter: action.call.step for letter, action in actions.items() if isinstance(action.call, FlowStep)}
    for letter, task in document.tasks.items():
        yield from _named(document, steps, letter, task)
        if steps.get(letter) == "merge" and "results" in task.inputs:
            yield from _merge(task, ("tasks", letter, "inputs", "results"))


def _named(document: Dataflow, steps: Mapping[str, Step], letter: str, task: Task) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for index, edge in enumerate(task.edges):
        path: Path = ("tasks", letter, "after", index)
        if edge.branch is None or edge.letter not in document.tasks:
            continue
        yield from _branch(edge, document.tasks[edge.letter], steps.get(edge.letter), path)
        if seen.setdefault(edge.letter, edge.branch) != edge.branch:
            yield finding("after_branches_exclude", path, task=edge.letter, one=seen[edge.letter], other=edge.branch)


def _branch(edge: Edge, task: Task, step: Step | None, path: Path) -> Iterator[Finding]:
    if edge.branch == ERROR_BRANCH:
        if task.on_error != "branch":
            yield finding("after_no_error_branch", path, task=edge.letter)
    elif step != "condition":
        yield finding("after_no_branches", path, task=edge.letter, branch=edge.branch)
    else:
        branches = shape(task.inputs["branches"]) if "branches" in task.inputs else None
        known = list(branch_names(branches))
        if branches is not LATER and edge.branch not in known:
            near = suggestions(str(edge.branch), known) or OTHERWISE
            yield finding("after_branch_unknown", path, task=edge.letter, branch=edge.branch, known=near)


def _merge(task: Task, path: Path) -> Iterator[Finding]:
    letters = merged_letters(task)
    shaped = shape(task.inputs["results"])
    count = len(shaped) if isinstance(shaped, list) else 0
    if shaped is LATER or len(letters) < max(count, 1):
        yield finding("merge_of_tasks_only", path, example='["{{c}}", "{{d}}"]')
    elif count < 2:
        yield finding("merge_of_one", path)
