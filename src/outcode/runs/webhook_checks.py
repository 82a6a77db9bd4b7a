"""What a webhook asks of its senders beside the key: where they call from, and that they sign what they send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from outcode.appkit.triggers import WebhookSignature
from outcode.flows.dataflow import DeliverySignature
from outcode.transport.events import verify
from outcode.values.problems import AuthProblem

_SAID_OF = {
    "event_signature_missing": "webhook_signature_missing",
    "event_signature_wrong": "webhook_signature_wrong",
    "event_time_wrong": "webhook_signature_late",
}


def check_sender(allow_from: tuple[str, ...], address: str | None) -> None:
    """Refuse a sender that is not among the addresses and networks; without any listed everyone may call.

    Raises AuthProblem ``webhook_address_refused``, also for a sender without an address, such as a UNIX socket's.

    >>> check_sender(("203.0.113.0/24",), "203.0.113.9")
    """
    if not allow_from:
        return
    sender = _address(address) if address else None
    if sender is None or not any(sender in network for network in _networks(allow_from)):
        raise AuthProblem("webhook_address_refused", address=address or "–")


def check_signature(
    declared: DeliverySignature, secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> None:
    """Refuse a delivery that none of the secrets has signed; ``headers`` by name in lower case, ``body`` as it came.

    Raises AuthProblem ``webhook_secret_missing``, ``webhook_signature_missing``, ``_wrong`` or ``_late``.
    """
    signature = _declaration(declared)
    refusal: AuthProblem | None = None
    fits = False
    for secret in secrets:
        try:
            verify(signature, secret, headers, body, now)
        except AuthProblem as problem:
            refusal = refusal or AuthProblem(_SAID_OF[problem.code], **problem.details)
        else:
            fits = True
    if not fits:
        raise refusal or AuthProblem("webhook_secret_missing")


@lru_cache(maxsize=512)
def _declaration(declared: DeliverySignature) -> WebhookSignature:
    """The one way of writing signatures down that :func:`outcode.transport.events.verify` reads."""
    header = declared.header
    match declared.scheme:
        case "hex":
            return WebhookSignature(header=header)
        case "base64":
            return WebhookSignature(header=header, encoding="base64")
        case "prefixed":
            return WebhookSignature(header=header, prefix="sha256=")
        case "timestamped":
            return WebhookSignature(
                header=header,
                part="v1",
                timestamp_part="t",
                message="{timestamp}.{body}",
                tolerance_seconds=declared.tolerance_seconds,
            )


@lru_cache(maxsize=512)
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
