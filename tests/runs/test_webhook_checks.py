"""Signatures as senders make them, with the standard library alone, and everything that must not pass for one."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.flows.dataflow import DeliverySignature
from outcode.runs.webhook_checks import check_sender, check_signature
from outcode.values.problems import AuthProblem

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
UNIX = int(NOW.timestamp())
SECRET = "whs_0123456789abcdef"
Scheme = Literal["hex", "base64", "prefixed", "timestamped"]
SCHEMES: list[Scheme] = ["hex", "base64", "prefixed", "timestamped"]


def declared(scheme: Scheme) -> DeliverySignature:
    return DeliverySignature(header="X-Signature", scheme=scheme)


def signed(scheme: Scheme, body: bytes, secret: str = SECRET, at: int = UNIX) -> dict[str, str]:
    message = f"{at}.".encode() + body if scheme == "timestamped" else body
    digest = hmac.new(secret.encode(), message, hashlib.sha256)
    written = {
        "hex": digest.hexdigest(),
        "base64": base64.b64encode(digest.digest()).decode(),
        "prefixed": f"sha256={digest.hexdigest()}",
        "timestamped": f"t={at},v1={digest.hexdigest()}",
    }
    return {"x-signature": written[scheme]}


def refusal(
    scheme: Scheme, headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...] = (SECRET,), now: datetime = NOW
) -> str | None:
    """The code of what is refused, None when it passes."""
    try:
        check_signature(declared(scheme), secrets, headers, body, now)
    except AuthProblem as problem:
        return "secret told" if SECRET in str(problem.as_dict("ko")) else problem.code
    return None


@given(scheme=st.sampled_from(SCHEMES), body=st.binary(max_size=200), secret=st.text(min_size=16, max_size=40))
def test_what_was_signed_passes(scheme: Scheme, body: bytes, secret: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in secret):
        return
    assert refusal(scheme, signed(scheme, body, secret), body, (secret,)) is None


@given(scheme=st.sampled_from(SCHEMES), body=st.binary(max_size=100), data=st.data())
def test_whatever_is_changed_is_refused(scheme: Scheme, body: bytes, data: st.DataObject) -> None:
    headers = signed(scheme, body)
    other = data.draw(st.binary(max_size=100).filter(lambda drawn: drawn != body))
    assert refusal(scheme, headers, other) == "webhook_signature_wrong"
    assert refusal(scheme, headers, body, (SECRET + "x",)) == "webhook_signature_wrong"
    text = headers["x-signature"]
    index = data.draw(st.integers(0, len(text) - 1))
    sign = data.draw(st.characters(min_codepoint=33, max_codepoint=255).filter(lambda drawn: drawn != text[index]))
    changed = text[:index] + sign + text[index + 1 :]
    if changed.lower() != text.lower():
        assert refusal(scheme, {"x-signature": changed}, body) is not None


@given(scheme=st.sampled_from(SCHEMES), header=st.text(max_size=200))
def test_no_header_breaks_the_check(scheme: Scheme, header: str) -> None:
    assert refusal(scheme, {"x-signature": header}, b"{}") in {"webhook_signature_wrong", "webhook_signature_missing"}


def test_a_signature_is_read_in_its_own_form_only() -> None:
    for made in SCHEMES:
        for wanted in SCHEMES:
            code = refusal(wanted, signed(made, b"{}"), b"{}")
            assert (code is None) == (made == wanted), (made, wanted)


def test_hex_in_capitals_and_space_around_are_the_same_signature() -> None:
    plain = signed("hex", b"{}")["x-signature"]
    assert refusal("hex", {"x-signature": f"  {plain.upper()} "}, b"{}") is None


def test_without_header_or_secret() -> None:
    assert refusal("hex", {}, b"{}") == "webhook_signature_missing"
    assert refusal("hex", signed("hex", b"{}"), b"{}", ()) == "webhook_secret_missing"
    assert refusal("hex", signed("hex", b"{}", ""), b"{}", ("",)) == "webhook_signature_missing"


def test_either_secret_is_good_while_one_replaces_the_other() -> None:
    both = ("new-secret-0123456789", SECRET)
    assert refusal("prefixed", signed("prefixed", b"{}"), b"{}", both) is None
    assert refusal("prefixed", signed("prefixed", b"{}", both[0]), b"{}", both) is None
    assert refusal("prefixed", signed("prefixed", b"{}", "a-third-secret-012345"), b"{}", both) is not None


@pytest.mark.parametrize(("seconds", "code"), [(0, None), (300, None), (301, "webhook_signature_late")])
def test_a_signature_is_good_for_its_time(seconds: int, code: str | None) -> None:
    headers = signed("timestamped", b"{}")
    for sign in (1, -1):
        assert refusal("timestamped", headers, b"{}", now=NOW + timedelta(seconds=sign * seconds)) == code


def test_the_time_is_part_of_what_is_signed() -> None:
    digest = signed("timestamped", b"{}")["x-signature"].partition(",")[2]
    for forged in (
        f"t={UNIX + 1},{digest}",
        f"t={UNIX + 1},t={UNIX},{digest}",
        digest,
        f"t=,{digest}",
        f"t=x,{digest}",
    ):
        assert refusal("timestamped", {"x-signature": forged}, b"{}") == "webhook_signature_wrong"


@pytest.mark.parametrize(
    ("allowed", "sender", "passes"),
    [
        ((), "198.51.100.1", True),
        ((), None, True),
        (("203.0.113.0/24",), "203.0.113.255", True),
        (("203.0.113.0/24",), "203.0.114.0", False),
        (("203.0.113.7",), "203.0.113.7", True),
        (("203.0.113.7",), "::ffff:203.0.113.7", True),
        (("2001:db8::/32",), "2001:db8:1::1", True),
        (("2001:db8::/32", "10.0.0.0/8"), "10.9.9.9", True),
        (("2001:db8::/32",), "10.0.0.1", False),
        (("0.0.0.0/0",), "::1", False),
        (("0.0.0.0/0",), None, False),
        (("0.0.0.0/0",), "nonsense", False),
    ],
)
def test_who_may_call(allowed: tuple[str, ...], sender: str | None, *, passes: bool) -> None:
    if passes:
        check_sender(allowed, sender)
        return
    with pytest.raises(AuthProblem) as refused:
        check_sender(allowed, sender)
    assert refused.value.code == "webhook_address_refused"
