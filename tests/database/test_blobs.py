from __future__ import annotations

import stat
from pathlib import Path

import pytest

from outcode.database.blobs import BlobStore


async def test_what_was_put_reads_back_and_is_ours_alone(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs")
    key = await store.put(b"x" * 100_000)
    assert await store.get(key) == b"x" * 100_000
    file = tmp_path / "blobs" / key[:2] / key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "blobs").stat().st_mode) == 0o700
    assert not list(tmp_path.rglob("*.part"))


async def test_a_deleted_blob_is_gone_and_may_be_deleted_again(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    key = await store.put(b"x")
    await store.delete(key)
    await store.delete(key)
    with pytest.raises(FileNotFoundError):
        await store.get(key)


@pytest.mark.parametrize(
    "key", ["", "..", "../../etc/passwd", "a" * 31, "A" * 32, "a" * 32 + "/x", "%2e%2e/" + "a" * 25]
)
async def test_only_keys_are_looked_up(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="not a blob key"):
        await BlobStore(tmp_path).get(key)


async def test_a_copy_outlives_what_it_was_made_of(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    key = await store.put(b"x")
    copy = await store.copy(key)
    await store.delete(key)
    assert await store.get(copy) == b"x"
    with pytest.raises(FileNotFoundError):
        await store.copy(key)


async def test_a_copy_is_made_without_links_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(path: Path, target: Path) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    store = BlobStore(tmp_path)
    copy = await store.copy(await store.put(b"x"))
    assert await store.get(copy) == b"x"
