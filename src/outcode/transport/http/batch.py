"""Many elements in one call: which of them go together, and what the answer says about each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from copy import copy

from yarl import URL

from outcode.appkit.app import Action, App
from outcode.appkit.batch import Batch
from outcode.appkit.outputs import Outputs
from outcode.appkit.template import filled
from outcode.transport.answer import Answer, optional_at, shaped
from outcode.transport.http.auth import HttpConnection
from outcode.transport.http.client import HttpClient
from outcode.transport.http.files import Files
from outcode.transport.http.hooks import run_before
from outcode.transport.http.refusals import holds, shortened
from outcode.transport.http.sending import Record
from outcode.transport.http.trace import Mask
from outcode.values.json import Json, dumps
from outcode.values.problems import Problem, Unexpected, VendorRejected
from outcode.values.references.rendering import render

Inputs = Mapping[str, Json]


def chunks(batch: Batch, elements: Sequence[Inputs]) -> list[list[int]]:
    """The positions of the elements of each call: at most ``maximum``, equal in the shared fields, in order.

    >>> from outcode.appkit import Input, Request
    >>> call = Request(method="POST", url="https://x.example/", body=Input(field="items"))
    >>> batch = Batch(maximum=2, call=call, item=Input(field="n"), shared=("to",))
    >>> chunks(batch, [{"n": 1, "to": "a"}, {"n": 2, "to": "b"}, {"n": 3, "to": "a"}, {"n": 4, "to": "a"}])
    [[0, 2], [3], [1]]
    """
    together: dict[str, list[int]] = {}
    for position, inputs in enumerate(elements):
        together.setdefault(dumps([inputs.get(name) for name in batch.shared]), []).append(position)
    return [
        positions[start : start + batch.maximum]
        for positions in together.values()
        for start in range(0, len(positions), batch.maximum)
    ]


async def perform_batch(
    client: HttpClient,
    action: Action,
    elements: Sequence[Inputs],
    connection: HttpConnection,
    *,
    app: App,
    keys: Sequence[str] | None = None,
    files: Files | None = None,
    record: Record | None = None,
) -> list[Answer | Problem]:
    """What became of each element, in order: its answer, or the problem that it met.

    ``keys`` are the elements' own idempotency keys. A call that fails fails all of its elements, each with a problem of
    its own; the other calls go on. Raises nothing that concerns a single call; cancelled, it forgets what was answered,
    so whoever must know hands in one of :func:`chunks` at a time.
    """
    batch = action.batch
    if batch is None:
        raise Unexpected("batch_not_declared", app=app.name, action=action.key)
    ready: dict[int, Inputs] = {}
    outcomes: dict[int, Answer | Problem] = {}
    for position, inputs in enumerate(elements):
        try:
            ready[position] = await run_before(action.before, inputs, app.name)
        except Problem as problem:
            outcomes[position] = problem
    places = list(ready)
    for chunk in chunks(batch, list(ready.values())):
        positions = [places[index] for index in chunk]
        inputs_of_items = [ready[position] for position in positions]
        try:
            values = connection.values(await client.tokens(connection, record=record))
            answer = await client.perform(
                batch.call,
                {**inputs_of_items[0], "items": [filled(batch.item, inputs, values) for inputs in inputs_of_items]},
                Outputs(),
                connection,
                app=app,
                idempotent=action.idempotent,
                key=_key([keys[position] for position in positions]) if keys is not None else None,
                files=files,
                record=record,
            )
            found = _outcomes(action, batch, answer, inputs_of_items, client.mask_of(connection))
        except Problem as problem:
            found = [_own(problem) for _ in positions]
        outcomes.update(zip(positions, found, strict=True))
    return [outcomes[position] for position in range(len(elements))]


def _outcomes(
    action: Action, batch: Batch, answer: Answer, inputs_of_items: list[Inputs], mask: Mask
) -> list[Answer | Problem]:
    whole = answer.value
    if batch.outcomes is None:
        return [_shaped(action, whole, inputs, answer) for inputs in inputs_of_items]
    entries = optional_at(whole, batch.outcomes)
    count, answered = len(inputs_of_items), len(entries) if isinstance(entries, list) else 0
    if count != answered:
        raise VendorRejected("batch_outcomes_differ", count=count, answered=answered, uncertain=True)
    found: list[Answer | Problem] = []
    for entry, inputs in zip(entries, inputs_of_items, strict=True):
        if batch.success is not None and not holds(batch.success, entry):
            reason = optional_at(entry, batch.error) if batch.error is not None else entry
            excerpt = shortened(mask.text(render(reason))) or "-"
            found.append(VendorRejected("batch_item_refused", host=URL(whole["url"]).host or "", excerpt=excerpt))
        else:
            found.append(_shaped(action, {**whole, "data": entry}, inputs, answer))
    return found


def _shaped(action: Action, whole: dict[str, Json], inputs: Inputs, answer: Answer) -> Answer | Problem:
    try:
        return shaped(whole, action.outputs, inputs, answer.traces)
    except Problem as problem:
        return problem


def _key(keys: Sequence[str]) -> str:
    """One key for a call: the same elements, sent again, are the same call."""
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:32]


def _own(problem: Problem) -> Problem:
    """A problem for one element alone: its place is filled in by whoever knows the element."""
    own = copy(problem)
    own.details = dict(problem.details)
    return own
