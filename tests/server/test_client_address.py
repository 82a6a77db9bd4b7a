from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.server.client_address import TrustedProxies
from outcode.values.problems import SetupProblem

PROXIES = TrustedProxies.of("10.0.0.0/8, 192.0.2.1 2001:db8:ffff::/48")


@pytest.mark.parametrize(
    ("peer", "forwarded", "sender"),
    [
        ("198.51.100.1", ["203.0.113.9"], "198.51.100.1"),  # nobody whom we trust
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["8.8.8.8, 203.0.113.9"], "203.0.113.9"),  # what the sender wrote itself comes first
        ("10.0.0.1", ["8.8.8.8", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, 10.1.1.1, 192.0.2.1"], "203.0.113.9"),
        ("10.0.0.1", ["10.5.5.5, 10.1.1.1"], "10.5.5.5"),
        ("10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, nonsense, 10.2.2.2"], "10.2.2.2"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["2001:DB8:0::1"], "2001:db8::1"),
        ("2001:db8:ffff::5", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("::ffff:198.51.100.1", [], "198.51.100.1"),
        ("fe80::1%eth0", [], "fe80::1"),
        (None, ["203.0.113.9"], None),
        ("", ["203.0.113.9"], None),
    ],
)
def test_who_sends(peer: str | None, forwarded: list[str], sender: str | None) -> None:
    assert PROXIES.sender(peer, forwarded) == sender


def test_without_proxies_nothing_forwarded_is_believed() -> None:
    assert TrustedProxies.of("").sender("198.51.100.1", ["203.0.113.9"]) == "198.51.100.1"
    assert TrustedProxies.of(" , ").sender("::ffff:198.51.100.1", ["203.0.113.9"]) == "198.51.100.1"


@given(st.lists(st.text(max_size=60), max_size=5))
def test_only_a_trusted_proxy_moves_the_sender(forwarded: list[str]) -> None:
    assert PROXIES.sender("198.51.100.1", forwarded) == "198.51.100.1"
    assert PROXIES.sender("10.0.0.1", [*forwarded, "203.0.113.9"]) == "203.0.113.9"
    assert PROXIES.sender("10.0.0.1", forwarded) is not None


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.test", "10.0.0.0/8 nonsense"])
def test_a_wrong_setting_is_told(text: str) -> None:
    with pytest.raises(SetupProblem) as wrong:
        TrustedProxies.of(text)
    assert wrong.value.code == "trusted_proxies_invalid"
    assert wrong.value.message("ko")
