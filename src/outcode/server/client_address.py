"""From which address a request comes: the connection's other end, or whom a proxy that we trust names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

from outcode.values.problems import SetupProblem

_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([^:]+):\d+")
_MOST_HOPS = 50


class TrustedProxies:
    """The proxies whose ``X-Forwarded-For`` is believed; from all others anybody could write what they like there.

    >>> proxies = TrustedProxies.of("10.0.0.0/8")
    >>> proxies.sender("10.1.2.3", ["198.51.100.7, 203.0.113.9"])
    '203.0.113.9'
    """

    def __init__(self, networks: Iterable[IPv4Network | IPv6Network] = ()) -> None:
        self._networks = tuple(networks)

    @classmethod
    def of(cls, text: str) -> TrustedProxies:
        """Those of a setting, addresses and networks with spaces or commas between; raises SetupProblem."""
        found: list[IPv4Network | IPv6Network] = []
        for word in text.replace(",", " ").split():
            try:
                found.append(ip_network(word))
            except ValueError as error:
                raise SetupProblem("trusted_proxies_invalid", value=word[:100]) from error
        return cls(found)

    def sender(self, peer: str | None, forwarded: Iterable[str]) -> str | None:
        """The nearest address that is not a trusted proxy's; ``forwarded`` are the X-Forwarded-For headers in order.

        Each proxy adds at the end whom it talks to, so the list is read from there, and no further than a proxy that
        is trusted. None for a connection without an address.
        """
        if not self._networks and peer and ":" not in peer:
            return peer  # most requests, of which nothing needs to be read
        address = _address(peer or "")
        if address is None or not self._trusts(address):
            return str(address) if address else None
        hops = [hop for header in forwarded for hop in header.split(",")]
        for hop in reversed(hops[-_MOST_HOPS:]):
            named = _address(hop.strip())
            if named is None:
                break
            address = named
            if not self._trusts(address):
                break
        return str(address)

    def sender_of(self, scope: Scope) -> str | None:
        """The sender of an ASGI request."""
        peer = scope["client"][0] if scope.get("client") else None
        if not self._networks:
            return self.sender(peer, ())
        forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        return self.sender(peer, forwarded)

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address with or without a port, in its plainest form: an IPv4 address inside IPv6 is an IPv4 address."""
    if found := _WITH_PORT.fullmatch(text):
        text = found[1] or found[2] or ""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))  # without a zone, which means nothing elsewhere
    return address
