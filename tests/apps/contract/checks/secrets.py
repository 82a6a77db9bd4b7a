"""No secret of a connection is anywhere that people or logs can see: canaries are looked for in everything."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from outcode.appkit.samples import SampleResponse
from outcode.runs.call_log import curl_of
from outcode.values import json
from tests.apps.contract.canaries import Held
from tests.apps.contract.findings import Findings
from tests.apps.contract.scenes import on_scene
from tests.apps.contract.stage import CLIENT, Outcome, Stage, staged
from tests.apps.contract.subjects import Subject


async def secrets(subject: Subject) -> Findings:
    """Neither a call that succeeds nor one whose answer repeats the secrets shows any of them."""
    found = Findings()
    async with staged(subject) as stage:
        for name, action, _call, sample in subject.first_http_cases():
            for kind in subject.http_kinds():
                own = sample.connection.model_copy(update={"kind": kind.key})
                chosen = sample.model_copy(update={"connection": own})
                connection = stage.held(chosen)
                if connection is None:
                    continue
                told = SampleResponse(status=400, body={"error": " ".join(connection.secrets), "token": "t"})
                for outcome in (
                    await stage.perform(action, chosen, *(each.response for each in sample.exchanges)),
                    await stage.perform(action, chosen, told),
                ):
                    found.of(f"{name}, {connection.kind.key}", _of_stage(stage, connection, outcome))
    if subject.other_kinds():
        await _on_scene(subject, found)
    return found


async def _on_scene(subject: Subject, found: Findings) -> None:
    """Whatever can happen there, and calls that ask for the secrets themselves."""
    async with on_scene(subject) as scene:
        ended = [(name, await meet()) for name, meet in scene.connects()]
        ended += [(each.name, await each.meet()) for each in scene.misconnects()]
        for action in subject.other_actions():
            for sample in subject.good(action)[:1]:
                ended += await scene.play(action, sample)
                ended += [(name, await meet()) for name, meet in scene.tells(action, sample)]
                for check in ("refusals", "codes", "broken"):
                    ended += [(each.name, await each.meet()) for each in scene.troubles(check, action, sample)]
        for name, outcome in ended:
            shown = _shown(outcome) | {"the log": "\n".join(outcome.log)}
            if outcome.answer is not None:
                shown["the answer"] = json.dumps(outcome.answer.value)
                shown["$meta"] = json.dumps(outcome.answer.meta)
            found.of(name, _seen(shown, scene.secrets))


def _of_stage(stage: Stage, connection: Held, outcome: Outcome) -> Iterator[str]:
    shown = _shown(outcome) | {"the connection's repr": repr(stage.connect(connection))}
    if outcome.answer is not None and outcome.answer.meta is not None:
        meta: dict[str, Any] = outcome.answer.meta
        shown["$meta"] = json.dumps({key: meta.get(key) for key in ("url", "headers")})
    real = {place: stage.player.places.real(local) for place, local in shown.items()}
    return _seen(real, (*connection.secrets, CLIENT.client_secret))


def _shown(outcome: Outcome) -> dict[str, str]:
    """Traces and problems, in every form that they have."""
    kept = [trace.as_dict() for trace in outcome.traces]
    shown = {
        "a trace": json.dumps(kept),
        "a trace's repr": repr(outcome.traces),
        "curl": " ".join(curl_of(call) or "" for call in kept),
    }
    if outcome.problem is not None:
        shown["a problem"] = json.dumps(outcome.problem.as_json()) + str(outcome.problem) + repr(outcome.problem)
        for language in ("en", "ko"):
            shown[f"a problem in {language}"] = outcome.problem.message(language) + outcome.problem.hint(language)
    return shown


def _seen(shown: dict[str, str], secrets: Iterable[str]) -> Iterator[str]:
    for place, text in shown.items():
        for secret in secrets:
            if any(form in text for form in _forms(secret)):
                yield f"a secret stands in {place}"


def _forms(secret: str) -> set[str]:
    return {secret, quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode()}
