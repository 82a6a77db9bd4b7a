"""Keeps a data folder to one owner, and tells everyone else who that is.

``flock`` ends with its holder however that dies, so a lock is never stale; the words in the file are only for people.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from outcode.database.data_folder import open_private
from outcode.values.problems import SetupProblem

# Someone who only asks whether the folder is held holds it for a blink; that is no reason to refuse a start.
PATIENCE = 0.5

_held: set[int] = set()


@dataclass(frozen=True)
class Holder:
    """Who has a folder: a process id (None while it is being written) and what that process called itself."""

    pid: int | None
    what: str


class FolderLock:
    """The exclusive hold on a data folder, from ``take`` to ``release`` or to the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        _held.add(descriptor)

    @classmethod
    async def take(cls, path: Path, what: str) -> FolderLock:
        """Takes the lock and writes down who did; SetupProblem names the holder when there is one already."""
        descriptor = open_private(path, os.O_RDWR)
        deadline = time.monotonic() + PATIENCE
        while not _try(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(descriptor)
                holder = _read(path)
                raise SetupProblem(
                    "database_folder_held", folder=path.parent, pid=holder.pid or "?", holder=holder.what or "?"
                )
            await asyncio.sleep(0.02)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n{what}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Lets the folder go; the file stays, since removing it would race with the next holder."""
        if self._descriptor in _held:
            _held.remove(self._descriptor)
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)


def holder_of(path: Path) -> Holder | None:
    """Who holds the folder of this lock file, None when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if _try(descriptor, fcntl.LOCK_SH) else _read(path)
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> Holder:
    pid, _, what = path.read_text("utf-8", "replace").partition("\n")
    return Holder(int(pid) if pid.isdigit() else None, what.strip())


def _let_go_in_child() -> None:
    """A forked child must not keep the folder held after its parent has died; programs started anew never have it."""
    while _held:
        os.close(_held.pop())


os.register_at_fork(after_in_child=_let_go_in_child)
