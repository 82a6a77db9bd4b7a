"""Other addresses for vendors' APIs: only for apps that have one, and only what is an address."""

from __future__ import annotations

import pytest

from outcode.apps.base_urls import with_base_urls
from outcode.transport.http.auth import HttpConnection
from outcode.values.problems import SetupProblem
from tests.support.connections import Stored
from tests.support.shop import shop_app

APPS = {"shop": shop_app("https://api.shop.example/v1")}


def test_calls_and_credentials_go_to_the_other_address_only() -> None:
    changed = with_base_urls(APPS, " shop=http://127.0.0.1:8700/proxy\n")["shop"]
    connection = HttpConnection.of(changed, Stored("key", {"api_key": "k"}))
    assert connection.base_url == "http://127.0.0.1:8700/proxy"
    assert "api.shop.example" not in connection.hosts
    assert APPS["shop"].base_url == "https://api.shop.example/v1"


def test_an_address_of_the_kind_gives_way_too() -> None:
    (kind,) = APPS["shop"].connections
    own = APPS["shop"].model_copy(
        update={"connections": (kind.model_copy(update={"base_url": "https://eu.shop.example"}),)}
    )
    changed = with_base_urls({"shop": own}, "shop=http://127.0.0.1:8700")["shop"]
    connection = HttpConnection.of(changed, Stored("key", {"api_key": "k"}))
    assert connection.base_url == "http://127.0.0.1:8700"
    assert "eu.shop.example" not in connection.hosts


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("shopp=https://x.example", "base_url_of_no_app"),
        ("=https://x.example", "base_url_of_no_app"),
        ("shop", "base_url_invalid"),
        ("shop=ftp://x.example", "base_url_invalid"),
        ("shop=https://", "base_url_invalid"),
        ("shop=https://user:pw@x.example", "base_url_invalid"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, code: str) -> None:
    with pytest.raises(SetupProblem) as refused:
        with_base_urls(APPS, text)
    assert refused.value.code == code
