"""Signatures of real vendors, made here with the standard library, and everything that must not pass for one."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.appkit import WebhookSignature
from outcode.transport.events import verify
from outcode.values.problems import AuthProblem

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
UNIX = int(NOW.timestamp())
BODY = '{"event_id": "01", "text": "안녕 {timestamp} {body}"}'.encode()
SECRET = "s3cret-ü"

TYPEFORM = WebhookSignature(header="Typeform-Signature", prefix="sha256=", encoding="base64")
CALENDLY = WebhookSignature(
    header="Calendly-Webhook-Signature",
    part="v1",
    timestamp_part="t",
    message="{timestamp}.{body}",
    tolerance_seconds=180,
)
AIRTABLE = WebhookSignature(header="X-Airtable-Content-MAC", prefix="hmac-sha256=", secret_encoding="base64")
SLACK = WebhookSignature(
    header="X-Slack-Signature",
    prefix="v0=",
    timestamp_header="X-Slack-Request-Timestamp",
    message="v0:{timestamp}:{body}",
)
GITHUB_OLD = WebhookSignature(header="X-Hub-Signature", prefix="sha1=", algorithm="sha1")
MAC_SECRET = base64.b64encode(bytes(range(200, 232))).decode()


def mac(key: bytes, message: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(key, message, getattr(hashlib, algorithm)).digest()


def signed(declared: WebhookSignature, body: bytes = BODY, at: int = UNIX) -> tuple[str, dict[str, str]]:
    """The secret and the headers as that vendor sends them."""
    key = SECRET.encode()
    stamp = str(at)
    if declared is TYPEFORM:
        return SECRET, {"Typeform-Signature": "sha256=" + base64.b64encode(mac(key, body)).decode()}
    if declared is CALENDLY:
        return SECRET, {"Calendly-Webhook-Signature": f"t={stamp},v1={mac(key, stamp.encode() + b'.' + body).hex()}"}
    if declared is AIRTABLE:
        proof = mac(base64.b64decode(MAC_SECRET), body).hex()
        return MAC_SECRET, {"X-Airtable-Content-MAC": f"hmac-sha256={proof}"}
    if declared is SLACK:
        proof = mac(key, b"v0:" + stamp.encode() + b":" + body).hex()
        return SECRET, {"X-Slack-Signature": f"v0={proof}", "X-Slack-Request-Timestamp": stamp}
    return SECRET, {"X-Hub-Signature": "sha1=" + mac(key, body, "sha1").hex()}


ALL = [TYPEFORM, CALENDLY, AIRTABLE, SLACK, GITHUB_OLD]
NAMES = ["typeform", "calendly", "airtable", "slack", "sha1"]


def refused(declared: WebhookSignature, secret: str, headers: dict[str, str], body: bytes = BODY) -> str:
    with pytest.raises(AuthProblem) as caught:
        verify(declared, secret, headers, body, NOW)
    shown = caught.value.message() + caught.value.hint("ko") + str(caught.value.details)
    assert secret == "" or secret not in shown
    return caught.value.code


@pytest.mark.parametrize("declared", ALL, ids=NAMES)
def test_what_the_vendor_signed_is_believed(declared: WebhookSignature) -> None:
    secret, headers = signed(declared)
    verify(declared, secret, headers, BODY, NOW)
    verify(declared, secret, {name.lower(): value for name, value in headers.items()}, BODY, NOW)


def test_the_published_example_of_slack() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    verify(SLACK, "8f742231b10e8888abcd99yyyzzz85a5", headers, body, datetime.fromtimestamp(1531420620, UTC))


@pytest.mark.parametrize("declared", ALL, ids=NAMES)
def test_nothing_else_is_believed(declared: WebhookSignature) -> None:
    secret, headers = signed(declared)
    name = declared.header
    assert refused(declared, secret, {}) == "event_signature_missing"
    assert refused(declared, secret, headers | {name: "  "}) == "event_signature_missing"
    assert refused(declared, "", headers) == "event_signature_missing"
    assert refused(declared, secret, headers | {name: "x" * 5000}) == "event_signature_missing"
    wrong = [
        headers[name][:-1],
        headers[name] + "0",
        headers[name][::-1],
        headers[name].partition("=")[2],
        "sha256=",
        "t=,v1=",
        "é" * 40,
        "\udce9",
        ",".join(["v1=0"] * 2000)[:4000],
    ]
    for text in wrong:
        assert refused(declared, secret, headers | {name: text}) == "event_signature_wrong"
    assert refused(declared, secret, headers, BODY + b" ") == "event_signature_wrong"
    assert refused(declared, secret, headers, b"") == "event_signature_wrong"
    other = base64.b64encode(b"other").decode()
    assert refused(declared, other, headers) == "event_signature_wrong"


def test_a_secret_that_is_no_base64_proves_nothing() -> None:
    assert refused(AIRTABLE, "not base64!", signed(AIRTABLE)[1]) == "event_signature_wrong"


@pytest.mark.parametrize(("declared", "tolerance"), [(CALENDLY, 180), (SLACK, 300)], ids=["calendly", "slack"])
@pytest.mark.parametrize("sign", [1, -1], ids=["future", "replay"])
def test_old_and_future_requests_are_refused_although_signed(
    declared: WebhookSignature, tolerance: int, sign: int
) -> None:
    secret, headers = signed(declared, at=UNIX + sign * tolerance)
    verify(declared, secret, headers, BODY, NOW)
    secret, headers = signed(declared, at=UNIX + sign * (tolerance + 1))
    assert refused(declared, secret, headers) == "event_time_wrong"


def test_a_time_that_was_not_signed_does_not_help() -> None:
    secret, headers = signed(SLACK, at=UNIX - 9999)
    assert refused(SLACK, secret, headers | {"X-Slack-Request-Timestamp": str(UNIX)}) == "event_signature_wrong"
    secret, headers = signed(CALENDLY, at=UNIX - 9999)
    moved = headers["Calendly-Webhook-Signature"].replace(str(UNIX - 9999), str(UNIX))
    assert refused(CALENDLY, secret, {"Calendly-Webhook-Signature": moved}) == "event_signature_wrong"


@pytest.mark.parametrize("stamp", ["", "now", "-5", "1e9", "1" * 400, "١٢٣"])
def test_a_time_that_is_none_is_refused_even_when_it_is_signed(stamp: str) -> None:
    proof = mac(SECRET.encode(), b"v0:" + stamp.encode() + b":" + BODY).hex()
    headers = {"X-Slack-Signature": f"v0={proof}", "X-Slack-Request-Timestamp": stamp}
    assert refused(SLACK, SECRET, headers) == "event_time_wrong"


def test_one_of_several_signatures_is_enough_while_a_secret_is_changed() -> None:
    secret, headers = signed(CALENDLY)
    header = headers["Calendly-Webhook-Signature"]
    verify(CALENDLY, secret, {CALENDLY.header: header.replace(",v1=", ", v1=00, v0=ff, v1=")}, BODY, NOW)
    assert refused(CALENDLY, secret, {CALENDLY.header: header.replace("v1=", "v0=")}) == "event_signature_wrong"


@given(st.binary(max_size=50), st.text(max_size=50), st.text(max_size=80))
def test_no_header_passes_by_chance(body: bytes, secret: str, header: str) -> None:
    for declared in ALL:
        with pytest.raises(AuthProblem):
            verify(declared, secret, {declared.header: header}, body, NOW)


@given(st.binary(max_size=200))
def test_every_body_can_be_signed(body: bytes) -> None:
    for declared in ALL:
        secret, headers = signed(declared, body)
        verify(declared, secret, headers, body, NOW + timedelta(seconds=5))
