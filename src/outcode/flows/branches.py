"""The branches of a flow: what a condition says, and which results a merge puts together.

A branch is ``{"name": "paid", "conditions": […]}``, by the same typed filters that tables have; but a condition names
no column, it holds the value itself, ``left``, which a reference has given. The first branch whose conditions match is
taken, else ``otherwise``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from outcode.flows.dataflow import ERROR_BRANCH, Task
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place, Problem, ProblemList, ReferenceProblem
from outcode.values.references import parse_template
from outcode.values.tagged import List, Template

OTHERWISE = "otherwise"
RESERVED_NAMES = frozenset({OTHERWISE, ERROR_BRANCH})
MAX_BRANCHES = 50


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch as it was given: ``filter`` has a column ``left0``, ``left1`` … for each value in ``lefts``."""

    name: str
    filter: Json
    lefts: Mapping[str, Json]


def read_branches(branches: Json) -> list[Branch]:
    """The branches of a condition's answer; raises InputProblem or ProblemList with the path inside the inputs."""
    if not isinstance(branches, list) or not branches:
        raise InputProblem("branches_missing", Place(field="inputs.branches"))
    if len(branches) > MAX_BRANCHES:
        raise InputProblem("branches_too_many", Place(field="inputs.branches"), limit=MAX_BRANCHES)
    problems: list[Problem] = []
    found: dict[str, Branch] = {}
    for index, branch in enumerate(branches):
        path = f"inputs.branches[{index}]"
        try:
            read = _branch(branch, path)
        except InputProblem as problem:
            problems.append(problem)
            continue
        if read.name in found:
            problems.append(InputProblem("branch_name_twice", Place(field=f"{path}.name"), name=read.name))
        found[read.name] = read
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemList(problems)
    return list(found.values())


def _branch(branch: Json, path: str) -> Branch:
    if not isinstance(branch, dict) or branch.keys() != {"name", "conditions"}:
        raise InputProblem("branch_shape", Place(field=path))
    name = branch["name"]
    if not isinstance(name, str) or not name.strip() or "." in name or len(name) > 50:
        raise InputProblem("branch_name_invalid", Place(field=f"{path}.name"))
    if name in RESERVED_NAMES:
        raise InputProblem("branch_name_reserved", Place(field=f"{path}.name"), name=name)
    lefts: dict[str, Json] = {}
    return Branch(name, _without_lefts(branch["conditions"], lefts, f"{path}.conditions"), lefts)


def _without_lefts(conditions: Json, lefts: dict[str, Json], path: str) -> Json:
    """The filter over columns, its values taken out into ``lefts``."""
    match conditions:
        case list():
            return [_without_lefts(each, lefts, f"{path}[{index}]") for index, each in enumerate(conditions)]
        case {"members": list(members), **rest}:
            return {**rest, "members": _without_lefts(members, lefts, f"{path}.members")}
        case {"left": left, **rest} if "column" not in rest:
            column = f"left{len(lefts)}"
            lefts[column] = left
            return {**rest, "column": column}
        case _:
            raise InputProblem("condition_left_missing", Place(field=path), example="{{a.total}}")


def branch_names(branches: Json) -> Iterator[str]:
    """The names of all branches as far as they are written out, those that are always there last."""
    if isinstance(branches, list):
        for branch in branches:
            if isinstance(branch, dict) and isinstance(branch.get("name"), str):
                yield branch["name"]
    yield OTHERWISE


def merged_letters(task: Task) -> list[str]:
    """The tasks whose results a merge puts together, as far as they are named as they must be: ``{{c}}``."""
    tagged = task.inputs.get("results")
    letters: list[str] = []
    for item in tagged.items if isinstance(tagged, List) else ():
        if not isinstance(item, Template):
            continue
        try:
            lone = parse_template(item.text).lone
        except ReferenceProblem:
            continue
        if lone is not None and not lone.path and not lone.pipes:
            letters.append(lone.root)
    return letters
