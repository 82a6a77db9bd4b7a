"""Redaction: a secret is found in every form it takes on its way out, and nothing of it stays."""

from __future__ import annotations

import time
from base64 import b64encode, urlsafe_b64encode
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.json import dumps
from outcode.values.redaction import MASK, Redactor

SECRET = 'p@ss/w"rd ü+1'
SECRETS = st.text(
    st.sampled_from('aZ09/+"\\ é한&=%\n') | st.characters(exclude_categories=["Cs"]), min_size=6, max_size=40
)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower().replace("p%40ss", "p%40ss"),
        dumps(SECRET)[1:-1],
        b64encode(SECRET.encode()).decode(),
        urlsafe_b64encode(SECRET.encode()).decode(),
        b64encode(f"user:{SECRET}".encode()).decode(),
        b64encode(f"u:{SECRET}:tail".encode()).decode(),
        b64encode(f"us:{SECRET}!".encode()).decode(),
    ],
)
def test_every_form_of_a_secret_goes(form: str) -> None:
    assert Redactor([SECRET]).redact(f"<{form}> and <{form}>") == f"<{MASK}> and <{MASK}>"


@settings(deadline=None)
@given(SECRETS, st.text(max_size=4), st.text(max_size=4))
def test_no_encoding_hides_a_secret(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    assert secret not in redactor.redact(before + secret + after)
    assert quote(secret, safe="") not in redactor.redact(quote(before + secret + after, safe=""))
    encoded = b64encode((before + secret + after).encode()).decode()
    assert redactor.redact(f"({encoded})") == f"({MASK})"
    assert dumps(secret)[1:-1] not in redactor.redact(dumps(before + secret + after))


def test_the_longest_secret_goes_first() -> None:
    assert Redactor(["secret", "secret-longer"]).redact("secret-longer secret") == f"{MASK} {MASK}"


def test_very_short_secrets_are_not_looked_for() -> None:
    assert Redactor(["abc", ""]).redact("abc abcd") == "abc abcd"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Authorization: Bearer abc.def\nAccept: x", f"Authorization: {MASK}\nAccept: x"),
        ("authorization: Basic dTpw", f"authorization: {MASK}"),
        ('{"Authorization": "Bearer abc", "x": 1}', f'{{"Authorization": "{MASK}", "x": 1}}'),
        ("{'authorization': 'Basic \"x', 'y': 2}", f"{{'authorization': '{MASK}', 'y': 2}}"),
        ('{"password":"cut off in the mid', f'{{"password":"{MASK}"'),
        ('Cookie: a="b"; c=d', f"Cookie: {MASK}"),
        ("Cookie: a=b; c=d\r\nHost: x", f"Cookie: {MASK}\r\nHost: x"),
        ("Set-Cookie: sid=1; Path=/", f"Set-Cookie: {MASK}"),
        ("X-OUTCODE-API-KEY: oc_123", f"X-OUTCODE-API-KEY: {MASK}"),
        ("POST /hooks/x/y?key=oc_123&a=1 200", f"POST /hooks/x/y?key={MASK}&a=1 200"),
        ("?a=1&token=t&api_key=k#f", f"?a=1&token={MASK}&api_key={MASK}#f"),
        ("password=hunter2 user=ann", f"password={MASK} user=ann"),
        ('{"password":"a\\"b","user":"ann"}', f'{{"password":"{MASK}","user":"ann"}}'),
        ("postgresql://ann:hunter2@db:5432/x", f"postgresql://ann:{MASK}@db:5432/x"),
        ("monkey=5 keyboard=x hockey=1", "monkey=5 keyboard=x hockey=1"),
        ("the authorization was given", "the authorization was given"),
        ("nothing here", "nothing here"),
    ],
)
def test_sensitive_names_are_masked_whatever_they_hold(text: str, redacted: str) -> None:
    assert Redactor().redact(text) == redacted


def test_json_is_redacted_throughout() -> None:
    value = {
        "headers": {"Authorization": "Bearer x", "accept": "hunter22"},
        "list": ["a hunter22 b", 5, Decimal("1.5"), True, None],
        "hunter22": 1,
        "key": "plain",
        "password": None,
        "client_secret": {"a": 1},
        "number": 12345678,
    }
    assert Redactor(["hunter22", "12345678"]).redact_json(value) == {
        "headers": {"Authorization": MASK, "accept": MASK},
        "list": [f"a {MASK} b", 5, Decimal("1.5"), True, None],
        MASK: 1,
        "key": "plain",
        "password": None,
        "client_secret": MASK,
        "number": MASK,
    }
    assert value["hunter22"] == 1


def test_what_is_nested_too_deeply_is_masked() -> None:
    value: Any = "hunter22"
    for _ in range(100_000):
        value = [value]
    assert Redactor(["hunter22"]).redact_json(value) == MASK
    while isinstance(value, list):  # taken apart by hand, since freeing it in one go would recurse as deeply
        value = value[0]


@pytest.mark.parametrize(
    "text", ["A" * 1_000_000, "key=" * 200_000, '"password":"' * 80_000, "a://b:" * 100_000, "=" * 1_000_000]
)
def test_long_texts_are_redacted_quickly(text: str) -> None:
    started = time.process_time()
    Redactor(["hunter22" * 4]).redact(text)
    assert time.process_time() - started < 20


def test_data_loses_only_the_secrets_themselves() -> None:
    redactor = Redactor(["test", "hunter22-long"])
    data = {"token": "keep", "n": [1, None, True, "a test", "hunter22-long"], "hunter22-long": "x"}
    assert redactor.redact_data(data) == {"token": "keep", "n": [1, None, True, "a test", "••••"], "••••": "x"}
    assert Redactor(["test"]).redact_data(data) is data
