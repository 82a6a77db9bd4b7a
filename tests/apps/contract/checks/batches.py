"""Many elements in one call, with an outcome for each of them, in the order sent."""

from __future__ import annotations

from typing import Any

from outcode.appkit import Action
from outcode.appkit.batch import Batch
from outcode.appkit.errors import Success
from outcode.appkit.samples import Sample, SampleResponse
from outcode.transport.answer import Answer
from outcode.transport.http.batch import perform_batch
from outcode.values.problems import Problem
from tests.apps.contract.findings import Findings
from tests.apps.contract.paths import put
from tests.apps.contract.stage import KEY, Stage, staged
from tests.apps.contract.subjects import Subject

_REASON = "not this one"


async def batches(subject: Subject) -> Findings:
    """Two elements go out together; when the vendor refuses the second, the first is still done."""
    found = Findings()
    async with staged(subject) as stage:
        for name, action, _call, sample in subject.first_http_cases():
            if action.batch is not None:
                found.of(name, await _two(stage, action, action.batch, sample))
    return found


async def _two(stage: Stage, action: Action, batch: Batch, sample: Sample) -> list[str]:
    good = sample.exchanges[-1].response
    entry = good.body
    found: list[str] = []
    if batch.outcomes is None:
        answers = [good.model_copy()]
    else:
        done, refused = _judged(entry, batch, holds=True), _judged(entry, batch, holds=False)
        both = [done, refused] if batch.success is not None else [done, done]
        answers = [SampleResponse(body=put({}, _inside(batch.outcomes), both))]
    outcomes = await _performed(stage, action, sample, *answers)
    if len(stage.player.seen) != 1:
        found.append(f"two elements take {len(stage.player.seen)} calls instead of one")
    if not isinstance(outcomes[0], Answer):
        found.append(f"the first element fails: {outcomes[0].code}: {outcomes[0].message()}")
    if batch.success is not None:
        second = outcomes[1]
        if not isinstance(second, Problem):
            found.append("a refused element counts as done")
        elif batch.error is not None and _REASON not in second.message():
            found.append(f"the reason is not told: {second.message()}")
    outcomes = await _performed(stage, action, sample, *[SampleResponse(status=403, body={"error": "no"})] * 3)
    if any(isinstance(outcome, Answer) for outcome in outcomes):
        found.append("a refused call counts as done")
    return found


async def _performed(stage: Stage, action: Action, sample: Sample, *answers: SampleResponse) -> list[Answer | Problem]:
    stage.player.play(*answers)
    local = stage.action(action)
    assert local.batch is not None
    local = local.model_copy(update={"batch": local.batch.model_copy(update={"call": stage.once(local.batch.call)})})
    inputs = stage.inputs(local, sample)
    connection = stage.connect(stage.held(sample))
    return await perform_batch(
        stage.client, local, [inputs, inputs], connection, app=stage.app, keys=[KEY, f"{KEY}-2"], files=stage.files
    )


def _judged(entry: Any, batch: Batch, *, holds: bool) -> Any:
    entry = entry if isinstance(entry, dict) else {}
    success: Success | None = batch.success
    if success is not None:
        other = not success.equals if isinstance(success.equals, bool) else f"not {success.equals}"
        entry = put(entry, success.path, success.equals if holds else other)
    return entry if holds or batch.error is None else put(entry, batch.error, _REASON)


def _inside(path: str) -> str:
    return path.removeprefix("data").lstrip(".")
