"""Settings from the environment: what is out of range is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from outcode.values.problems import SetupProblem
from outcode.workspace.settings import Pace, Settings


def test_the_pace_is_read() -> None:
    environment = {
        "OUTCODE_LEASE_SECONDS": "2.5",
        "OUTCODE_DRAIN_SECONDS": "0",
        "OUTCODE_RUNS_AT_ONCE": "7",
        "OUTCODE_TEAM_RUNS_AT_ONCE": "3",
    }
    assert Settings.read(Path("x"), environment).pace == Pace(2.5, 0, 7, 3)
    assert Settings.read(Path("x"), {"OUTCODE_LEASE_SECONDS": ""}).pace == Pace()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OUTCODE_LEASE_SECONDS", "0.5"),
        ("OUTCODE_LEASE_SECONDS", "soon"),
        ("OUTCODE_LEASE_SECONDS", "nan"),
        ("OUTCODE_DRAIN_SECONDS", "-1"),
        ("OUTCODE_DRAIN_SECONDS", "inf"),
        ("OUTCODE_RUNS_AT_ONCE", "0"),
        ("OUTCODE_TEAM_RUNS_AT_ONCE", "-2"),
    ],
)
def test_what_is_out_of_range_is_told(variable: str, value: str) -> None:
    with pytest.raises(SetupProblem) as caught:
        Settings.read(Path("x"), {variable: value})
    assert variable in caught.value.message()
    assert value in caught.value.message("ko")


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
