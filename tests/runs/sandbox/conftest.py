"""One pool a module: a sandbox process takes a third of a second to start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from outcode.runs.sandbox import SandboxPool, ScriptResult
from outcode.values.problems import Problem

Run = Callable[..., Awaitable[ScriptResult]]
Fail = Callable[..., Awaitable[Problem]]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pool() -> AsyncIterator[SandboxPool]:
    async with SandboxPool(size=1) as pool:
        yield pool


@pytest.fixture
def run(pool: SandboxPool) -> Run:
    """Run code; everything but the code has a default."""

    async def run(code: str, argument: Any = None, **given: Any) -> ScriptResult:
        limits: dict[str, Any] = {"team": "t1", "variables": {}, "timeout_seconds": 20, "memory_mb": 128} | given
        return await pool.run(code=code, argument=argument, **limits)

    return run


@pytest.fixture
def fail(run: Run) -> Fail:
    """Run code that must fail, and answer its problem."""

    async def fail(code: str, argument: Any = None, **given: Any) -> Problem:
        with pytest.raises(Problem) as caught:
            await run(code, argument, **given)
        return caught.value

    return fail
