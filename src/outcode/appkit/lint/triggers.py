"""Triggers: a subscription that can be made, kept and removed, and a sender that can be believed."""

from __future__ import annotations

from collections.abc import Iterator

from outcode.appkit.app import App
from outcode.appkit.calls import Request
from outcode.appkit.fields import ChoiceField
from outcode.appkit.lint.answers import outputs_findings
from outcode.appkit.lint.fields import fields_findings
from outcode.appkit.lint.requests import request_findings
from outcode.appkit.lint.taken import inputs_of, is_path, placeholders
from outcode.appkit.lint.words import words_findings
from outcode.appkit.triggers import Subscription, Trigger, WebhookSignature

_OURS = {"callback_url", "secret", "subscription_id"}


def trigger_findings(app: App, trigger: Trigger) -> Iterator[str]:
    """Of one trigger."""
    key = trigger.key
    if not trigger.name or trigger.name != trigger.name.strip():
        yield f"{key}: name is empty or has spaces around it"
    yield from words_findings(key, "description", trigger.description, translated=True)
    yield from fields_findings(key, trigger.fields)
    for field in trigger.fields:
        if isinstance(field, ChoiceField):
            yield from request_findings(f"{key}.{field.key}", app, field.choices.call)
    yield from outputs_findings(key, trigger.outputs)
    yield from _subscription(app, trigger)
    if trigger.handshake is not None and trigger.handshake.answer != "text" and not trigger.handshake.answer_name:
        yield f"{key}: the handshake answers a {trigger.handshake.answer} without a name"
    if trigger.signature is not None:
        yield from _signature(key, trigger.signature)
    ids = (trigger.event_id,) if isinstance(trigger.event_id, str) else trigger.event_id or ()
    for path in (*ids, *([trigger.events] if trigger.events is not None else [])):
        if not is_path(path):
            yield f"{key}: {path!r} is not a path"
    if trigger.cursor is not None:
        yield from _request(app, trigger, "cursor", trigger.cursor.fetch, {"cursor"})
        if "cursor" not in set(inputs_of(trigger.cursor.fetch)):
            yield f"{key}: the fetch does not take the cursor, so it would start over each time"
        for part in ("events", "next", "more"):
            path = getattr(trigger.cursor, part)
            if path is not None and not is_path(path):
                yield f"{key}: {part} of the cursor is not a path"


def _subscription(app: App, trigger: Trigger) -> Iterator[str]:
    subscription: Subscription = trigger.subscription
    yield from _request(app, trigger, "create", subscription.create, {"callback_url", "secret"})
    if "callback_url" not in set(inputs_of(subscription.create)):
        yield f"{trigger.key}: nothing tells the vendor where to send events"
    for part in ("renew", "remove"):
        request = getattr(subscription, part)
        if request is None:
            continue
        yield from _request(app, trigger, part, request, _OURS)
        if "subscription_id" not in set(inputs_of(request)):
            yield f"{trigger.key}: {part} does not say which subscription"
    for part in ("id", "secret", "expires_at"):
        path = getattr(subscription, part)
        if path is not None and not is_path(path):
            yield f"{trigger.key}: {part} of the subscription is not a path"


def _request(app: App, trigger: Trigger, part: str, request: Request, more: set[str]) -> Iterator[str]:
    yield from request_findings(f"{trigger.key} {part}", app, request)
    known = {field.key for field in trigger.fields} | more
    for name in sorted(set(inputs_of(request)) - known):
        yield f"{trigger.key} {part}: takes {name!r}, and there is no such field"


def _signature(key: str, signature: WebhookSignature) -> Iterator[str]:
    names = placeholders(signature.message)
    for name in names:
        if name not in {"body", "timestamp"}:
            yield f"{key}: {{{name}}} in the signature's message is neither body nor timestamp"
    if "body" not in names:
        yield f"{key}: the signature does not cover the body"
    has_time = signature.timestamp_header is not None or signature.timestamp_part is not None
    if ("timestamp" in names) != has_time:
        yield f"{key}: the signature's time is {'told and not covered' if has_time else 'covered and not told'}"
