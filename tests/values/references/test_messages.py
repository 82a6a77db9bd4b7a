"""The words: every code of this room is raised somewhere, and both languages fill the same placeholders."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from string import Formatter

ENTRIES = tomllib.loads(files("outcode.values").joinpath("messages", "references.toml").read_text("utf-8"))
SOURCES = [
    file.read_text("utf-8")
    for file in [*files("outcode.values.references").iterdir(), files("outcode.flows").joinpath("renaming.py")]
    if file.name.endswith(".py")
]


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_code_is_used_and_speaks_both_languages_alike() -> None:
    for code, words in ENTRIES.items():
        assert any(f'"{code}"' in source for source in SOURCES), code
        for part in ("message", "hint"):
            names = _placeholders(words["en"][part])
            assert names == _placeholders(words["ko"][part]), code
            assert all(name.isidentifier() for name in names), code
