from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from outcode.runs.sandbox.watch import outgrown, resident_bytes


def test_resident_memory_is_seen() -> None:
    before = resident_bytes(os.getpid())
    held = bytearray(os.urandom(1)) * (64 * 1024**2)
    after = resident_bytes(os.getpid())
    assert before is not None
    assert after is not None
    assert after - before > 32 * 1024**2
    assert len(held) == 64 * 1024**2


@pytest.fixture
def grows() -> Iterator[subprocess.Popen[bytes]]:
    code = "import time; held = [b'x' * 10**6 for _ in range(150)]; time.sleep(300)"
    with subprocess.Popen([sys.executable, "-S", "-c", code]) as process:
        yield process
        process.kill()


async def test_a_process_that_grows_is_noticed_and_one_that_ends_too(grows: subprocess.Popen[bytes]) -> None:
    assert await asyncio.wait_for(outgrown(grows.pid, 100 * 1024**2), 30)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(outgrown(grows.pid, 10**10), 0.2)
    grows.kill()
    await asyncio.to_thread(grows.wait)
    assert await asyncio.wait_for(outgrown(grows.pid, 100 * 1024**2), 30) is False
