"""Whether the branches of conditions can be asked, as far as that is known before a run: names, operators, values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from outcode.appkit import Action, FlowStep
from outcode.flows.branches import read_branches
from outcode.flows.checks.shapes import shape
from outcode.flows.dataflow import Dataflow
from outcode.flows.findings import Finding
from outcode.flows.positions import Path
from outcode.values.filters import check_filter, read_filter
from outcode.values.problems import InputProblem, Problem, ProblemList
from outcode.values.tagged import LATER, Tagged


def condition_findings(document: Dataflow, actions: Mapping[str, Action]) -> Iterator[Finding]:
    """Findings about the branches of all condition tasks."""
    for letter, action in actions.items():
        branches = document.tasks[letter].inputs.get("branches")
        if isinstance(action.call, FlowStep) and action.call.step == "condition" and branches is not None:
            yield from _condition(branches, ("tasks", letter))


def _condition(branches: Tagged, path: Path) -> Iterator[Finding]:
    shaped = shape(branches)
    if shaped is LATER:
        return
    try:
        read = read_branches(shaped)
    except ProblemList as problems:
        yield from (_placed(problem, path) for problem in problems.problems)
        return
    except InputProblem as problem:
        yield _placed(problem, path)
        return
    for index, branch in enumerate(read):
        inside = f"inputs.branches[{index}].conditions"
        try:
            wrong = check_filter(read_filter(branch.filter), None)
        except ProblemList as problems:
            wrong = problems.problems
        for each in wrong:
            field = each.place.field or ""
            within = field.removeprefix("members") if isinstance(branch.filter, list) else f".{field}" if field else ""
            yield Finding(each, (*path, inside + within))


def _placed(problem: Problem, path: Path) -> Finding:
    return Finding(problem, (*path, problem.place.field or "inputs.branches"))
