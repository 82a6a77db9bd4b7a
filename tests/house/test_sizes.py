"""A module that fits a screen or two is read; there is no list of exceptions."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("folder", "pattern", "cap"),
    [("src", "*.py", 400), ("web/src", "*.tsx", 250)],
    ids=["modules", "components"],
)
def test_no_file_is_longer_than_its_cap(folder: str, pattern: str, cap: int) -> None:
    lengths = {file: len(file.read_text("utf-8").splitlines()) for file in (ROOT / folder).rglob(pattern)}
    assert lengths, f"no {pattern} under {folder}"
    too_long = [f"{file.relative_to(ROOT)}: {length} lines" for file, length in lengths.items() if length > cap]
    assert not too_long, f"more than {cap} lines:\n" + "\n".join(sorted(too_long))
