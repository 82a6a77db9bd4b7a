"""AWS Signature Version 4, computed by botocore over exactly the bytes that are sent.

AWS reads path and query anew and encodes them its own way before it checks; so both are first brought into that form,
where an URL library would leave characters such as ``:`` or write a space as ``+``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, unquote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from yarl import URL

from outcode.appkit.connections import AwsKeys
from outcode.transport.http.auth.adding import with_headers
from outcode.transport.http.auth.texts import filled_text
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place

_SAFE = "-_.~"
_UNSIGNED = {"user-agent", "x-amzn-trace-id", "expect", "transfer-encoding"}


def signed(request: PreparedRequest, kind: AwsKeys, values: Mapping[str, Json], *, now: datetime) -> PreparedRequest:
    """The request with date, session token and signature; raises InputProblem ``connection_incomplete``."""
    access_key, secret_key = (_needed(kind, name, values) for name in ("access_key_id", "secret_access_key"))
    region = _needed(kind, "region", values)
    token = filled_text(kind.session_token, values)
    service = kind.service or (request.url.raw_host or "").partition(".")[0]
    url = _canonical(request.url)
    timestamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    added = {"X-Amz-Date": timestamp} | ({"X-Amz-Security-Token": token} if token else {})
    if service == "s3":
        added["X-Amz-Content-SHA256"] = sha256(request.body or b"").hexdigest()
    request = with_headers(replace(request, url=url), added)
    headers = {name: value for name, value in request.headers if name.lower() not in _UNSIGNED}
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(
        Credentials(access_key, secret_key, token), service, region
    )
    material = AWSRequest(request.method, str(url), headers, request.body or b"")
    material.context["timestamp"] = timestamp
    signature = signer.signature(signer.string_to_sign(material, signer.canonical_request(material)), material)
    names = signer.signed_headers(signer.headers_to_sign(material))
    proof = f"AWS4-HMAC-SHA256 Credential={signer.scope(material)}, SignedHeaders={names}, Signature={signature}"
    request = with_headers(request, {"Authorization": proof})
    return replace(request, secrets=(*request.secrets, signature))


def _needed(kind: AwsKeys, name: str, values: Mapping[str, Json]) -> str:
    text = filled_text(getattr(kind, name), values).strip()
    if not text:
        raise InputProblem("connection_incomplete", Place(field=f"connection.{name}"), label=name)
    return text


def _canonical(url: URL) -> URL:
    path = "/".join(quote(unquote(segment), safe=_SAFE) for segment in url.raw_path.split("/"))
    query = "&".join(f"{quote(name, safe=_SAFE)}={quote(value, safe=_SAFE)}" for name, value in url.query.items())
    authority = url.raw_authority
    return URL(f"{url.scheme}://{authority}{path}{'?' + query if query else ''}", encoded=True)
