from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.runs.replies import REFUSED_HEADERS, Replies, WebhookReply
from outcode.values.problems import InputProblem

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_what_is_sent() -> None:
    made = WebhookReply.of({"status": 201, "headers": {"X-Order": " 5 ", "Content-Type": "text/csv"}, "body": "a,b"})
    assert (made.status, dict(made.headers), made.content_type) == (201, {"x-order": "5"}, "text/csv")
    assert made.content() == b"a,b"
    plain = WebhookReply.of({"body": {"n": 12345678901234567890}})
    assert (plain.status, plain.content_type) == (200, "application/json")
    assert plain.content() == b'{"n":12345678901234567890}'
    assert WebhookReply.of({}).content() == b""
    assert WebhookReply.of({"body": "한"}).content() == "한".encode()
    assert WebhookReply.of({"status": 204, "body": "x"}).content() == b""
    assert WebhookReply.of({"headers": {"Retry-After": 5}}).headers == {"retry-after": "5"}


REFUSED: list[tuple[Any, str]] = [
    (None, "reply_not_object"),
    ([1], "reply_not_object"),
    ({"headers": [1]}, "reply_not_object"),
    ({"status": 199}, "reply_status_invalid"),
    ({"status": 600}, "reply_status_invalid"),
    ({"status": "200"}, "reply_status_invalid"),
    ({"status": True}, "reply_status_invalid"),
    ({"status": 10**5000}, "reply_status_invalid"),
    ({"headers": {"x": "a\r\nSet-Cookie: b"}}, "reply_header_invalid"),
    ({"headers": {"x": "a\nb"}}, "reply_header_invalid"),
    ({"headers": {"x": "a\x00b"}}, "reply_header_invalid"),
    ({"headers": {"x": "한"}}, "reply_header_invalid"),
    ({"headers": {"x": None}}, "reply_header_invalid"),
    ({"headers": {"x": 10**5000}}, "reply_header_invalid"),
    ({"headers": {"x\r\ny": "a"}}, "reply_header_invalid"),
    ({"headers": {"": "a"}}, "reply_header_invalid"),
    ({"headers": {"x y": "a"}}, "reply_header_invalid"),
    ({"headers": {"X": "a", "x": "b"}}, "reply_header_invalid"),
    ({"headers": {"Access-Control-Allow-Origin": "*"}}, "reply_header_refused"),
    ({"headers": {f"x-{number}": "y" * 1000 for number in range(20)}}, "reply_headers_too_large"),
    *(({"headers": {name.title(): "a"}}, "reply_header_refused") for name in sorted(REFUSED_HEADERS)),
]


@pytest.mark.parametrize(("value", "code"), REFUSED)
def test_what_no_answer_may_say(value: Any, code: str) -> None:
    with pytest.raises(InputProblem) as refused:
        WebhookReply.of(value)
    assert refused.value.code == code
    assert refused.value.message("ko")


@given(st.fixed_dictionaries({"status": JSON, "headers": JSON | st.dictionaries(st.text(), st.text()), "body": JSON}))
def test_a_reply_is_refused_or_can_be_sent(value: dict[str, Any]) -> None:
    try:
        made = WebhookReply.of(value)
    except InputProblem:
        return
    assert 200 <= made.status <= 599
    assert isinstance(made.content(), bytes)
    for name, text in (*made.headers.items(), ("content-type", made.content_type)):
        assert name.encode("ascii")
        assert not set(text.encode("latin-1")) & {0, 10, 13}


async def test_a_reply_reaches_who_waits_and_only_once() -> None:
    replies = Replies()
    replies.give("nobody", WebhookReply.of({"status": 201}))
    said = replies.expect("run")
    assert replies.expect("run") is said
    replies.give("run", WebhookReply.of({"status": 202}))
    replies.give("run", WebhookReply.of({"status": 500}))
    assert (await asyncio.wait_for(said, 5)).status == 202
    replies.forget("run")
    replies.forget("run")
    assert not replies.expect("run").done()
