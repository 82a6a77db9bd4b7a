"""Whether the options of table tasks can be carried out, as far as that is known before a run: conditions, formulas,
types, names. What a reference will give is left open; whether a column is there only the rows can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from outcode.appkit import Action, TableTask
from outcode.appkit.accept import accept
from outcode.flows.checks.shapes import shape
from outcode.flows.dataflow import Dataflow, Task
from outcode.flows.findings import Finding
from outcode.flows.positions import Path
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.tables import check_options
from outcode.values.tagged import LATER


def table_findings(document: Dataflow, actions: Mapping[str, Action]) -> Iterator[Finding]:
    """Findings about the options of all table tasks."""
    for letter, action in actions.items():
        if isinstance(action.call, TableTask):
            yield from _task(action, action.call, document.tasks[letter], ("tasks", letter, "inputs"))


def _task(action: Action, call: TableTask, task: Task, path: Path) -> Iterator[Finding]:
    options: dict[str, Json] = {}
    for name, source in call.options.items():
        tagged, field = task.inputs.get(source.field), action.field(source.field)
        options[name] = None if tagged is None else shape(tagged)
        if field is not None and options[name] is not LATER:
            try:
                options[name] = accept(field, options[name])
            except InputProblem:
                return  # said where each field's value is checked
    for problem in check_options(call.operation, options):
        name, rest = _split(problem.place.field or next(iter(call.options)))
        if name in call.options and options[name] is not LATER:
            yield Finding(problem, (*path, call.options[name].field + rest))


def _split(path: str) -> tuple[str, str]:
    """The option's name, and the path inside it."""
    end = min((position for position in (path.find("."), path.find("[")) if position >= 0), default=len(path))
    return path[:end], path[end:]
