"""The part of a check that is for calls other than HTTP requests: each trouble of the scene is told as what it is."""

from __future__ import annotations

from collections.abc import Iterable

from outcode.values.problems import Problem
from tests.apps.contract.findings import Findings
from tests.apps.contract.scenes import on_scene
from tests.apps.contract.subjects import Subject


async def troubles(subject: Subject, check: str, found: Findings, *, once: bool = False) -> None:
    """Meet the troubles of each action, or ``once`` of the first, with its first good sample."""
    actions = subject.other_actions()[: 1 if once else None]
    if not actions:
        return
    async with on_scene(subject) as scene:
        for action in actions:
            for sample in subject.good(action)[:1]:
                for trouble in scene.troubles(check, action, sample):
                    outcome = await trouble.meet()
                    found.of(f"{action.key}: {trouble.name}", is_told(outcome.problem, trouble.kind, *trouble.codes))


def is_told(problem: Problem | None, kind: str, *codes: str) -> Iterable[str]:
    """How a problem differs from what it should be, in its words, too."""
    if problem is None:
        yield "nobody is told"
        return
    if problem.kind != kind or (codes and problem.code not in codes):
        yield f"told as {problem.kind} {problem.code} instead of {kind} {' or '.join(sorted(codes))}"
    for language in ("en", "ko"):
        if not problem.message(language).strip() or not problem.hint(language).strip():
            yield f"no message or no hint in {language}"
