"""The egress guard: which addresses this instance may talk to, decided once, for HTTP and databases alike.

Flows are written by people who may not be the operator, and their URLs may come from data. So a name is resolved once,
every address is checked, and only checked addresses are handed back: the caller connects to *those*, never to the name
again. Closed by default is everything that is not a public unicast address. What the operator opens stands in
``OUTCODE_EGRESS_ALLOW``; what belongs to this instance itself (its own ports, socket paths) stays closed even then.
"""

from __future__ import annotations

import asyncio
import errno
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from outcode.values.problems import EgressRefused, SetupProblem, VendorDown

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Answers the addresses of a name as text; raises ``OSError`` when there are none."""

_CLOSED_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network; 0.0.0.0 itself reaches loopback
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared by carriers (CGNAT)
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, cloud metadata
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_CLOSED_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
_NAMED_6 = tuple(map(IPv6Network, ("::1/128", "::/128", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8")))
_NAT64 = IPv6Network("64:ff9b::/96")
_METADATA = (
    IPv4Network("169.254.0.0/16"),
    IPv4Network("100.100.100.200/32"),
    IPv6Network("fd00:ec2::254/128"),
    IPv6Network("fe80::/10"),
)
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\Z")


@dataclass(frozen=True, slots=True)
class AllowRule:
    """Something the operator opened: a host name or a network, on one port or on all.

    >>> str(AllowRule(network=ip_network("10.0.0.0/8"), port=5432))
    '10.0.0.0/8:5432'
    """

    host: str | None = None
    network: Network | None = None
    port: int | None = None

    def opens(self, host: str, port: int, address: Address) -> bool:
        """Whether this rule lets ``host``, resolved to ``address``, be reached on ``port``.

        A rule for a name does not open link-local and metadata addresses: those need a rule for the address itself.
        """
        if self.port not in {None, port}:
            return False
        if self.network is not None:
            return address in self.network
        return self.host == host and not any(address in network for network in _METADATA)

    def __str__(self) -> str:
        name = self.host or str(self.network)
        if self.port is None:
            return name
        return f"[{name}]:{self.port}" if ":" in name else f"{name}:{self.port}"


def parse_allow_rules(text: str) -> tuple[AllowRule, ...]:
    """The rules of ``OUTCODE_EGRESS_ALLOW``: hosts, addresses and networks, each with an optional port.

    Separated by commas or white space; IPv6 with a port stands in brackets. Raises SetupProblem
    ``egress_rule_invalid`` naming the entry.

    >>> [str(rule) for rule in parse_allow_rules("db.internal:5432, 10.0.0.0/8 [fd00::1]:443")]
    ['db.internal:5432', '10.0.0.0/8', '[fd00::1/128]:443']
    """
    return tuple(_rule(entry) for entry in re.split(r"[,\s]+", text) if entry)


def _rule(entry: str) -> AllowRule:
    name, port = entry, None
    bracketed = re.fullmatch(r"\[([^\]]+)\](?::(\d{1,5}))?", entry)
    if bracketed:
        name, port = bracketed[1], bracketed[2]
    elif entry.count(":") == 1:
        name, _, port = entry.partition(":")
    number = None if port is None else int(port) if re.fullmatch(r"[0-9]{1,5}", port) else 0
    if number is not None and not 1 <= number <= 65535:
        raise SetupProblem("egress_rule_invalid", entry=entry)
    try:
        return AllowRule(network=ip_network(name), port=number)
    except ValueError:
        host = name.lower().removesuffix(".")
        # A name of digits, dots and slashes only is a network gone wrong, never a host.
        if bracketed or not _HOST.match(host) or literal_address(host) or re.fullmatch(r"[0-9.]+", host):
            raise SetupProblem("egress_rule_invalid", entry=entry) from None
        return AllowRule(host=host, port=number)


def literal_address(host: str) -> Address | None:
    """The address that a host *is* rather than names, in any form the system's resolver would understand.

    >>> literal_address("0x7f.1"), literal_address("2130706433"), literal_address("example.com")
    (IPv4Address('127.0.0.1'), IPv4Address('127.0.0.1'), None)
    """
    text = host.removeprefix("[").removesuffix("]").removesuffix(".")
    if ":" in text:
        try:
            return ip_address(text.replace("%25", "%"))
        except ValueError:
            return None
    if not _HOST.match(text):
        return None
    try:
        return IPv4Address(socket.inet_aton(text))
    except OSError:
        return None


def plain_address(address: Address) -> Address:
    """The IPv4 address that an IPv6 address carries (mapped, NAT64, 6to4), else the address itself.

    >>> plain_address(ip_address("::ffff:127.0.0.1"))
    IPv4Address('127.0.0.1')
    """
    if isinstance(address, IPv4Address):
        return address
    carried = address.ipv4_mapped or address.sixtofour
    if carried is None and address in _NAT64:
        carried = IPv4Address(int(address) & 0xFFFFFFFF)
    return carried or address


def closed_range(address: Address) -> Network | None:
    """The range that closes an address to flows, or None when it is a public unicast address.

    >>> closed_range(ip_address("169.254.169.254")), closed_range(ip_address("8.8.8.8"))
    (IPv4Network('169.254.0.0/16'), None)
    """
    plain = plain_address(address)
    if isinstance(plain, IPv4Address):
        return next((network for network in _CLOSED_4 if plain in network), None)
    closed = next((network for network in (*_CLOSED_6, *_NAMED_6) if plain in network), None)
    return closed or (None if plain in _PUBLIC_6 else IPv6Network("::/0"))


async def system_lookup(host: str, port: int) -> Sequence[str]:
    """The system's own resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class EgressGuard:
    """Decides where this instance may connect to.

    ``allow``: what the operator opened. ``refuse``: ports on this machine that belong to this instance (server,
    database, sandbox) and stay closed even when allowed. ``lookup`` answers names.
    """

    def __init__(
        self, allow: tuple[AllowRule, ...] = (), refuse: Iterable[int] = (), *, lookup: Lookup = system_lookup
    ) -> None:
        self._allow = allow
        self._own_ports = set(refuse)
        self._lookup = lookup

    def refuse_port(self, port: int) -> None:
        """Close a port of this machine that this instance has opened for itself after start."""
        self._own_ports.add(port)

    async def resolve(self, host: str, port: int) -> tuple[Address, ...]:
        """The addresses of ``host`` that may be connected to on ``port``; at least one, each checked.

        Connect to these and to nothing else: resolving the name again could give another answer. Raises EgressRefused
        (``blocked_address``, ``blocked_own_port``, ``blocked_socket_path``, ``blocked_host``) or VendorDown
        ``dns_error``.
        """
        name = self._name(host, port)
        literal = literal_address(name)
        addresses = [literal] if literal else await self._ask(name, port)
        checked, refusals = [], []
        for address in dict.fromkeys(addresses):
            refusal = self._refusal(name, port, address)
            if refusal is None:
                checked.append(address)
            else:
                refusals.append(refusal)
        if not checked:
            raise refusals[0]
        return tuple(checked)

    def _name(self, host: str, port: int) -> str:
        if host.startswith(("@", "\0")) or "/" in host or "\\" in host:
            raise EgressRefused("blocked_socket_path", host=host)
        name = host.lower().removesuffix(".")
        if not 1 <= port <= 65535 or not (literal_address(name) or _HOST.match(name)):
            raise EgressRefused("blocked_host", host=host, port=port)
        return name

    async def _ask(self, name: str, port: int) -> list[Address]:
        try:
            found = await self._lookup(name, port)
        except OSError as error:
            raise VendorDown("dns_error", host=name) from error
        if not found:
            raise VendorDown("dns_error", host=name)
        return [ip_address(text) for text in found]

    def _refusal(self, name: str, port: int, address: Address) -> EgressRefused | None:
        plain = plain_address(address)
        if port in self._own_ports and _is_this_machine(plain):
            return EgressRefused("blocked_own_port", host=name, port=port)
        network = closed_range(address)
        if network is None or any(rule.opens(name, port, plain) for rule in self._allow):
            return None
        rule = AllowRule(network=ip_network(plain), port=port)
        opening = str(rule).replace("/32", "").replace("/128", "")
        return EgressRefused(
            "blocked_address", host=name, port=port, address=str(address), network=str(network), opening=opening
        )


def _is_this_machine(address: Address) -> bool:
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # Only an address of this machine can be bound; nothing is sent.
            probe.bind((str(address), 0))
    except OSError as error:
        return error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
    return True
