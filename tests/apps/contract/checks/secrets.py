"""No secret of a connection is anywhere that people or logs can see: canaries are looked for in everything."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from outcode.appkit.samples import SampleResponse
from outcode.values import json
from tests.apps.contract.canaries import Held
from tests.apps.contract.stage import CLIENT, Outcome, Stage, staged
from tests.apps.contract.subjects import Subject


async def secrets(subject: Subject) -> list[str]:
    """Neither a call that succeeds nor one whose answer repeats the secrets shows any of them."""
    found: list[str] = []
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
                    found += [f"{name}, {connection.kind.key}: {each}" for each in _seen(stage, connection, outcome)]
    return found


def _seen(stage: Stage, connection: Held, outcome: Outcome) -> Iterator[str]:
    made = stage.connect(connection)
    shown = {
        "the connection's repr": repr(made),
        "a trace": " ".join(json.dumps(trace.as_dict()) for trace in outcome.traces),
        "a trace's repr": repr(outcome.traces),
        "curl": " ".join(trace.as_curl() for trace in outcome.traces),
    }
    if outcome.problem is not None:
        shown["a problem"] = json.dumps(outcome.problem.as_json()) + str(outcome.problem) + repr(outcome.problem)
        for language in ("en", "ko"):
            shown[f"a problem in {language}"] = outcome.problem.message(language) + outcome.problem.hint(language)
    if outcome.answer is not None and outcome.answer.meta is not None:
        shown["$meta"] = json.dumps({key: outcome.answer.meta.get(key) for key in ("url", "headers")})
    for place, local in shown.items():
        text = stage.player.places.real(local)
        for secret in (*connection.secrets, CLIENT.client_secret):
            if any(form in text for form in _forms(secret)):
                yield f"a secret stands in {place}"


def _forms(secret: str) -> set[str]:
    return {secret, quote(secret, safe=""), quote_plus(secret), base64.b64encode(secret.encode()).decode()}
