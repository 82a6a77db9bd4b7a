"""The place "URL": data never decides whose server is asked, nor leaves its part of the path."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.problems import ReferenceProblem
from outcode.values.references import Root, Scope, parse_template, resolve_url

SCOPE: Scope = {
    "a": Root(
        {"url": " https://api.example.com/x?y=1 ", "id": "a/b c", "n": 5, "dots": "..", "dot": ".", "host": "evil.com"}
        | {"base": "https://api.example.com/", "at": "x@evil.com", "name": "앤", "none": None, "sub": "shop"}
    )
}


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("{{a.url}}", "https://api.example.com/x?y=1"),
        ("https://x.io/u/{{a.id}}", "https://x.io/u/a%2Fb%20c"),
        (
            "https://x.io/u/{{a.id}}/{{a.n}}?q={{a.id}}&n={{a.n}}#{{a.id}}",
            "https://x.io/u/a%2Fb%20c/5?q=a%2Fb%20c&n=5#a%2Fb%20c",
        ),
        ("https://x.io/{{a.name}}", "https://x.io/%EC%95%A4"),
        ("https://x.io?q={{a.at}}", "https://x.io?q=x%40evil.com"),
        ("https://x.io/v{{a.dot}}1", "https://x.io/v.1"),
        ("https://x.io/?q={{a.dots}}", "https://x.io/?q=.."),
        ("https://x.io/u/{{a.none}}", "https://x.io/u/"),
        ("/relative/{{a.id}}", "/relative/a%2Fb%20c"),
        ("https://x.io/plain", "https://x.io/plain"),
        ("https://x.io/\\{{a}}", "https://x.io/{{a}}"),
    ],
)
def test_resolves(text: str, url: str) -> None:
    assert resolve_url(parse_template(text), SCOPE) == url


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("https://{{a.host}}/x", "url_host_refused"),
        ("https://{{a.host}}", "url_host_refused"),
        ("https://x.io.{{a.host}}/x", "url_host_refused"),
        ("https://x.io:{{a.n}}/x", "url_host_refused"),
        ("https://{{a.at}}@x.io/", "url_host_refused"),
        ("https://x.io@{{a.host}}", "url_host_refused"),
        ("{{a.base}}/x", "url_host_refused"),
        (" {{a.url}}", "url_host_refused"),
        ("{{a.n}}{{a.host}}", "url_host_refused"),
        ("https:{{a.host}}", "url_host_refused"),
        ("https:/{{a.host}}", "url_host_refused"),
        ("https:///{{a.host}}", "url_host_refused"),
        ("//{{a.host}}/x", "url_host_refused"),
        ("/\\\\{{a.host}}/x", "url_host_refused"),
        ("javascript:{{a.host}}", "url_host_refused"),
        ("https://x.io/u/{{a.dots}}", "url_dot_segment"),
        ("https://x.io/u/{{a.dots}}/x", "url_dot_segment"),
        ("https://x.io/u/{{a.dot}}{{a.dot}}?q", "url_dot_segment"),
        ("https://x.io/u/%2e{{a.dot}}/x", "url_dot_segment"),
        ("https://x.io/u/{{a.none}}../x", "url_dot_segment"),
        ("{{a.n}}", "url_not_text"),
    ],
)
def test_refuses(text: str, code: str) -> None:
    with pytest.raises(ReferenceProblem) as caught:
        resolve_url(parse_template(text), SCOPE)
    assert caught.value.code == code
    assert caught.value.place.offset == text.index("{{")
    assert caught.value.message("ko")
    assert caught.value.hint("ko")


ALLOWED = frozenset({"api.example.com", "shop.example.com"})


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("{{a.base}}/v1/{{a.id}}", "https://api.example.com/v1/a%2Fb%20c"),
        ("https://{{a.sub}}.example.com/x", "https://shop.example.com/x"),
        ("https://{{a.sub}}.Example.com:8443", "https://shop.Example.com:8443"),
    ],
)
def test_an_allowed_host_may_come_from_data(text: str, url: str) -> None:
    assert resolve_url(parse_template(text), SCOPE, allowed_hosts=ALLOWED) == url


@pytest.mark.parametrize(
    "text",
    [
        "https://{{a.host}}/x",
        "https://api.example.com.{{a.host}}/x",
        "https://api.example.com@{{a.host}}/x",
        "https://api.example.com:{{a.at}}/x",
        "{{a.at}}/x",
        "{{a.url}}/x",
        "ftp://{{a.sub}}.example.com/x",
    ],
)
def test_any_other_host_is_refused(text: str) -> None:
    with pytest.raises(ReferenceProblem) as caught:
        resolve_url(parse_template(text), SCOPE, allowed_hosts=ALLOWED)
    assert caught.value.code == "url_host_not_allowed"


@settings(deadline=None)
@given(st.text(st.sampled_from("./\\?#&=%@:2eE \n") | st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_value_stays_in_its_place(value: str) -> None:
    try:
        url = resolve_url(parse_template("https://x.io/u/{{a.v}}/z?q={{a.v}}&n=1"), {"a": Root({"v": value})})
    except ReferenceProblem:
        assert value in {".", ".."}
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "x.io", "")
    assert [unquote(part) for part in parts.path.split("/")] == ["", "u", value, "z"]
    assert parse_qs(parts.query, keep_blank_values=True) == {"q": [value], "n": ["1"]}
