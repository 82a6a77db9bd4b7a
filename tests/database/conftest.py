"""Places for data folders that PostgreSQL's account can reach, and one cluster made once and copied for each test."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from outcode.database.embedded import EmbeddedPostgres
from outcode.database.postmaster import is_postmaster, read_pid_file


def _base() -> str | None:
    """Memory where there is enough: these tests end processes, not machines, and a shared disk makes them wait."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK | os.X_OK):
        return None
    status = os.statvfs(memory)
    roomy = status.f_bavail * status.f_frsize > 1024**3
    return str(memory) if roomy and not status.f_flag & os.ST_NOEXEC else None


def _place() -> Path:
    # pytest's own folders are 0700, which the account that PostgreSQL runs as under root cannot pass.
    made = Path(tempfile.mkdtemp(prefix="ot-", dir=_base())).resolve()
    made.chmod(0o711)
    return made


def _sweep(place: Path) -> None:
    for file in place.rglob("postmaster.pid"):
        found = read_pid_file(file.parent)
        if found is not None and is_postmaster(found.pid, file.parent):
            os.kill(found.pid, signal.SIGQUIT)
            while is_postmaster(found.pid, file.parent):
                time.sleep(0.02)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder; a PostgreSQL left running below it is stopped afterwards."""
    made = _place()
    yield made
    _sweep(made)


@pytest.fixture(scope="session")
def _template() -> Iterator[Path]:
    made = _place()

    async def once() -> None:
        await (await EmbeddedPostgres.start(made / "data", holder="template")).stop()

    asyncio.run(once())
    yield made / "data"
    _sweep(made)


@pytest.fixture
def folder(place: Path, _template: Path) -> Path:
    """A data folder whose cluster exists already and is not running."""
    copy = place / "data"
    subprocess.run(["cp", "-a", str(_template), str(copy)], check=True)
    return copy
