"""Actions: the form and the call fit each other, batches are whole, and what may be repeated is said truly."""

from __future__ import annotations

from collections.abc import Iterator

from outcode.appkit.app import Action, App
from outcode.appkit.calls import Query, Request
from outcode.appkit.connections import CARRIED_ENGINES
from outcode.appkit.fields import ChoiceField, NoteField
from outcode.appkit.lint.answers import outputs_findings, success_findings
from outcode.appkit.lint.fields import fields_findings
from outcode.appkit.lint.requests import paging_findings, request_findings, secret_findings
from outcode.appkit.lint.taken import inputs_of, is_path
from outcode.appkit.lint.words import words_findings
from outcode.appkit.template import Input

_ITEMS = "items"


def action_findings(app: App, action: Action) -> Iterator[str]:
    """Of one action."""
    if not action.name or action.name != action.name.strip():
        yield f"{action.key}: name is empty or has spaces around it"
    yield from words_findings(action.key, "description", action.description, translated=True)
    yield from fields_findings(action.key, action.fields)
    for field in action.fields:
        if isinstance(field, ChoiceField):
            yield from request_findings(f"{action.key}.{field.key}", app, field.choices.call)
    if action.before is None:
        yield from _taken(action)
    if isinstance(action.call, Request):
        yield from request_findings(action.key, app, action.call)
        yield from paging_findings(action.key, action.call.paging, has_rows=action.outputs.rows is not None)
    elif action.before is not None:
        yield f"{action.key}: before is called for requests only, and the call is none"
    if isinstance(action.call, Query) and action.call.dialect not in CARRIED_ENGINES.values():
        yield f"{action.key}: no transport carries queries of the dialect {action.call.dialect!r}"
    yield from outputs_findings(action.key, action.outputs)
    yield from _batch(app, action)
    yield from _repeats(action)
    if action.link is not None and not action.link.startswith("https://"):
        yield f"{action.key}: link is not an https address"


def _taken(action: Action) -> Iterator[str]:
    """A ``before`` hook makes other names of the fields, so only actions without one are judged by this."""
    known = {field.key for field in action.fields}
    asked = {field.key for field in action.fields if not isinstance(field, NoteField)}
    taken = {name for part in (action.call, action.outputs) for name in inputs_of(part)}
    used = taken | {field.shown_when.field for field in action.fields if field.shown_when is not None}
    used |= {name for field in action.fields if isinstance(field, ChoiceField) for name in field.choices.depends_on}
    for name in sorted(taken - known):
        yield f"{action.key}: the call takes the field {name!r}, and there is none"
    # What a hook reads an answer by cannot be seen from outside.
    unseen = isinstance(action.call, Request) and action.call.after is not None
    for name in () if unseen else sorted(asked - used):
        yield f"{action.key}.{name}: no part of the call takes this field"


def _batch(app: App, action: Action) -> Iterator[str]:
    batch = action.batch
    if batch is None:
        return
    place = f"{action.key} batch"
    yield from request_findings(place, app, batch.call)
    yield from secret_findings(place, app, batch.item)
    yield from success_findings(place, batch.success)
    known = {field.key for field in action.fields}
    if batch.maximum < 2:
        yield f"{place}: takes one element at most, so it is none"
    if _ITEMS not in set(inputs_of(batch.call)):
        yield f"{place}: the call does not take the items"
    for name in batch.shared:
        if name not in known:
            yield f"{place}: shares the field {name!r}, and there is none"
    for path in (batch.outcomes, batch.error):
        if path is not None and not is_path(path):
            yield f"{place}: {path!r} is not a path"
    if batch.outcomes is None and (batch.success is not None or batch.error is not None):
        yield f"{place}: judges outcomes, and none are listed"
    if action.before is not None:
        return
    for name in sorted(set(inputs_of(batch.item)) - known):
        yield f"{place}: the item takes the field {name!r}, and there is none"
    for name in sorted(set(inputs_of(batch.call)) - {_ITEMS} - set(batch.shared)):
        yield f"{place}: the call takes {name!r}, which differs from element to element"


def _repeats(action: Action) -> Iterator[str]:
    call = action.call
    if action.idempotent == "by_inputs" and isinstance(call, Request) and not isinstance(call.method, Input):
        yield f"{action.key}: whether it may be repeated does not depend on inputs"
    if isinstance(call, Request) and call.method in {"GET", "HEAD"} and action.idempotent is False:
        yield f"{action.key}: a {call.method} may be repeated, so it is idempotent"
