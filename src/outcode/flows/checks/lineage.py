"""Two lists in one task must belong together row by row; whether they do is often known before any run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from outcode.appkit import Action, Input, RowsField
from outcode.flows.checks.order import Needs, runnable_order
from outcode.flows.checks.uses import Uses
from outcode.flows.dataflow import Dataflow, Task
from outcode.flows.findings import Finding, finding
from outcode.values.json import Json
from outcode.values.references import Each, Index, Meta, Reference
from outcode.values.tagged import Literal, Template


def lineage_findings(document: Dataflow, actions: Mapping[str, Action], uses: Uses, needs: Needs) -> Iterator[Finding]:
    """Tasks that iterate over two lists of different origin."""
    origins: dict[str, str | None] = {}
    for letter in runnable_order(needs):
        task, action = document.tasks[letter], actions.get(letter)
        used: dict[str, str] = {}
        for text, reference in uses.references(letter) if not task.run_once else ():
            origin = origins.get(reference.root)
            field = action.field(text.field) if action is not None else None
            if origin is None or isinstance(field, RowsField) or not _of_each_element(reference):
                continue
            used.setdefault(origin, reference.root)
            if len(used) == 2:
                first, second = used.values()
                yield finding("arrays_not_aligned", text.path, first=first, second=second)
                break
        own = letter if action is not None and makes_rows(action, task) else None
        origins[letter] = next(iter(used), own) if len(used) < 2 else None


def makes_rows(action: Action, task: Task) -> bool:
    """Whether the task's own result is known to be an array."""
    rows = action.outputs.rows
    return bool(_typed(action, task, rows.field)) if isinstance(rows, Input) else rows is not None


def may_make_rows(action: Action, task: Task) -> bool:
    """Whether the task's own result is an array, or may turn out to be one."""
    rows = action.outputs.rows
    unknown = isinstance(rows, Input) and isinstance(task.inputs.get(rows.field), Template)
    return unknown or makes_rows(action, task)


def _typed(action: Action, task: Task, key: str) -> Json:
    """A field's value as far as it is known before a run: what was typed, or else the default; None for a template."""
    tagged = task.inputs.get(key)
    if tagged is not None and not isinstance(tagged, Literal):
        return None
    field = action.field(key)
    default = field.default if field is not None else None
    return default if tagged is None or tagged.value in (None, "") else tagged.value


def _of_each_element(reference: Reference) -> bool:
    """Whether a reference to an array means each of its elements, not one of them or what stands around them."""
    return not isinstance(next(iter(reference.path), None), Index | Each | Meta)
