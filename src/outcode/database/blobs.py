"""Wide values as files in one folder, named by random keys; rows in the database point at them.

A blob is written to a temporary name, flushed to disk and renamed, so that a key that was given out always reads whole.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from pathlib import Path

_KEY = re.compile(r"^[0-9a-f]{32}$")


class BlobStore:
    """Blobs below one 0700 folder, spread over 256 subfolders by the first two digits of the key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def put(self, content: bytes) -> str:
        """Store bytes durably and return their key, 32 hexadecimal digits."""
        key = secrets.token_hex(16)
        await asyncio.to_thread(self._write, key, content)
        return key

    async def get(self, key: str) -> bytes:
        """The bytes of a key; raises FileNotFoundError when it was deleted."""
        return await asyncio.to_thread(self._path(key).read_bytes)

    async def copy(self, key: str) -> str:
        """A second blob of the same bytes, whose life is its own; raises FileNotFoundError as :meth:`get` does."""
        new = secrets.token_hex(16)
        try:
            await asyncio.to_thread(self._link, key, new)
        except FileNotFoundError:
            raise
        except OSError:  # a file system without hard links
            return await self.put(await self.get(key))
        return new

    async def delete(self, key: str) -> None:
        """Remove a blob; nothing happens when it is gone already."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        if not _KEY.match(key):
            raise ValueError("not a blob key")
        return self._folder / key[:2] / key

    def _link(self, key: str, new: str) -> None:
        path = self._path(new)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.hardlink_to(self._path(key))
        _flush(path.parent)

    def _write(self, key: str, content: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        temporary = path.with_suffix(".part")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(path)
        _flush(path.parent)


def _flush(folder: Path) -> None:
    """Make the names in a folder durable."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
