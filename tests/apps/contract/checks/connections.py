"""A connection is tried with each of the app's kinds: it passes, it says whose it is, and it is refused.

Databases and files are tried at the real thing: with what is right, and with one thing wrong.
"""

from __future__ import annotations

from typing import Any

from outcode.appkit import NoCredential
from outcode.appkit.lint.taken import placeholders
from outcode.appkit.outputs import Outputs
from outcode.appkit.samples import Sample, SampleResponse
from outcode.transport.answer import Answer
from outcode.values.problems import Problem
from outcode.values.references.rendering import render
from tests.apps.contract.checks.played import differences
from tests.apps.contract.checks.troubles import is_told
from tests.apps.contract.findings import Findings
from tests.apps.contract.paths import MISSING, at
from tests.apps.contract.scenes import on_scene
from tests.apps.contract.stage import Stage, staged
from tests.apps.contract.subjects import Subject

_CREDENTIALS = {"connection_refused_credentials", "connection_needs_reconnect"}


async def connection_test(subject: Subject) -> Findings:
    """The test passes with each kind, as its sample says, and names the account."""
    found = Findings()
    if subject.other_kinds():
        async with on_scene(subject) as scene:
            for name, meet in scene.connects():
                problem = (await meet()).problem
                found.of(name, [f"the test fails: {problem.code}: {problem.message()}"] if problem else ())
    test, sample = subject.app.test, subject.test_sample
    if test is None or sample is None:
        return found
    async with staged(subject) as stage:
        for kind in subject.http_kinds():
            chosen = _with(sample, kind.key)
            outcome = await _tried(stage, chosen, *(each.response for each in sample.exchanges))
            if isinstance(outcome, Problem):
                found.of(kind.key, [f"the test fails: {outcome.code}: {outcome.message()}"])
                continue
            found.of(kind.key, () if test.identity is None else _nameless(test.identity, outcome.value))
            if sample.connection.kind in {None, kind.key} and kind is subject.app.connection_kind(
                sample.connection.kind
            ):
                expected = [each.request for each in sample.exchanges]
                differs = differences(stage.player.seen, expected, stage.held(chosen))
                found.of(kind.key, differs)
    return found


async def connection_refused(subject: Subject) -> Findings:
    """With each kind that proves something a refusal is told as one of the credentials."""
    found = Findings()
    if subject.other_kinds():
        async with on_scene(subject) as scene:
            for trouble in scene.misconnects():
                problem = (await trouble.meet()).problem
                found.of(trouble.name, is_told(problem, trouble.kind, *trouble.codes))
    test, sample = subject.app.test, subject.test_sample
    if test is None or sample is None:
        return found
    statuses = [status for status, meaning in subject.app.errors.statuses.items() if meaning == "credentials"]
    async with staged(subject) as stage:
        for kind in subject.http_kinds():
            if isinstance(kind, NoCredential):
                continue
            refusal = SampleResponse(status=(statuses or [401])[0], body={"error": "no"})
            outcome = await _tried(stage, _with(sample, kind.key), *[refusal] * 3)
            if not isinstance(outcome, Problem):
                found.of(kind.key, ["a refusal passes the test"])
            else:
                found.of(kind.key, [] if outcome.code in _CREDENTIALS else [f"a refusal is told as {outcome.code}"])
    return found


def _with(sample: Sample, kind: str) -> Sample:
    return sample.model_copy(update={"connection": sample.connection.model_copy(update={"kind": kind})})


async def _tried(stage: Stage, sample: Sample, *answers: SampleResponse) -> Answer | Problem:
    test, connection = stage.app.test, stage.held(sample)
    assert test is not None
    assert connection is not None
    stage.player.play(*(connection.written_response(each) for each in answers))
    try:
        made = stage.connect(connection)
        return await stage.client.perform(stage.once(test.request), {}, Outputs(result="data"), made, app=stage.app)
    except Problem as problem:
        return problem


def _nameless(identity: str, data: Any) -> list[str]:
    missing = [path for path in placeholders(identity) if at(data, path) in (MISSING, None, "")]
    texts = [render(at(data, path)) for path in placeholders(identity) if path not in missing]
    found = [f"the identity's {path!r} is not in the answer" for path in missing]
    return found if found or all(texts) else ["the identity is empty"]
