"""Requests of apps as they may come: questions, one event, many, none, and nonsense."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.appkit import Handshake, Outputs, Request, Subscription, Trigger, Words
from outcode.transport.events import Event, HandshakeAnswer, events_of, handshake_answer
from outcode.values.json import dump_bytes
from outcode.values.problems import InputProblem

CALL = Request(method="POST", url="https://api.example.com/hooks")


def trigger(**parts: Any) -> Trigger:
    words = Words(en="x", ko="y")
    subscription = Subscription(create=CALL, id="id", remove=CALL)
    known: dict[str, Any] = {"description": words, "fields": (), "subscription": subscription, "outputs": Outputs()}
    return Trigger(key="hook", name="Hook", **(known | parts))


@pytest.mark.parametrize(
    ("handshake", "expected"),
    [
        (Handshake(place="query", name="hub.challenge"), HandshakeAnswer(b"q")),
        (Handshake(place="header", name="X-Hook-Secret", answer="header", answer_name="X-Hook-Secret"), "header"),
        (Handshake(place="body", name="challenge"), HandshakeAnswer(b"b")),
        (
            Handshake(place="body", name="event.challenge", answer="json", answer_name="challenge"),
            HandshakeAnswer(b'{"challenge":"\xea\xb0\x80"}', "application/json"),
        ),
    ],
)
def test_a_question_is_answered_as_the_vendor_wants_it(handshake: Handshake, expected: Any) -> None:
    body = dump_bytes({"challenge": "b", "event": {"challenge": "가"}})
    answer = handshake_answer(handshake, {"hub.challenge": "q"}, {"x-hook-secret": "h 1"}, body)
    if expected == "header":
        expected = HandshakeAnswer(headers=(("X-Hook-Secret", "h 1"),))
    assert answer == expected


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"challenge": 5}', b'{"challenge": null}', b"\xff", b'{"challenge":""}']
)
def test_other_requests_are_no_question(body: bytes) -> None:
    assert handshake_answer(Handshake(place="body", name="challenge"), {"challenge": "x"}, {}, body) is None
    assert handshake_answer(Handshake(place="query", name="challenge"), {}, {"challenge": "x"}, body) is None


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "é", "", "x" * 5000, " a", "a\n"])
def test_what_is_sent_back_as_a_header_is_one_header(value: str) -> None:
    handshake = Handshake(place="header", name="X", answer="header", answer_name="X")
    assert handshake_answer(handshake, {}, {"X": value}, b"") is None


def test_a_request_is_one_event_or_as_many_as_its_list_has() -> None:
    body = b'{"event_id": 7, "items": [{"id": "a"}, {"id": "b", "n": 1.50}, {}]}'
    assert [event.id for event in events_of(trigger(event_id="event_id"), body)] == ["7"]
    many = events_of(trigger(events="items", event_id="id"), body)
    assert [event.id for event in many] == ["a", "b", None]
    assert str(many[1].value["n"]) == "1.50"
    assert events_of(trigger(events="missing"), body) == []
    assert events_of(trigger(), b"[1]") == [Event(None, [1])]


def test_an_id_of_several_parts_needs_all_of_them() -> None:
    calendly = trigger(event_id=("event", "payload.uri", "created_at"))
    event = {"event": "invitee.created", "created_at": "2026-11-22", "payload": {"uri": "https://x/1"}}
    [created] = events_of(calendly, dump_bytes(event))
    [canceled] = events_of(calendly, dump_bytes(event | {"event": "invitee.canceled"}))
    assert created.id is not None
    assert created.id != canceled.id
    assert events_of(calendly, dump_bytes(event | {"created_at": ""}))[0].id is None
    long = events_of(calendly, dump_bytes(event | {"created_at": "9" * 1000}))[0].id
    assert long is not None
    assert len(long) == 64


@pytest.mark.parametrize(
    ("body", "code"), [(b"", "event_not_json"), (b"a=b", "event_not_json"), (b'{"items": {}}', "event_not_list")]
)
def test_what_cannot_be_read_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(InputProblem) as caught:
        events_of(trigger(events="items"), body)
    assert caught.value.code == code
    assert caught.value.message("ko")


@given(st.binary(max_size=100))
def test_no_body_breaks_the_reading(body: bytes) -> None:
    handshake_answer(Handshake(place="body", name="a.b[0]"), {}, {}, body)
    with suppress(InputProblem):
        assert len(events_of(trigger(event_id=("a", "b")), body)) == 1
