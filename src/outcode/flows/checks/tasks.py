"""Whether each task asks something of an app that this app can be asked: app, action, fields, connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from outcode.appkit import Action, App
from outcode.appkit.accept import shown_fields
from outcode.appkit.fields import Field
from outcode.flows.checks.values import value_findings
from outcode.flows.dataflow import Dataflow, Task
from outcode.flows.findings import Finding, finding, suggestions
from outcode.flows.positions import Path
from outcode.values.tagged import Literal, Template

MAX_TASKS = 1000


def actions_of(document: Dataflow, apps: Mapping[str, App]) -> dict[str, Action]:
    """The declared action of every task whose app and action exist, by letter."""
    found: dict[str, Action] = {}
    for letter, task in document.tasks.items():
        app = apps.get(task.app)
        action = app.action(task.action) if app is not None else None
        if action is not None:
            found[letter] = action
    return found


def task_findings(
    document: Dataflow, apps: Mapping[str, App], connections: Mapping[str, str] | None
) -> Iterator[Finding]:
    """Findings about all tasks, one by one; ``connections`` maps the team's connection names to app slugs."""
    if len(document.tasks) > MAX_TASKS:
        yield finding("too_many_tasks", ("tasks",), at_key=True, count=len(document.tasks), maximum=MAX_TASKS)
    for letter, task in document.tasks.items():
        path: Path = ("tasks", letter)
        app = apps.get(task.app)
        if app is None:
            yield finding("app_unknown", (*path, "app"), app=task.app, known=suggestions(task.app, apps))
            continue
        yield from _connection(app, task, connections, (*path, "connection"))
        action = app.action(task.action)
        if action is None:
            known = [each.key for each in app.actions]
            yield finding(
                "action_unknown",
                (*path, "action"),
                app=app.name,
                action=task.action,
                known=suggestions(task.action, known),
            )
            continue
        yield from _inputs(action, task, (*path, "inputs"))


def _inputs(action: Action, task: Task, path: Path) -> Iterator[Finding]:
    fields = {field.key: field for field in action.fields}
    for key in task.inputs.keys() - fields.keys():
        if known := [each for each in fields if each not in task.inputs]:
            yield finding("flow_key_unknown", (*path, key), at_key=True, key=key, known=suggestions(key, known))
        else:
            yield finding("flow_key_superfluous", (*path, key), at_key=True, key=key)
    for field in _asked(action, task):
        yield from value_findings(field, task.inputs.get(field.key), (*path, field.key))


def _asked(action: Action, task: Task) -> Iterable[Field]:
    """The fields that the form shows; where a reference decides that, those that have been filled in."""
    said = {key: tagged.value for key, tagged in task.inputs.items() if isinstance(tagged, Literal)}
    shown = shown_fields(action.fields, said)
    for field in action.fields:
        when = field.shown_when
        undecided = when is not None and isinstance(task.inputs.get(when.field), Template)
        if field in shown or (undecided and field.key in task.inputs):
            yield field


def _connection(app: App, task: Task, connections: Mapping[str, str] | None, path: Path) -> Iterator[Finding]:
    name = task.connection
    if not app.connections:
        if name is not None:
            yield finding("task_connection_not_used", path, app=app.name)
    elif name is None:
        if app.connection_required:
            yield finding("task_connection_missing", path, app=app.name)
    elif connections is not None and connections.get(name) != app.slug:
        fitting = sorted(each for each, slug in connections.items() if slug == app.slug)
        if name in connections:
            yield finding("task_connection_of_other_app", path, connection=name, app=app.name, other=connections[name])
        elif fitting:
            known = suggestions(name, fitting)
            yield finding("task_connection_unknown", path, connection=name, app=app.name, known=known)
        else:
            yield finding("task_connection_none", path, connection=name, app=app.name)
