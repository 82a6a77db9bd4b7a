"""The proof that an event comes from whom it says: an HMAC over the bytes as they came, compared in constant time."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from outcode.appkit.triggers import WebhookSignature
from outcode.values.problems import AuthProblem

_LONGEST_HEADER = 4096
_PARTS = 16
_SECONDS = re.compile(r"[0-9]{1,12}")
_PLACES = re.compile(r"(\{body\}|\{timestamp\})")


def verify(signature: WebhookSignature, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Check an event's signature; returns when it is right.

    ``headers`` by name in any case; ``body`` as it came, before anything read it. Raises AuthProblem
    ``event_signature_missing``, ``event_signature_wrong`` or ``event_time_wrong``; the sender is best told no more than
    that it is not believed.

    >>> from datetime import UTC
    >>> declared = WebhookSignature(header="X-Signature")
    >>> proof = hmac.new(b"s3cret", b"{}", "sha256").hexdigest()
    >>> verify(declared, "s3cret", {"x-signature": proof}, b"{}", datetime.now(UTC))
    """
    known = {name.lower(): value for name, value in headers.items()}
    header = known.get(signature.header.lower(), "").strip()
    # A secret that is empty for any reason would let everybody sign.
    if not secret or not header or len(header) > _LONGEST_HEADER:
        raise AuthProblem("event_signature_missing", header=signature.header)
    parts = [part.strip().partition("=") for part in header.split(",")[:_PARTS]]
    given = [header] if signature.part is None else [value for name, _, value in parts if name == signature.part]
    given = [text.removeprefix(signature.prefix) for text in given if text.startswith(signature.prefix)]
    timestamp = known.get((signature.timestamp_header or "").lower(), "").strip()
    if signature.timestamp_part is not None:
        timestamp = next((value for name, _, value in parts if name == signature.timestamp_part), "")
    expected = _proof(signature, secret, body, timestamp)
    # All are compared, also after one that fits: time tells nothing.
    fits = [hmac.compare_digest(_comparable(text, signature), expected) for text in given]
    if not any(fits):
        raise AuthProblem("event_signature_wrong", header=signature.header)
    if signature.timestamp_part is not None or signature.timestamp_header is not None:
        _check_time(timestamp, now, signature.tolerance_seconds)


def _proof(signature: WebhookSignature, secret: str, body: bytes, timestamp: str) -> bytes:
    match signature.secret_encoding:
        case "text":
            key = secret.encode()
        case "base64":
            try:
                key = base64.b64decode(secret, validate=True)
            except ValueError as error:
                raise AuthProblem("event_signature_wrong", header=signature.header) from error
    # Put together piece by piece: a body that holds ``{timestamp}`` keeps it.
    values = {"{body}": body, "{timestamp}": _bytes(timestamp)}
    message = b"".join(values.get(piece, piece.encode()) for piece in _PLACES.split(signature.message))
    digest = hmac.digest(key, message, signature.algorithm)
    return digest.hex().encode() if signature.encoding == "hex" else base64.b64encode(digest)


def _comparable(text: str, signature: WebhookSignature) -> bytes:
    return _bytes(text.lower() if signature.encoding == "hex" else text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _check_time(timestamp: str, now: datetime, tolerance: int) -> None:
    if not _SECONDS.fullmatch(timestamp) or abs(now.timestamp() - int(timestamp)) > tolerance:
        raise AuthProblem("event_time_wrong", seconds=tolerance)
