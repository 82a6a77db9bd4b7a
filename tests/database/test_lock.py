from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from outcode.database.lock import FolderLock, Holder, holder_of
from outcode.values.problems import SetupProblem

# Holds the folder, forks a child that lives on, and waits to be killed.
FORKING = """
import asyncio, os, sys, time
from pathlib import Path
from outcode.database.lock import FolderLock
lock = asyncio.run(FolderLock.take(Path(sys.argv[1]), "forking"))
if os.fork() == 0:
    print(os.getpid(), flush=True)
time.sleep(60)
"""


async def test_a_second_taker_is_told_who_holds_it(tmp_path: Path) -> None:
    lock = await FolderLock.take(tmp_path / "lock", "outcode run --port 8000")
    assert holder_of(tmp_path / "lock") == Holder(os.getpid(), "outcode run --port 8000")
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
    with pytest.raises(SetupProblem) as caught:
        await FolderLock.take(tmp_path / "lock", "another")
    assert caught.value.code == "database_folder_held"
    assert f"process {os.getpid()} (outcode run --port 8000)" in caught.value.message()
    lock.release()
    lock.release()
    assert holder_of(tmp_path / "lock") is None
    (await FolderLock.take(tmp_path / "lock", "another")).release()


def test_an_unused_folder_has_no_holder(tmp_path: Path) -> None:
    assert holder_of(tmp_path / "lock") is None


def test_neither_a_kill_nor_a_forked_child_keeps_the_folder_held(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", FORKING, str(tmp_path / "lock")], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        child = int(owner.stdout.readline())
        try:
            assert holder_of(tmp_path / "lock") == Holder(owner.pid, "forking")
            owner.kill()
            owner.wait()
            os.kill(child, 0)
            assert holder_of(tmp_path / "lock") is None
        finally:
            os.kill(child, signal.SIGKILL)
