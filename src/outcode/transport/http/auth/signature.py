"""Signed requests by a vendor's own recipe: a keyed hash over parts of the request, its time and a salt."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from outcode.appkit.connections import RequestSignature
from outcode.transport.http.auth.adding import with_headers, with_members, with_query
from outcode.transport.http.auth.texts import filled_text
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.json import Json


def signed(
    request: PreparedRequest, kind: RequestSignature, values: Mapping[str, Json], *, now: datetime, salt: str
) -> PreparedRequest:
    """The request with its signature; every attempt needs one of its own, because vendors refuse a salt twice."""
    parts = {**values, **_parts(request, now, salt)}
    key, message = filled_text(kind.secret, parts), filled_text(kind.message, parts)
    digest = hmac.new(
        key.encode(), message.encode("utf-8", "surrogateescape"), getattr(hashlib, kind.algorithm)
    ).digest()
    signature = digest.hex() if kind.encoding == "hex" else base64.b64encode(digest).decode()
    parts["signature"] = signature
    request = with_members(request, _filled(kind.body, parts))
    request = with_query(request, _filled(kind.query, parts))
    request = with_headers(request, _filled(kind.headers, parts))
    return replace(request, secrets=(*request.secrets, signature))


def _parts(request: PreparedRequest, now: datetime, salt: str) -> dict[str, str]:
    moment = now.astimezone(UTC)
    milliseconds = int(moment.timestamp() * 1000)
    return {
        "method": request.method,
        "path": request.url.raw_path,
        "query": request.url.raw_query_string,
        "body": (request.body or b"").decode("utf-8", "surrogateescape"),
        "timestamp": str(milliseconds // 1000),
        "timestamp_ms": str(milliseconds),
        "date": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "salt": salt,
    }


def _filled(texts: Mapping[str, str], parts: Mapping[str, Json]) -> dict[str, str]:
    return {name: filled_text(text, parts) for name, text in texts.items()}
