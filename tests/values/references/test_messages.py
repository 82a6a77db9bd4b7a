"""The words: every code of this room is raised somewhere, and both languages fill the same placeholders."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from string import Formatter

import pytest

ENTRIES = tomllib.loads(files("outcode.values").joinpath("messages", "references.toml").read_text("utf-8"))
SOURCES = [
    file.read_text("utf-8")
    for file in [*files("outcode.values.references").iterdir(), files("outcode.flows").joinpath("renaming.py")]
    if file.name.endswith(".py")
]


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", ENTRIES)
def test_a_code_is_used_and_speaks_both_languages_alike(code: str) -> None:
    assert any(f'"{code}"' in source for source in SOURCES)
    english, korean = ENTRIES[code]["en"], ENTRIES[code]["ko"]
    for part in ("message", "hint"):
        assert _placeholders(english[part]) == _placeholders(korean[part])
        assert all(name.isidentifier() for name in _placeholders(english[part]))
