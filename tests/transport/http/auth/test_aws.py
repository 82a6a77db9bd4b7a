"""Signature Version 4: AWS's own example, and a verifier that works from what arrives, as AWS does."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from outcode.appkit import AwsKeys, Request, Words
from outcode.transport.http import HttpClient
from outcode.transport.http.auth import aws
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.problems import InputProblem
from tests.support.connections import performed
from tests.support.vendors import SES

Serve = Callable[..., Awaitable[str]]
KEYS = {
    "access_key_id": "AKIDEXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "region": "us-east-1",
}
NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
LABEL = Words(en="Keys", ko="키")


def kind(service: str | None) -> AwsKeys:
    return AwsKeys(key="keys", label=LABEL, service=service)


def signed(url: URL, service: str, method: str = "GET", body: bytes | None = None) -> PreparedRequest:
    request = PreparedRequest(method=method, url=url, body=body)
    return aws.signed(request, kind(service), KEYS, now=NOW)


def expected(method: str, raw_path: str, raw_query: str, headers: dict[str, str], body: bytes, secret: str) -> str:
    """The signature as AWS computes it from what it received."""
    proof = headers["authorization"]
    names = proof.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    scope = proof.partition("Credential=")[2].partition(",")[0].partition("/")[2]
    date, region, service, _ = scope.split("/")
    path = raw_path if service == "s3" else quote(raw_path, safe="/~")
    pairs = sorted((quote(n, safe="-_.~"), quote(v, safe="-_.~")) for n, v in parse_qsl(raw_query, True))
    query = "&".join(f"{name}={value}" for name, value in pairs)
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names)
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join([method, path, query, lines, ";".join(names), digest])
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def test_the_example_of_aws() -> None:
    request = signed(URL("https://example.amazonaws.com/"), "service")
    assert request.header("authorization") == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)


@pytest.mark.parametrize("service", ["s3", "ses"])
@settings(max_examples=40)
@given(
    segments=st.lists(TEXTS.filter(lambda text: text not in {".", ".."}), max_size=3),
    query=st.lists(st.tuples(TEXTS, TEXTS), max_size=3),
    body=st.binary(max_size=20),
)
def test_whatever_is_sent_is_what_was_signed(
    service: str, segments: list[str], query: list[tuple[str, str]], body: bytes
) -> None:
    path = "/" + "/".join(quote(segment, safe="") for segment in segments)
    url = URL(f"https://bucket.example.com{path}", encoded=True).extend_query(query)
    request = signed(url, service, method="PUT", body=body)
    assert request.url.query == url.query
    assert [unquote(segment) for segment in request.url.raw_path.split("/")[1:]] == (segments or [""])
    headers = {name.lower(): value for name, value in request.headers} | {"host": "bucket.example.com"}
    secret = KEYS["secret_access_key"]
    signature = expected("PUT", request.url.raw_path, request.url.raw_query_string, headers, body, secret)
    assert headers["authorization"].endswith(f"Signature={signature}")


async def test_a_server_can_verify_what_arrives(client: HttpClient, serve: Serve) -> None:
    verdicts: list[bool] = []

    async def handler(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        path, _, query = request.raw_path.partition("?")
        secret = str(SES.fields["secret_access_key"])
        signature = expected(request.method, path, query, headers, await request.read(), secret)
        verdicts.append(headers["authorization"].endswith(f"Signature={signature}"))
        return web.json_response({})

    base = await serve(handler)
    call = Request(
        method="POST", url=f"{base}/v2/a b:c/d", query={"q": "x y&z=*", "r": "한"}, body_type="json", body={"a": 1}
    )
    await performed(client, call, SES.connection(base))
    assert verdicts == [True]


@pytest.mark.parametrize("missing", ["access_key_id", "secret_access_key", "region"])
def test_keys_that_are_not_complete(missing: str) -> None:
    request = PreparedRequest(method="GET", url=URL("https://ses.example.com/"))
    with pytest.raises(InputProblem) as caught:
        aws.signed(request, kind(None), {**KEYS, missing: " "}, now=NOW)
    assert (caught.value.code, caught.value.place.field) == ("connection_incomplete", f"connection.{missing}")
    assert caught.value.message("ko")


def test_the_first_word_of_the_host_is_the_service_unless_told() -> None:
    request = aws.signed(PreparedRequest(method="GET", url=URL("https://sqs.example.com/")), kind(None), KEYS, now=NOW)
    assert "/us-east-1/sqs/aws4_request" in (request.header("authorization") or "")
