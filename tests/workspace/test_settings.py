from __future__ import annotations

from pathlib import Path

import pytest

from outcode.values.problems import SetupProblem
from outcode.workspace.settings import Settings


def read(**environment: str) -> Settings:
    return Settings.read(Path("data"), environment)


def test_what_is_not_set_has_its_default() -> None:
    settings = read(OUTCODE_WEBHOOK_RATE=" ", OUTCODE_WEBHOOK_HOST="")
    assert (settings.webhook_rate, settings.webhook_body_mib, settings.webhook_host) == (2000, 10, None)


def test_what_is_set_is_read() -> None:
    settings = read(OUTCODE_WEBHOOK_RATE="5", OUTCODE_WEBHOOK_BODY_MIB="100", OUTCODE_TRUSTED_PROXIES="10.0.0.0/8")
    assert (settings.webhook_rate, settings.webhook_body_mib, settings.trusted_proxies) == (5, 100, "10.0.0.0/8")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "101", "9" * 50, "٥"])
def test_a_wrong_number_is_told(text: str) -> None:
    with pytest.raises(SetupProblem) as wrong:
        read(OUTCODE_WEBHOOK_BODY_MIB=text)
    assert wrong.value.code == "webhook_limit_invalid"
    assert "OUTCODE_WEBHOOK_BODY_MIB" in wrong.value.message("ko")
