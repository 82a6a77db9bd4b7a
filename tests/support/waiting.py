"""Waiting until something is so, however slow the machine: quick where it is quick, patient where it is not."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

import pytest

PATIENCE_SECONDS = 30.0


async def until(condition: Callable[[], object | Awaitable[object]], every: float = 0.01) -> None:
    """Ask again and again whether something is so, which an answer such as True or a full list says; fail in the end.

    It is asked once more after the time is over, since the machine may have stood still meanwhile.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    late = False
    while True:
        found = condition()
        if found if not inspect.isawaitable(found) else await found:
            return
        if late:
            pytest.fail(f"it did not come to that within {PATIENCE_SECONDS:g} seconds")
        late = time.monotonic() > deadline
        await asyncio.sleep(every)
