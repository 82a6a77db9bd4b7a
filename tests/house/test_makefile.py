"""The Makefile stays a table of contents, and every command a newcomer is told to type exists."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md")


def targets() -> dict[str, list[str]]:
    """Each target of the Makefile with the lines of its recipe."""
    found: dict[str, list[str]] = {}
    recipe: list[str] = []
    for line in (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ").splitlines():
        if match := re.match(r"([a-z][a-z-]*):(?!=)", line):
            recipe = found.setdefault(match[1], [])
        elif line.startswith("\t"):
            recipe.append(line)
    return found


def test_recipes_are_short() -> None:
    found = targets()
    assert {"run", "test", "check", "bench", "help"} <= found.keys()
    assert not {name: recipe for name, recipe in found.items() if len(recipe) > 3}


def test_every_target_is_phony() -> None:
    text = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony
    assert sorted(phony[1].split()) == sorted(targets())


def test_help_is_what_make_says_by_itself() -> None:
    said = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, check=True, env=plain_environment()
    ).stdout
    for name in ("run", "test", "check", "bench"):
        assert re.search(rf"^  make {name} +\S", said, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_documents_are_targets(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    code = re.findall(r"^```.*?^```|^ {4}.*$|`[^`\n]+`", text, re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join(code)))
    assert named, f"{document} tells nobody how to begin"
    assert named <= targets().keys()


def test_a_machine_without_a_fitting_python_is_told_what_to_install(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    old.chmod(0o755)
    command = ["/bin/sh", "scripts/python.sh", "-m", "scripts.install"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={"PATH": str(tmp_path)})
    assert told.returncode == 1
    assert "Outcode needs Python 3.11" in told.stderr
    assert "apt-get install python3 python3-venv" in told.stderr


def plain_environment() -> dict[str, str]:
    """Ours without what a make above us hands down."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
