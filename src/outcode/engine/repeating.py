"""Whether doing a task twice does no harm, as far as that is known before it is done."""

from __future__ import annotations

from outcode.appkit import Action, Input, Request
from outcode.flows.dataflow import Task
from outcode.values.json import Json
from outcode.values.tagged import Literal

_HARMLESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Idempotent by RFC 9110, section 9.2.2."""


def is_repeatable(task: Task, action: Action) -> bool:
    """Whether the action, the method that was chosen, or the person who made the task says so.

    >>> from outcode.apps.api import APP
    >>> action = APP.actions[0]
    >>> post = Task(app="api", action=action.key, inputs={"method": Literal(value="POST")})
    >>> is_repeatable(Task(app="api", action=action.key), action), is_repeatable(post, action)
    (True, False)
    """
    if task.repeatable or action.idempotent is True:
        return True
    call = action.call
    if action.idempotent is False or not isinstance(call, Request):
        return False
    return call.method in _HARMLESS_METHODS if isinstance(call.method, str) else _chosen(task, action, call.method)


def _chosen(task: Task, action: Action, source: Input) -> bool:
    tagged = task.inputs.get(source.field)
    field = action.field(source.field)
    value: Json = field.default if field is not None else None
    if tagged is not None:
        value = tagged.value if isinstance(tagged, Literal) else None
    return value in _HARMLESS_METHODS
