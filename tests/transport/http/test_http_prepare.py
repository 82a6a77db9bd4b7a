"""What is sent, before it is sent: URLs, queries, headers, bodies and settings of a declared request."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.appkit import FromConnection, Input, Request
from outcode.transport.http.body import BODY_LIMIT
from outcode.transport.http.prepare import CallContext, PreparedRequest, prepare
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, Problem, TooLarge, Unexpected

CALL = Request(
    method=Input(field="method"),
    url=Input(field="url"),
    query=Input(field="params"),
    headers=Input(field="headers"),
    body_type=Input(field="body_type"),
    body=Input(field="body"),
    timeout_seconds=Input(field="timeout_seconds"),
    follow_redirects=Input(field="follow_redirects"),
    verify_tls=Input(field="verify_tls"),
    response_type=Input(field="response_type"),
    fail_on_status=Input(field="fail_on_status"),
    retries=Input(field="retries"),
)


def made(**inputs: Any) -> PreparedRequest:
    return prepare(CALL, {"method": "GET", "url": "https://api.example.com/x", **inputs})


def problem_of(**inputs: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        made(**inputs)
    assert caught.value.message() != caught.value.message("ko")
    assert caught.value.hint()
    return caught.value


def test_defaults() -> None:
    request = prepare(CALL, {"url": " https://api.example.com/x#part "})
    assert (request.method, str(request.url), request.body) == ("GET", "https://api.example.com/x", None)
    assert (request.timeout_seconds, request.retries, request.response_type) == (30, 0, "auto")
    assert request.follow_redirects
    assert request.verify_tls
    assert request.fail_on_status
    assert [name for name, _ in request.headers] == ["User-Agent"]


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({"q": "a b+&/한", "n": Decimal("1E+3"), "t": True, "gone": None}, "q=a+b%2B%26/%ED%95%9C&n=1000&t=true"),
        ([{"key": "a", "value": "1"}, {"key": "a", "value": "2"}], "a=1&a=2"),
        ({"id": [1, None, "x"], "o": {"k": 1}}, "id=1&id=x&o=%7B%22k%22:1%7D"),
        ({"q": "%20"}, "q=%2520"),
        ({}, ""),
        (None, ""),
    ],
)
def test_query_values_are_encoded_once(params: Json, query: str) -> None:
    assert made(params=params).url.raw_query_string == query
    kept = made(url="https://api.example.com/x?a=%20b&c=1", params=params).url.raw_query_string
    assert kept == "&".join(filter(None, ["a=%20b&c=1", query]))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_any_query_value_arrives_as_it_was(text: str) -> None:
    assert made(params={"q": text}).url.query["q"] == text


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://x.example/", "http_url_invalid"),
        ("file:///etc/passwd", "http_url_invalid"),
        ("x.example/path", "http_url_invalid"),
        ("//x.example/", "http_url_invalid"),
        ("http:///path", "http_url_invalid"),
        ("http://a b.example/", "http_url_invalid"),
        ("http://x.example:99999/", "http_url_invalid"),
        ("http://x.example/a\nb", "http_url_invalid"),
        ("http://x.example/\ud800", "http_url_invalid"),
        ("http://x.example/" + "a" * 8192, "http_url_invalid"),
        ("", "http_url_invalid"),
        ({"a": 1}, "http_url_invalid"),
        ("http://user:s3cret@x.example/", "http_url_credentials"),
        ("http://user@x.example/", "http_url_credentials"),
    ],
)
def test_urls_that_cannot_be_called(url: Json, code: str) -> None:
    problem = problem_of(url=url)
    assert (problem.code, problem.place.field) == (code, "inputs.url")
    assert "s3cret" not in str(problem.as_dict())


def test_values_in_a_written_url_stay_one_segment() -> None:
    call = Request(method="GET", url="https://api.example.com/v1/{id}/items?x={q}")
    assert str(prepare(call, {"id": "a/b?c#d", "q": "1&y=2"}).url) == (
        "https://api.example.com/v1/a%2Fb%3Fc%23d/items?x=1%26y%3D2"
    )
    for value in ("..", ".", "", None, "a\nb"):
        with pytest.raises(InputProblem) as caught:
            prepare(call, {"id": value, "q": "1"})
        assert caught.value.code == "http_url_segment"
        assert caught.value.place.field == "inputs.id"


def test_headers_of_an_object_or_a_list() -> None:
    request = made(headers={"X-A": 1, "X-Gone": None, "Accept": " text/csv "})
    assert request.header("x-a") == "1"
    assert request.header("accept") == "text/csv"
    assert request.header("x-gone") is None
    listed = made(headers=[{"key": "X-A", "value": "1"}, {"key": "x-a", "value": "2"}])
    assert [value for name, value in listed.headers if name.lower() == "x-a"] == ["1", "2"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"X-A": "a\r\nX-B: b"}, "http_header_invalid"),
        ({"X-A": "a\nb"}, "http_header_invalid"),
        ({"X-A": "a\0b"}, "http_header_invalid"),
        ({"X A": "b"}, "http_header_invalid"),
        ({"X-A:": "b"}, "http_header_invalid"),
        ({"": "b"}, "http_header_invalid"),
        ({"한": "b"}, "http_header_invalid"),
        ({"HOST": "b"}, "http_header_refused"),
        ({"Content-Length": 1}, "http_header_refused"),
        ({"connection": "close"}, "http_header_refused"),
        ({"Transfer-Encoding": "chunked"}, "http_header_refused"),
        ({f"X-{number}": "b" for number in range(101)}, "http_too_many_headers"),
        (["X-A: b"], "http_pairs_invalid"),
        ([{"key": 1, "value": 2}], "http_pairs_invalid"),
        ([{"key": "a", "val": 2}], "http_pairs_invalid"),
        ("X-A: b", "http_pairs_invalid"),
    ],
)
def test_headers_that_cannot_be_sent(headers: Json, code: str) -> None:
    problem = problem_of(headers=headers)
    assert (problem.code, problem.place.field) == (code, "inputs.headers")


@pytest.mark.parametrize(
    ("body_type", "body", "sent", "media_type"),
    [
        ("json", {"n": Decimal("19.90"), "i": 2**70}, b'{"n":19.90,"i":1180591620717411303424}', "application/json"),
        ("json", '{"a": 1.10}', b'{"a":1.10}', "application/json"),
        ("json", [], b"[]", "application/json"),
        ("json", False, b"false", "application/json"),
        ("form", {"a": "x y", "b": [1, 2], "c": None}, b"a=x+y&b=1&b=2", "application/x-www-form-urlencoded"),
        ("form", [{"key": "a", "value": "한"}], b"a=%ED%95%9C", "application/x-www-form-urlencoded"),
        ("text", "가\n", "가\n".encode(), "text/plain; charset=utf-8"),
        ("text", 12, b"12", "text/plain; charset=utf-8"),
        ("binary_base64", "AAEC\n/w==", b"\x00\x01\x02\xff", "application/octet-stream"),
    ],
)  # fmt: skip
def test_bodies(body_type: str, body: Json, sent: bytes, media_type: str) -> None:
    request = made(method="POST", body_type=body_type, body=body)
    assert request.body == sent
    assert request.header("content-type") == media_type
    own = made(method="POST", body_type=body_type, body=body, headers={"content-type": "a/b"})
    assert [value for name, value in own.headers if name.lower() == "content-type"] == ["a/b"]


@pytest.mark.parametrize(("method", "sent"), [("GET", None), ("HEAD", None), ("POST", b"[1]"), ("DELETE", b"[1]")])
def test_without_a_body_type_the_method_decides(method: str, sent: bytes | None) -> None:
    assert made(method=method, body=[1]).body == sent
    assert made(method=method, body=None).body is None
    assert made(method=method, body=[1], body_type="none").body is None


def test_multipart() -> None:
    file = {"filename": 'a"b\r\n.txt', "base64": "aGk=", "media_type": "text/plain"}
    request = made(method="POST", body_type="multipart", body={"t": "한", "f": file}, headers={"Content-Type": "x/y"})
    media_type = request.header("content-type") or ""
    boundary = media_type.removeprefix("multipart/form-data; boundary=")
    assert (request.body or b"").decode() == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="t"\r\n\r\n한\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="f"; filename="a%22b%0D%0A.txt"\r\n'
        f"Content-Type: text/plain\r\n\r\nhi\r\n--{boundary}--\r\n"
    )


@pytest.mark.parametrize(
    ("body_type", "body", "code"),
    [
        ("json", "{", "json_invalid"),
        ("form", [1], "http_pairs_invalid"),
        ("multipart", "x", "http_pairs_invalid"),
        ("multipart", {"f": {"base64": "aGk=", "media_type": "a\r\nX: b"}}, "http_body_invalid"),
        ("binary_base64", "!!", "http_body_invalid"),
        ("binary_base64", 5, "http_body_invalid"),
        ("text", "\ud800", "http_body_invalid"),
        ("form", {"a": "\ud800"}, "http_body_invalid"),
        ("text", "a" * (BODY_LIMIT + 1), "http_body_too_large"),
    ],
)
def test_bodies_that_cannot_be_sent(body_type: str, body: Json, code: str) -> None:
    problem = problem_of(method="POST", body_type=body_type, body=body)
    assert (problem.code, problem.place.field) == (code, "inputs.body")
    assert isinstance(problem, TooLarge) == (code == "http_body_too_large")


def test_a_written_body_leaves_out_fields_without_a_value() -> None:
    body = {"name": Input(field="name"), "note": Input(field="note"), "kind": "x", "none": None}
    call = Request(method="POST", url="https://api.example.com/", body_type="json", body=body)
    assert loads(prepare(call, {"name": "Kim"}).body or b"") == {"name": "Kim", "kind": "x", "none": None}


def test_templates_inside_templates() -> None:
    body = {
        "to": [{"address": Input(field="to")}, "fixed"],
        "account": {"id": FromConnection(field="account"), "note": Input(field="note")},
        "tags": Input(field="tags"),
    }
    call = Request(
        method="POST",
        url="https://api.example.com/",
        body_type="json",
        body=body,
        query={"q": Input(field="to"), "gone": Input(field="note"), "kind": ("a", FromConnection(field="account"))},
        headers={"X-Account": FromConnection(field="account"), "X-Note": Input(field="note")},
    )
    inputs = {"to": "한@x.example", "tags": [None, 1]}
    request = prepare(call, inputs, CallContext(connection={"account": 7}))
    assert loads(request.body or b"") == {
        "to": [{"address": "한@x.example"}, "fixed"],
        "account": {"id": 7},
        "tags": [None, 1],
    }
    assert list(request.url.query.items()) == [("q", "한@x.example"), ("kind", "a"), ("kind", "7")]
    assert (request.header("x-account"), request.header("x-note")) == ("7", None)


@pytest.mark.parametrize(
    ("url", "base_url", "whole"),
    [
        ("/v1/orders", "https://api.example.com", "https://api.example.com/v1/orders"),
        ("v1/orders?a=1", "https://api.example.com/", "https://api.example.com/v1/orders?a=1"),
        ("/orders", "https://api.example.com/rest/v2", "https://api.example.com/rest/v2/orders"),
        ("/orders", "https://api.example.com/rest/v2/", "https://api.example.com/rest/v2/orders"),
        ("", "https://api.example.com/rest", "https://api.example.com/rest"),
        ("?wsdl=1", "https://api.example.com/rest", "https://api.example.com/rest?wsdl=1"),
        ("/b/{connection.account}/{name}", "https://api.example.com", "https://api.example.com/b/a%2Fb/%EA%B0%80%3F"),
        ("{name}/x:run", "https://api.example.com", "https://api.example.com/%EA%B0%80%3F/x:run"),
        ("https://other.example/x", "https://api.example.com/v1", "https://other.example/x"),
        ("https://{connection.host}/x", None, "https://my-company.example:8443/x"),
        ("{connection.url}", None, "https://hooks.example.com/T/b?k=%20"),
        ("{connection.plain}/messages", None, "https://hooks.example.com/T/messages"),
    ],
)
def test_paths_and_placeholders(url: str, base_url: str | None, whole: str) -> None:
    fields = {
        "account": "a/b",
        "host": "my-company.example:8443",
        "url": "https://hooks.example.com/T/b?k=%20",
        "plain": "https://hooks.example.com/T/",
    }
    context = CallContext(connection=fields, base_url=base_url)
    assert str(prepare(Request(method="GET", url=url), {"name": "가?"}, context).url) == whole
    if "{" not in url:
        assert str(prepare(Request(method="GET", url=Input(field="u")), {"u": url or "/"}, context).url).startswith(
            whole
        )


@pytest.mark.parametrize("value", ["evil.example/", "a@evil.example", "a#", "a b", "", "x..y", "a:b", "%2e"])
def test_values_stay_inside_the_host(value: str) -> None:
    call = Request(method="GET", url="https://{connection.site}.example.com/x")
    with pytest.raises(InputProblem) as caught:
        prepare(call, {}, CallContext(connection={"site": value}))
    assert (caught.value.code, caught.value.place.field) == ("http_url_host", "connection.site")


def test_paths_need_a_base_url() -> None:
    with pytest.raises(Unexpected) as fault:
        prepare(Request(method="GET", url="/v1/orders"), {})
    assert fault.value.code == "http_no_base_url"
    with pytest.raises(InputProblem) as typed:
        prepare(Request(method="GET", url=Input(field="url")), {"url": "/v1/orders"})
    assert (typed.value.code, typed.value.place.field) == ("http_url_invalid", "inputs.url")
    with pytest.raises(InputProblem) as empty:
        prepare(Request(method="GET", url="{connection.url}"), {})
    assert (empty.value.code, empty.value.place.field) == ("http_url_segment", "connection.url")


def test_the_key_that_makes_repeating_harmless() -> None:
    call = Request(
        method="POST", url="https://x.example/", headers={"x-key": "old"}, idempotency_header="X-Key", body={"a": 1}
    )
    request = prepare(call, {}, CallContext(key="k7", idempotent=False))
    assert [value for name, value in request.headers if name.lower() == "x-key"] == ["k7"]
    assert request.repeatable
    without = prepare(call, {}, CallContext(idempotent=False))
    assert (without.header("x-key"), without.repeatable) == ("old", False)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("method", "TRACE", "http_setting_choice"),
        ("method", "get", "http_setting_choice"),
        ("body_type", "xml", "http_setting_choice"),
        ("response_type", 5, "http_setting_choice"),
        ("follow_redirects", "maybe", "http_setting_choice"),
        ("timeout_seconds", 0, "http_setting_range"),
        ("timeout_seconds", 301, "http_setting_range"),
        ("timeout_seconds", Decimal("1.5"), "http_setting_range"),
        ("timeout_seconds", True, "http_setting_range"),
        ("retries", 6, "http_setting_range"),
        ("retries", -1, "http_setting_range"),
        ("retries", "x", "http_setting_range"),
    ],
)
def test_settings_out_of_range(field: str, value: Json, code: str) -> None:
    problem = problem_of(**{field: value})
    assert (problem.code, problem.place.field) == (code, f"inputs.{field}")


def test_settings_written_as_text() -> None:
    request = made(timeout_seconds="5", retries=Decimal(2), verify_tls="false", follow_redirects="")
    assert (request.timeout_seconds, request.retries, request.verify_tls) == (5, 2, False)
    assert request.follow_redirects


@pytest.mark.parametrize(
    ("method", "headers", "repeatable"),
    [
        ("GET", {}, True),
        ("PUT", {}, True),
        ("DELETE", {}, True),
        ("OPTIONS", {}, True),
        ("POST", {}, False),
        ("PATCH", {}, False),
        ("POST", {"idempotency-key": "k1"}, True),
    ],
)
def test_what_may_be_repeated(method: str, headers: Json, repeatable: bool) -> None:
    assert made(method=method, headers=headers).repeatable is repeatable
