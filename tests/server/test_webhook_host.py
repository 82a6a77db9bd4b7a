from __future__ import annotations

from pathlib import Path

import pytest

from outcode.server.hooks import webhook_host, webhook_url
from outcode.values.problems import SetupProblem
from outcode.workspace.settings import Settings


def settings(host: str | None, public_url: str | None = None) -> Settings:
    return Settings(Path("data"), webhook_host=host, public_url=public_url)


def test_the_name_with_and_without_its_port() -> None:
    assert webhook_host(settings(None)) is None
    assert webhook_host(settings(" Hooks.Example.com. ")) == (
        "hooks.example.com",
        "hooks.example.com:443",
        "hooks.example.com:80",
    )
    assert webhook_host(settings("hooks.test:8443")) == ("hooks.test:8443",)


@pytest.mark.parametrize("host", ["https://hooks.test", "hooks.test/x", "a b", "hooks.test:", "[::1]", "-", "훅.test"])
def test_what_is_no_host_name_is_told(host: str) -> None:
    with pytest.raises(SetupProblem) as wrong:
        webhook_host(settings(host))
    assert wrong.value.code == "webhook_host_invalid"
    assert wrong.value.message("ko")


def test_a_webhook_has_one_address() -> None:
    served = "http://127.0.0.1:8600/"
    assert webhook_url(settings(None), served, "한", "a b") == "http://127.0.0.1:8600/hooks/%ED%95%9C/a%20b"
    assert webhook_url(settings("hooks.test"), served, "acme", "x") == "https://hooks.test/acme/x"
    local = settings("hooks.test:8600", "http://localhost:8600")
    assert webhook_url(local, served, "acme", "x") == "http://hooks.test:8600/acme/x"
