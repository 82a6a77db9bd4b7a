"""Whether every reference names something that will be there, and stands where its value can be put safely."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from outcode.appkit import Action
from outcode.flows.checks.lineage import may_make_rows
from outcode.flows.checks.uses import Uses
from outcode.flows.dataflow import Dataflow, ManualTrigger, Task
from outcode.flows.findings import Finding, suggestions
from outcode.values.problems import Place, ReferenceProblem
from outcode.values.references import Index, Key, Reference
from outcode.values.references.suggestions import shortened

_ROOT_KEYS = {"run": ("id", "startedAt"), "row": ("number",)}
_TRIGGER_KEYS = ("body", "query", "headers", "method")
ROOTS = ("trigger", "run", "now", "row")


def reference_findings(document: Dataflow, actions: Mapping[str, Action], uses: Uses) -> Iterator[Finding]:
    """Findings about all references, those that cannot be read first."""
    yield from uses.unreadable
    closed = {letter: _closed_keys(action, document.tasks[letter]) for letter, action in actions.items()}
    for letter in document.tasks:
        for text, reference in uses.references(letter):
            if problem := _root_problem(document, closed, letter, reference):
                yield Finding(problem, text.path)


def _root_problem(
    document: Dataflow, closed: Mapping[str, list[str] | None], letter: str, reference: Reference
) -> ReferenceProblem | None:
    root, key = reference.root, _first_key(reference)
    if root in document.tasks:
        keys = closed.get(root)
        return None if keys is None else _among(keys, key, reference, f"task {root}")
    if root in _ROOT_KEYS:
        return _among(_ROOT_KEYS[root], key, reference, root)
    if root == "now":
        return None if not reference.path else _problem("task_reference_into_now", reference)
    if root == "trigger":
        return _trigger_problem(document, reference)
    known = [*(each for each in document.tasks if each != letter), *ROOTS]
    return _problem("task_reference_unknown", reference, root=shortened(root), known=suggestions(root, known))


def _trigger_problem(document: Dataflow, reference: Reference) -> ReferenceProblem | None:
    """A flow started by hand is given its declared inputs and nothing else, so they are all that can be named."""
    if not isinstance(document.trigger, ManualTrigger) or not document.inputs:
        return None
    match reference.path:
        case (Key(name="body"), Key(name=name), *_):
            return _among(document.inputs, name, reference, "trigger.body")
        case (Key(name=name), *_) if name not in _TRIGGER_KEYS:
            return _among((*document.inputs, *_TRIGGER_KEYS), name, reference, "trigger")
        case _:
            return None


def _closed_keys(action: Action, task: Task) -> list[str] | None:
    """The keys of a task's result where the declaration names all of them: an object of our own making.

    Rows come with the columns that the other side has, and a script returns what it likes.
    """
    outputs = action.outputs
    if outputs.result is not None or not outputs.fields or may_make_rows(action, task):
        return None
    return [field.path.split(".")[0] for field in outputs.fields]


def _first_key(reference: Reference) -> str | None:
    """The first key of the path; an index in front of it picks an element, whose keys are the same."""
    for step in reference.path[:2]:
        if isinstance(step, Key):
            return step.name
        if not isinstance(step, Index):
            return None
    return None


def _among(keys: Iterable[str], key: str | None, reference: Reference, owner: str) -> ReferenceProblem | None:
    if key is None or key in keys or any(pipe.name == "default" for pipe in reference.pipes):
        return None
    return _problem(
        "task_reference_key_unknown", reference, owner=owner, key=shortened(key), known=suggestions(key, keys)
    )


def _problem(code: str, reference: Reference, **details: Any) -> ReferenceProblem:
    return ReferenceProblem(code, Place(offset=reference.start), **details)
