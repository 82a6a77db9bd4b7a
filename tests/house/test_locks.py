"""Locks serve any mirror: hashes say what is installed, and nothing says where from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from outcode.values import json

ROOT = Path(__file__).resolve().parents[2]
PYTHON_LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(lock: str) -> dict[str, str]:
    """What a lock installs: each requirement, from its name to its last hash."""
    whole_lines = (ROOT / lock).read_text("utf-8").replace("\\\n", " ").splitlines()
    return {line.split("==")[0]: line for line in whole_lines if line and not line.startswith("#")}


@pytest.mark.parametrize("lock", PYTHON_LOCKS)
def test_python_locks_name_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    named = re.findall(r".*(?://| @ |(?:^|[\s=])/|--index|--find-links|--extra-index).*", text, re.MULTILINE)
    assert not named


@pytest.mark.parametrize("lock", PYTHON_LOCKS)
def test_python_locks_pin_every_package_with_hashes(lock: str) -> None:
    found = pins(lock)
    assert len(found) > 20
    assert not [name for name, line in found.items() if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)]


def test_the_development_lock_holds_every_runtime_pin() -> None:
    runtime, development = (pins(lock) for lock in PYTHON_LOCKS)
    assert {name: development.get(name) for name in runtime} == runtime


def test_the_web_lock_names_no_place_and_checks_every_package() -> None:
    packages = json.loads((ROOT / "web" / "package-lock.json").read_bytes())["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert installed
    assert not [name for name, package in installed.items() if "resolved" in package]
    assert not [name for name, package in installed.items() if not package.get("integrity", "").startswith("sha512-")]


def test_web_settings_name_no_registry() -> None:
    settings = (ROOT / "web" / ".npmrc").read_text("utf-8")
    assert "omit-lockfile-registry-resolved=true" in settings
    assert not re.search(r"registry\s*=\s*\S*/|//", settings)
