"""Whatever the other side does, people hear of it in their language, with what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from outcode.appkit import App, Input, NoCredential
from outcode.appkit.errors import Meaning
from outcode.appkit.samples import Sample, SampleResponse
from outcode.values.problems import Problem
from tests.apps.contract.checks.troubles import is_told, troubles
from tests.apps.contract.findings import Findings
from tests.apps.contract.paths import put
from tests.apps.contract.stage import Outcome, Stage, staged
from tests.apps.contract.subjects import Subject

_SENTENCE = "the vendor's own sentence"
_USUAL: dict[int, Meaning] = {
    400: "invalid",
    401: "credentials",
    403: "permission",
    404: "not_found",
    409: "conflict",
    413: "too_large",
    422: "invalid",
    429: "rate_limited",
    500: "unavailable",
    503: "unavailable",
}
_TOLD: dict[Meaning, tuple[str, set[str]]] = {
    "credentials": ("vendor_rejected", {"connection_refused_credentials", "connection_needs_reconnect"}),
    "permission": ("vendor_rejected", {"http_status_permission"}),
    "not_found": ("vendor_rejected", {"http_status_not_found"}),
    "conflict": ("vendor_rejected", {"http_status_conflict"}),
    "invalid": ("vendor_rejected", {"http_status_invalid"}),
    "too_large": ("vendor_rejected", {"http_status_too_large"}),
    "rate_limited": ("rate_limited", {"http_status_rate_limited"}),
    "unavailable": ("vendor_down", {"http_status_server"}),
}


async def refusals(subject: Subject) -> Findings:
    """Each status is told as what it means to this app, with the vendor's sentence."""
    found = Findings()
    await troubles(subject, "refusals", found)
    async with staged(subject) as stage:
        for name, action, _call, sample in subject.first_http_cases():
            for status in _USUAL:
                outcome = await stage.perform(action, sample, *_refused(subject.app, status))
                found.of(f"{name}: {status}", _told(stage, sample, status, outcome))
    return found


async def codes(subject: Subject) -> Findings:
    """Each code that the error map knows is told as what it means, also inside an answer of 200."""
    errors = subject.app.errors
    found = Findings()
    await troubles(subject, "codes", found)
    async with staged(subject) as stage:
        for name, action, _call, sample in subject.first_http_cases()[:1]:
            for code, meaning in errors.codes.items() if errors.code is not None else ():
                body: Any = put({}, str(errors.code), code)
                if errors.success is not None:
                    body = put(body, errors.success.path, _not(errors.success.equals))
                status = 200 if errors.success is not None else 400
                outcome = await stage.perform(action, sample, SampleResponse(status=status, body=body))
                found.of(f"{name}: {code}", _means(stage, sample, meaning, outcome.problem))
    return found


async def broken(subject: Subject) -> Findings:
    """A connection that breaks, and an answer that is not JSON, are told as such."""
    found = Findings()
    await troubles(subject, "broken", found)
    async with staged(subject) as stage:
        for name, action, call, sample in subject.first_http_cases():
            stage.player.hangs_up = True
            outcome = await stage.perform(action, sample)
            stage.player.hangs_up = False
            found.of(f"{name}: hung up", is_told(outcome.problem, "vendor_down"))
            if isinstance(call.response_type, Input) or call.response_type not in {"auto", "json"}:
                continue
            garbled = SampleResponse(headers={"Content-Type": "application/json"}, body="<html>Oops</html>")
            outcome = await stage.perform(action, sample, garbled, garbled)
            found.of(f"{name}: not JSON", is_told(outcome.problem, "vendor_rejected"))
    return found


async def silence(subject: Subject) -> Findings:
    """No answer in time is told as such."""
    found = Findings()
    await troubles(subject, "silence", found, once=True)
    async with staged(subject) as stage:
        stage.player.silent = True
        for name, action, _call, sample in subject.first_http_cases()[:1]:
            outcome = await stage.perform(action, sample, timeout_seconds=1)
            found.of(f"{name}: no answer", is_told(outcome.problem, "vendor_down", "http_timeout"))
    return found


def _refused(app: App, status: int) -> list[SampleResponse]:
    """The vendor's way of saying no, as often as a token is asked for anew."""
    body: Any = put({}, app.errors.message[0], _SENTENCE) if app.errors.message else {"error": _SENTENCE}
    if app.errors.success is not None:
        body = put(body, app.errors.success.path, _not(app.errors.success.equals))
    return [SampleResponse(status=status, body=body)] * 3


def _not(value: object) -> object:
    return not value if isinstance(value, bool) else "no" if value != "no" else "not"


def _told(stage: Stage, sample: Sample, status: int, outcome: Outcome) -> list[str]:
    meaning = stage.app.errors.statuses.get(status, _USUAL[status])
    found = [*_means(stage, sample, meaning, outcome.problem)]
    if outcome.problem is not None:
        found += [
            f"the vendor's sentence is not in the {language} message"
            for language in ("en", "ko")
            if _SENTENCE not in outcome.problem.message(language) and outcome.problem.code.startswith("http_")
        ]
    return found


def _means(stage: Stage, sample: Sample, meaning: Meaning, problem: Problem | None) -> Iterable[str]:
    kind, codes = _TOLD[meaning]
    connection = stage.held(sample)
    if meaning == "credentials" and (connection is None or isinstance(connection.kind, NoCredential)):
        codes = {"http_status_credentials"}
    return is_told(problem, kind, *codes)
