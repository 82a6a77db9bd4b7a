"""The egress guard: what is closed, what an operator can open, and what nobody can."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.transport.guard import (
    AllowRule,
    EgressGuard,
    closed_range,
    literal_address,
    parse_allow_rules,
    plain_address,
)
from outcode.values.problems import EgressRefused, SetupProblem, VendorDown


def answering(*addresses: str) -> EgressGuard:
    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return EgressGuard(lookup=lookup)


CLOSED = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "169.254.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.0.8",
    "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "100.100.100.200",
    "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "2001::1", "3fff::1", "5f00::1",
]  # fmt: skip
OPEN = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
LITERALS = {
    "0177.0.0.1": "127.0.0.1",
    "2130706433": "127.0.0.1",
    "0x7f.1": "127.0.0.1",
    "0x7f000001": "127.0.0.1",
    "017700000001": "127.0.0.1",
    "127.1": "127.0.0.1",
    "127.0.0.1.": "127.0.0.1",
    "[::1]": "::1",
    "0": "0.0.0.0",
    "::ffff:7f00:1": "::ffff:127.0.0.1",
}


@pytest.mark.parametrize("address", CLOSED)
async def test_closed_addresses_are_refused_as_literal_and_as_answer(address: str) -> None:
    assert closed_range(ip_address(address)) is not None
    for guard, host in ((EgressGuard(), address), (answering(address), "rebound.example")):
        with pytest.raises(EgressRefused) as refused:
            await guard.resolve(host, 80)
        assert refused.value.code == "blocked_address"
        assert refused.value.details["host"] == host
        assert ip_address(refused.value.details["address"]) == ip_address(address)
        assert "OUTCODE_EGRESS_ALLOW" in refused.value.hint()
        assert refused.value.message("ko")


@pytest.mark.parametrize("address", OPEN)
async def test_public_addresses_pass(address: str) -> None:
    assert await answering(address).resolve("api.example", 443) == (ip_address(address),)


@pytest.mark.parametrize(("written", "address"), LITERALS.items())
async def test_odd_forms_of_an_address_are_that_address(written: str, address: str) -> None:
    assert literal_address(written) == ip_address(address)
    with pytest.raises(EgressRefused):
        await EgressGuard().resolve(written, 80)


async def test_only_the_checked_addresses_come_back() -> None:
    guard = answering("10.0.0.1", "8.8.8.8", "8.8.8.8", "::1")
    assert await guard.resolve("mixed.example", 443) == (IPv4Address("8.8.8.8"),)


async def test_each_resolution_asks_once_and_checks_anew() -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    asked: list[str] = []

    async def lookup(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    guard = EgressGuard(lookup=lookup)
    assert await guard.resolve("rebinding.example", 80) == (IPv4Address("8.8.8.8"),)
    assert asked == ["rebinding.example"]
    with pytest.raises(EgressRefused):
        await guard.resolve("rebinding.example", 80)


@pytest.mark.parametrize(
    ("rules", "host", "port", "opened"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.0.0.1:8080", "127.0.0.1", 8081, False),
        ("127.0.0.1", "2130706433", 99, True),
        ("127.0.0.1:8080", "::ffff:127.0.0.1", 8080, True),
        ("127.0.0.0/8", "127.9.9.9", 1, True),
        ("10.0.0.0/8:5432", "10.1.2.3", 5432, True),
        ("10.0.0.0/8:5432", "10.1.2.3", 5433, False),
        ("[::1]:443", "::1", 443, True),
        ("::1", "::1", 9, True),
        ("fd00::/8", "fd00::7", 9, True),
        ("[fd00::/8]:1", "fd00::7", 2, False),
        ("169.254.169.254", "169.254.169.254", 80, True),
        ("other.internal", "127.0.0.1", 80, False),
    ],
)
async def test_rules_open_what_they_say(rules: str, host: str, port: int, opened: bool) -> None:
    guard = EgressGuard(parse_allow_rules(rules))
    if opened:
        assert await guard.resolve(host, port)
    else:
        with pytest.raises(EgressRefused):
            await guard.resolve(host, port)


async def test_a_rule_for_a_name_opens_private_addresses_but_no_metadata() -> None:
    answers = {"db.internal": ["10.0.0.9"], "trap.internal": ["169.254.169.254"], "evil.example": ["10.0.0.9"]}

    async def lookup(host: str, _port: int) -> Sequence[str]:
        return answers[host]

    guard = EgressGuard(parse_allow_rules("DB.internal.:5432 trap.internal"), lookup=lookup)
    assert await guard.resolve("db.internal", 5432) == (IPv4Address("10.0.0.9"),)
    for host, port in (("db.internal", 22), ("trap.internal", 80), ("evil.example", 5432)):
        with pytest.raises(EgressRefused):
            await guard.resolve(host, port)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1", "127.4.5.6", "localhost"])
async def test_own_ports_stay_closed_even_when_allowed(host: str) -> None:
    guard = EgressGuard(parse_allow_rules("127.0.0.0/8 0.0.0.0/8 ::/0 localhost"), (5432,))
    with pytest.raises(EgressRefused) as refused:
        await guard.resolve(host, 5432)
    assert refused.value.code == "blocked_own_port"
    assert await guard.resolve(host, 5433)
    guard.refuse_port(5433)
    with pytest.raises(EgressRefused):
        await guard.resolve(host, 5433)


async def test_own_ports_are_closed_on_the_machines_other_addresses_too() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        own = probe.getsockname()[0]
    guard = EgressGuard(parse_allow_rules(own), (8000,))
    with pytest.raises(EgressRefused, match="belongs to this Outcode"):
        await guard.resolve(own, 8000)
    assert await guard.resolve(own, 8001)
    assert await answering("8.8.8.8").resolve("api.example", 8000)


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("/var/run/postgresql", "blocked_socket_path"),
        ("@abstract", "blocked_socket_path"),
        ("\0abstract", "blocked_socket_path"),
        ("..\\pipe", "blocked_socket_path"),
        ("", "blocked_host"),
        ("a b", "blocked_host"),
        ("a,b", "blocked_host"),
        ("a" * 64, "blocked_host"),
        ("x.example\n", "blocked_host"),
        ("한글.kr", "blocked_host"),
    ],
)
async def test_what_is_no_host_is_refused(host: str, code: str) -> None:
    with pytest.raises(EgressRefused) as refused:
        await EgressGuard(parse_allow_rules("0.0.0.0/0 ::/0")).resolve(host, 80)
    assert refused.value.code == code


@pytest.mark.parametrize("port", [0, -1, 65536])
async def test_impossible_ports_are_refused(port: int) -> None:
    with pytest.raises(EgressRefused):
        await answering("8.8.8.8").resolve("x.example", port)


async def test_a_name_without_address_is_no_refusal() -> None:
    async def nothing(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    for guard in (EgressGuard(lookup=nothing), answering()):
        with pytest.raises(VendorDown) as down:
            await guard.resolve("nowhere.example", 80)
        assert down.value.code == "dns_error"


@pytest.mark.parametrize(
    "text",
    ["10.0.0.0/33", "10.0.0.1/8", "300.1.1.1", "host:port", "host:0", "host:70000", "[fd00::1", "[host]:80", "a/b",
     "http://x.example", "10.0.0.0/8:", "-", "0x7f.1", "*.internal", "a b!c"],
)  # fmt: skip
def test_nonsense_rules_are_named(text: str) -> None:
    if text == "-":
        assert parse_allow_rules(text) == (AllowRule(host="-"),)
        return
    with pytest.raises(SetupProblem) as problem:
        parse_allow_rules(f"ok.internal, {text}")
    assert problem.value.details["entry"] in text
    assert problem.value.message() != problem.value.message("ko")


def test_no_rules() -> None:
    assert parse_allow_rules(" , \n ") == ()


@given(st.ip_addresses())
def test_carried_addresses_are_judged_as_what_they_carry(address: IPv4Address | IPv6Address) -> None:
    if isinstance(address, IPv4Address):
        for form in (f"::ffff:{address}", f"64:ff9b::{address}"):
            assert plain_address(ip_address(form)) == address
            assert closed_range(ip_address(form)) == closed_range(address)
    if closed_range(address) is None:
        assert address.is_global or plain_address(address) != address


@given(st.ip_addresses(v=4))
def test_every_numeric_form_is_the_same_address(address: IPv4Address) -> None:
    number = int(address)
    a, b, c, d = address.packed
    for form in (str(number), hex(number), f"0{number:o}", f"{a}.{number & 0xFFFFFF}", f"{a:#x}.0{b:o}.{c}.{d}"):
        assert literal_address(form) == address


@given(st.lists(st.ip_addresses().map(str) | st.sampled_from(["db.internal", "10.0.0.0/8", "fd00::/8"])))
def test_rules_read_back_as_written(entries: list[str]) -> None:
    rules = parse_allow_rules(",".join(entries))
    assert parse_allow_rules(" ".join(map(str, rules))) == rules
