"""No secret in what is kept: masks by name and by value, and the command line of a call."""

from __future__ import annotations

import base64
import shlex
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from outcode.transport.http.trace import Mask, Trace
from outcode.values.json import dumps

SECRET = 'cAn/ary+"key" =&한'


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        dumps({"x": SECRET}),
        str(URL("http://x.example/").with_query({"any": SECRET})),
    ],
)
def test_a_known_secret_is_masked_in_every_form(shown: str) -> None:
    masked = Mask([SECRET]).text(f"before {shown} after")
    assert "ary" not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@given(st.text(st.characters(codec="utf-8"), min_size=3, max_size=40))
def test_any_secret_leaves_urls_bodies_and_headers(secret: str) -> None:
    mask = Mask([secret])
    url = URL("http://x.invalid/").with_query({"q": secret})
    assert mask.url(url) == "http://x.invalid/?q=***" or secret in "http://x.invalid/?q=***"
    assert mask.headers([("X-Note", secret)]) == (("X-Note", "***"),)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://x.example/?api_key=1&page=2", "http://x.example/?api_key=***&page=2"),
        ("http://x.example/?serviceKey=abc", "http://x.example/?serviceKey=***"),
        ("http://x.example/?X-Amz-Signature=abc&a=b", "http://x.example/?X-Amz-Signature=***&a=b"),
        ("http://x.example/?access_token=a&access_token=b", "http://x.example/?access_token=***&access_token=***"),
        ("http://x.example/p?keyword=k", "http://x.example/p?keyword=k"),
    ],
)
def test_secret_names_in_a_query(url: str, shown: str) -> None:
    assert Mask().url(URL(url)) == shown


def test_secret_headers_and_members() -> None:
    mask = Mask()
    headers = [("Authorization", "Bearer x"), ("X-Api-Key", "y"), ("Cookie", "z"), ("Idempotency-Key", "k1")]
    assert [value for _, value in mask.headers(headers)] == ["***", "***", "***", "k1"]
    assert mask.text('{"password": "a\\"b", "page": "1"}') == '{"password": "***", "page": "1"}'
    assert mask.text("user=kim&client_secret=abc&x=1") == "user=kim&client_secret=***&x=1"
    assert mask.body(b"\xff\x00") == "<2 bytes>"
    assert len(mask.body(b"a" * 100_000) or "") < 11_000


def test_curl_survives_a_shell() -> None:
    trace = Trace(
        method="POST",
        url="https://x.example/?q=it's",
        started_at=datetime(2026, 11, 21, tzinfo=UTC),
        request_headers=(("X-A", "a b"),),
        request_body='{"a": "$(rm)"}',
        verify_tls=False,
    )
    assert shlex.split(trace.as_curl()) == [
        "curl", "-X", "POST", "--insecure", "https://x.example/?q=it's", "-H", "X-A: a b",
        "--data-raw", '{"a": "$(rm)"}',
    ]  # fmt: skip
    head = Trace("HEAD", "https://x.example/", datetime(2026, 11, 21, tzinfo=UTC))
    assert head.as_curl() == "curl --head https://x.example/"
    assert dumps(trace.as_dict()).startswith('{"method":"POST"')
