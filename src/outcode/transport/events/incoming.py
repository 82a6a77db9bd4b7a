"""What a request from an app means: a question whether we are there, or events, each with what makes it the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from outcode.appkit.triggers import Handshake, Trigger
from outcode.transport.answer import optional_at
from outcode.values.json import Json, dump_bytes, loads
from outcode.values.problems import InputProblem
from outcode.values.references.rendering import render

_LONGEST_CHALLENGE = 4096
_LONGEST_ID = 200
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class HandshakeAnswer:
    """The answer, of status 200, that a vendor asks for before it sends events."""

    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; equal ``id``: the same, sent twice. Without ``id`` that cannot be told."""

    id: str | None
    value: Json


def handshake_answer(
    handshake: Handshake, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> HandshakeAnswer | None:
    """The answer to a request that asks whether we are there; None for every other request.

    >>> slack = Handshake(place="body", name="challenge")
    >>> handshake_answer(slack, {}, {}, b'{"type": "url_verification", "challenge": "3eZbr"}').body
    b'3eZbr'
    """
    match handshake.place:
        case "query":
            value: Json = query.get(handshake.name)
        case "header":
            value = next((text for name, text in headers.items() if name.lower() == handshake.name.lower()), None)
        case "body":
            value = _challenge(body, handshake.name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_CHALLENGE:
        return None
    match handshake.answer:
        case "text":
            return HandshakeAnswer(value.encode("utf-8", "replace"))
        case "json":
            return HandshakeAnswer(dump_bytes({handshake.answer_name: value}), "application/json")
        case "header":
            # What is sent back as a header must not be able to begin another one.
            return (
                HandshakeAnswer(headers=((handshake.answer_name, value),)) if _HEADER_VALUE.fullmatch(value) else None
            )


def events_of(trigger: Trigger, body: bytes) -> list[Event]:
    """The events of a request whose sender is proven.

    Without the list that the trigger names there are none: vendors also send mere signs of life. Raises InputProblem
    ``event_not_json`` or ``event_not_list``.
    """
    try:
        whole = loads(body)
    except InputProblem as problem:
        raise InputProblem("event_not_json", reason=problem.details["reason"]) from problem
    if trigger.events is None:
        return [event_of(trigger, whole)]
    return [event_of(trigger, value) for value in listed(whole, trigger.events)]


def listed(whole: Json, path: str) -> list[Json]:
    """The list at a path, empty when nothing is there; raises InputProblem ``event_not_list``."""
    values = optional_at(whole, path)
    if values is None:
        return []
    if not isinstance(values, list):
        raise InputProblem("event_not_list", path=path)
    return values


def event_of(trigger: Trigger, value: Json) -> Event:
    """One event with its id; without all parts of the id it has none."""
    if not trigger.event_id:
        return Event(None, value)
    paths = (trigger.event_id,) if isinstance(trigger.event_id, str) else trigger.event_id
    parts = [optional_at(value, path) for path in paths]
    if not all(isinstance(part, str | int | Decimal) and part != "" for part in parts):
        return Event(None, value)
    text = "\n".join(map(render, parts))
    if len(text) > _LONGEST_ID:
        text = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return Event(text, value)


def _challenge(body: bytes, path: str) -> Json:
    try:
        return optional_at(loads(body), path)
    except InputProblem:
        return None
