"""Files: found by their team only, sealed on disk where they belong to a connection, never half stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from outcode.values.problems import NotFound, SetupProblem
from outcode.workspace.people import create_workspace
from tests.conftest import Place

CONTENT = b"name,amount\nKim,1000\n" * 50


def blobs(folder: Path) -> list[Path]:
    return [path for path in (folder / "data" / "blobs").rglob("*") if path.is_file()]


async def test_a_sealed_file_is_unreadable_on_disk(place: Place, tmp_path: Path) -> None:
    file = await place.instance.files.add(place.scope, "a.csv", "text/csv", CONTENT, sealed=True)
    (blob,) = blobs(tmp_path)
    assert b"Kim" not in blob.read_bytes()
    assert await place.instance.files.content(place.scope, file.id) == CONTENT
    found = await place.instance.files.find(place.scope, file.id)
    assert (found, found.sealed, found.size) == (file, True, len(CONTENT))


async def test_a_file_is_its_teams_alone(place: Place, tmp_path: Path) -> None:
    files = place.instance.files
    foreign = await create_workspace(
        place.instance.database, organization="B", domain="b", team="B", user="B", email="b@b.test"
    )
    file = await files.add(place.scope, "a.csv", "text/csv", CONTENT)
    for attempt in (files.find, files.content, files.remove):
        with pytest.raises(NotFound):
            await attempt(foreign, file.id)
    assert await files.content(place.scope, file.id) == CONTENT
    await files.remove(place.scope, file.id)
    assert blobs(tmp_path) == []
    with pytest.raises(NotFound):
        await files.content(place.scope, file.id)


async def test_a_file_that_cannot_be_written_down_leaves_no_content(place: Place, tmp_path: Path) -> None:
    with pytest.raises(DBAPIError):
        await place.instance.files.add(place.scope, "nul\0", "text/csv", CONTENT)
    assert blobs(tmp_path) == []


async def test_lost_content_is_told_by_the_files_name(place: Place, tmp_path: Path) -> None:
    file = await place.instance.files.add(place.scope, "a.csv", "text/csv", CONTENT)
    blobs(tmp_path)[0].unlink()
    with pytest.raises(SetupProblem) as gone:
        await place.instance.files.content(place.scope, file.id)
    assert "a.csv" in gone.value.message("ko")
