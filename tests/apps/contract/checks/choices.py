"""Lists to choose from: they load, they are empty, they wait for another field, and they fail aloud."""

from __future__ import annotations

from typing import Any

from outcode.appkit import ChoiceField
from outcode.appkit.samples import Sample, SampleResponse
from outcode.transport.http.choices import ChoiceList, load_choices
from outcode.values.problems import Problem
from tests.apps.contract.findings import Findings
from tests.apps.contract.paths import put
from tests.apps.contract.stage import Stage, staged
from tests.apps.contract.subjects import Subject

_ID = "id-of-the-first"
_LABEL = "The first of them"


async def choices(subject: Subject) -> Findings:
    """Each pick field of each action and trigger."""
    found = Findings()
    offered = [(each.key, each.fields) for each in subject.app.actions]
    offered += [(each.key, each.fields) for each in subject.app.triggers]
    async with staged(subject) as stage:
        for owner, fields in offered:
            for field in fields:
                if isinstance(field, ChoiceField):
                    found.of(f"{owner}.{field.key}", await _of(stage, field))
    return found


async def _of(stage: Stage, field: ChoiceField) -> list[str]:
    declared = field.choices
    answers = {name: f"value-of-{name}" for name in declared.depends_on}
    full = SampleResponse(body=_list(declared.rows, [put(put({}, declared.value, _ID), declared.label, _LABEL)]))
    none = SampleResponse(body=_list(declared.rows, []))
    no = full.model_copy(update={"status": 403})
    if declared.call.after is not None:
        return []  # code reads the answer, and what it takes is shown by the app's own tests
    # Where the label is the value, both are the same text.
    wanted = _LABEL if declared.value == declared.label else _ID
    found: list[str] = []
    loaded = await _asked(stage, field, answers, full, none)
    if isinstance(loaded, Problem):
        found.append(f"does not load: {loaded.code}: {loaded.message()}")
    elif loaded.state != "ready" or loaded.options != ((wanted, _LABEL),):
        found.append(f"loads as {loaded.state} {loaded.options}")
    empty = await _asked(stage, field, answers, none)
    if isinstance(empty, Problem) or empty.state != "none_found" or empty.message != declared.empty:
        found.append("an empty list is not told as one")
    refused = await _asked(stage, field, answers, no)
    if not isinstance(refused, Problem):
        found.append("a list that fails is not told as a failure")
    for name in declared.depends_on:
        waiting = await _asked(stage, field, answers | {name: None}, full)
        if isinstance(waiting, Problem) or waiting.state != "parent_missing" or name not in waiting.missing:
            found.append(f"does not wait for {name!r}")
    return found


async def _asked(
    stage: Stage, field: ChoiceField, answers: dict[str, Any], *said: SampleResponse
) -> ChoiceList | Problem:
    stage.player.play(*said)
    local = stage.player.places.local(field)
    once = local.choices.model_copy(update={"call": stage.once(local.choices.call)})
    local = local.model_copy(update={"choices": once})
    connection = stage.held(Sample())
    try:
        made = stage.connect(connection) if connection else None
        return await load_choices(stage.client, local, answers, made, app=stage.app)
    except Problem as problem:
        return problem


def _list(rows: str, entries: list[Any]) -> Any:
    inside = rows.removeprefix("data").lstrip(".")
    return put({}, inside, entries) if inside else entries
