"""Files of a result on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from outcode.cli.save import files_in, folder_for_files, safe_name, save_files
from outcode.values.problems import InputProblem


def file(number: int, name: str) -> dict[str, Any]:
    return {"fileId": str(number), "name": name, "mediaType": "text/csv", "size": 3}


async def content(file_id: str) -> bytes:
    return b"#" + file_id.encode()


async def test_every_file_is_written_once_and_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"mine")
    value = {
        "rows": [{"f": file(1, "a.csv")}, {"f": file(2, "a.csv")}, {"f": file(1, "a.csv")}],
        "g": file(3, "주문.csv"),
    }
    saved = await save_files(value, tmp_path, content)
    assert [path.name for path in saved] == ["a (2).csv", "a (3).csv", "주문.csv"]
    assert [path.read_bytes() for path in saved] == [b"#1", b"#2", b"#3"]
    assert (tmp_path / "a.csv").read_bytes() == b"mine"


async def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "a.csv").symlink_to(outside)
    assert [path.name for path in await save_files(file(1, "a.csv"), tmp_path / "to", content)] == ["a (2).csv"]
    assert not outside.exists()


def test_only_whole_file_values_are_files() -> None:
    assert list(files_in([{"fileId": "1", "name": "a"}, {**file(1, "a"), "more": 1}, "fileId", None])) == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", ".", "", "/", "C:\\x", "a\0b", "nul", "COM1.txt", ".bashrc"]
)
def test_a_name_never_leaves_the_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert not safe.startswith(".")
    assert not set(safe) & set("/\\:\0")
    assert safe.casefold() not in {"nul", "com1.txt"}


@given(some.text(max_size=400))
def test_any_name_becomes_one_that_a_disk_takes(name: str) -> None:
    safe = safe_name(name)
    assert safe not in {"", ".", ".."}
    assert safe.isprintable()
    assert len(safe.encode()) <= 200
    assert safe_name(safe) == safe


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputProblem) as caught:
        folder_for_files(tmp_path / "file")
    assert caught.value.code == "save_folder_unusable"
    assert folder_for_files(tmp_path / "new" / "folder").is_dir()
