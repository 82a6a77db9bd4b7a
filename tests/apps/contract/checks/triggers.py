"""Events: subscribed to as the sample says, proven by their signature, read into what the trigger declares."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from outcode.appkit import Request, Trigger, WebhookSignature
from outcode.appkit.accept import accept_answers
from outcode.appkit.outputs import Outputs
from outcode.appkit.samples import Delivery, Sample, owner_of
from outcode.transport.events import Subscriber, SubscriptionState, events_of, handshake_answer, verify
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import AuthProblem, Problem
from tests.apps.contract.checks.played import differences, undeclared
from tests.apps.contract.findings import Findings
from tests.apps.contract.paths import put
from tests.apps.contract.stage import Stage, staged
from tests.apps.contract.subjects import Subject

CALLBACK = "https://outcode.example/events/e1"
SECRET = base64.b64encode(b"canary-event-secret-Zq7x").decode()
_NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
_CHALLENGE = "are-you-there-42"


async def triggers(subject: Subject) -> Findings:
    """Each trigger of the app, with each of its samples."""
    found = Findings()
    async with staged(subject) as stage:
        for trigger in subject.app.triggers:
            mine = {name: each for name, each in subject.samples.items() if owner_of(name) == trigger.key}
            for name, sample in mine.items():
                said = await _subscribed(stage, trigger, sample)
                found.of(name, [*said, *_delivered(trigger, sample)])
            events = [event for each in mine.values() if each.delivery for event in each.delivery.events]
            found.of(trigger.key, undeclared(trigger.outputs, [(event, None) for event in events]))
            found.of(trigger.key, _asked_whether_we_are_there(trigger))
    return found


async def _subscribed(stage: Stage, trigger: Trigger, sample: Sample) -> list[str]:
    local, connection = stage.app.trigger(trigger.key), stage.held(sample)
    assert local is not None
    made = stage.connect(connection)

    async def ask(request: Request, inputs: Mapping[str, Json]) -> Json:
        answer = await stage.client.perform(stage.once(request), inputs, Outputs(result="data"), made, app=stage.app)
        return answer.value

    inputs = accept_answers(local.fields, stage.player.places.local(sample.inputs))
    subscriber = Subscriber(local, ask, inputs, stage.player.places.local(CALLBACK))
    stage.player.play(*(each.response for each in sample.exchanges))
    expected = [each.request for each in sample.exchanges]
    try:
        state: SubscriptionState = await subscriber.subscribe(SECRET, _NOW)
        if trigger.subscription.renew is not None:
            state = await subscriber.renew(state, _NOW)
        await subscriber.unsubscribe(state)
    except Problem as problem:
        return [f"subscribing fails: {problem.code}: {problem.message()}"]
    return differences(stage.player.seen, expected, connection)


def _delivered(trigger: Trigger, sample: Sample) -> list[str]:
    if sample.delivery is None:
        return ["shows no delivery"]
    body = json.dumps(sample.delivery.body).encode()
    found: list[str] = []
    if trigger.cursor is None:
        try:
            events = [event.value for event in events_of(trigger, body)]
        except Problem as problem:
            return [f"the delivery is not read: {problem.code}"]
        if json.dumps(events) != json.dumps(list(sample.delivery.events)):
            found.append(
                f"the delivery holds {json.dumps(events)} instead of {json.dumps(list(sample.delivery.events))}"
            )
        if trigger.event_id is not None and any(event.id is None for event in events_of(trigger, body)):
            found.append("an event has no id")
    if trigger.signature is not None:
        found += _proven(trigger.signature, sample.delivery, body)
    return found


def _proven(signature: WebhookSignature, delivery: Delivery, body: bytes) -> list[str]:
    """Signed as declared it is believed; by another secret, with another body, or too late it is not."""
    timed = signature.timestamp_header is not None or signature.timestamp_part is not None
    late = _NOW + timedelta(seconds=signature.tolerance_seconds + 1)
    cases: list[tuple[str, str, bytes, datetime, bool]] = [
        ("signed as declared", SECRET, body, _NOW, True),
        ("signed by somebody else", base64.b64encode(b"somebody else").decode(), body, _NOW, False),
        ("changed on the way", SECRET, body + b" ", _NOW, False),
    ]
    if timed:
        cases.append(("too old", SECRET, body, late, False))
    found: list[str] = []
    for name, secret, came, now, believed in cases:
        headers = {**delivery.headers, **signed(signature, secret, body, _NOW)}
        try:
            verify(signature, SECRET, headers, came, now)
        except AuthProblem as problem:
            if believed:
                found.append(f"{name} and refused: {problem.code}")
        else:
            if not believed:
                found.append(f"{name} and believed")
    return found


def signed(signature: WebhookSignature, secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers by which a vendor proves a body, made from the declaration by other means than the product's."""
    seconds = str(int(now.timestamp()))
    key = base64.b64decode(secret) if signature.secret_encoding == "base64" else secret.encode()
    message = signature.message.replace("{timestamp}", seconds).encode().replace(b"{body}", body)
    mac = hmac.new(key, message, signature.algorithm)
    proof = mac.hexdigest() if signature.encoding == "hex" else base64.b64encode(mac.digest()).decode()
    value = signature.prefix + proof
    if signature.part is not None:
        value = f"{signature.part}={value}"
    if signature.timestamp_part is not None:
        value = f"{signature.timestamp_part}={seconds},{value}"
    headers = {signature.header: value}
    return headers | ({signature.timestamp_header: seconds} if signature.timestamp_header is not None else {})


def _asked_whether_we_are_there(trigger: Trigger) -> list[str]:
    handshake = trigger.handshake
    if handshake is None:
        return []
    at_query = {handshake.name: _CHALLENGE} if handshake.place == "query" else {}
    at_header = {handshake.name: _CHALLENGE} if handshake.place == "header" else {}
    body: Any = put({}, handshake.name, _CHALLENGE) if handshake.place == "body" else {}
    answer = handshake_answer(handshake, at_query, at_header, json.dumps(body).encode())
    said = b"" if answer is None else answer.body + b" ".join(value.encode() for _, value in answer.headers)
    return [] if _CHALLENGE.encode() in said else ["does not answer whether we are there"]
