"""Time and memory: what goes over is stopped, its process is gone, and the next call is served as if nothing was."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import psutil
import pytest

from outcode.runs.sandbox import SandboxPool, ScriptResult
from outcode.values.problems import Problem, Stopped, TooLarge

Run = Callable[..., Awaitable[ScriptResult]]
Fail = Callable[..., Awaitable[Problem]]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "code",
    [
        "while (true) {}",
        "await new Promise(() => {})",
        "(function again() { Promise.resolve().then(again) })(); return 1",
        "/^(a+)+$/.test('a'.repeat(60) + 'b')",
        "await new Promise((resolve) => setTimeout(resolve, 1e9))",
        "}); while (true) {} (async function () {",
    ],
)
async def test_what_never_ends_is_stopped_and_its_process_replaced(
    pool: SandboxPool, run: Run, fail: Fail, code: str
) -> None:
    await run("return 1")
    before = pool.process_ids()
    began = time.monotonic()
    problem = await fail(code, timeout_seconds=1)
    assert time.monotonic() - began < 30
    assert isinstance(problem, Stopped)
    assert (problem.code, problem.details) == ("script_timeout", {"seconds": 1})
    assert (await run("return 2")).value == 2
    after = pool.process_ids()
    assert len(after) == 1
    assert after != before
    assert not any(psutil.pid_exists(number) and _runs(number) for number in before)


@pytest.mark.parametrize(
    "code",
    [
        "const kept = []; while (true) kept.push(new Array(1000).fill(kept.length))",
        "const kept = []; while (true) kept.push({n: kept.length, text: 'x' + kept.length})",
        "const kept = []; while (true) kept.push(new Uint8Array(1e6).fill(1))",
        "return new Uint8Array(1e9).length",
        "let text = 'x'; while (true) { text += text + Math.random(); text.charCodeAt(0) }",
        "await new Promise((go) => setTimeout(go)); const kept = []; while (true) kept.push(new Array(1000).fill(1))",
        "await Promise.resolve(); const kept = []; while (true) kept.push(new Array(1000).fill(1))",
        "return 'x'.repeat(2 ** 28).split('')",
        "console.log('x'.repeat(2 ** 28))",
        "const kept = new Map(); while (true) kept.set(kept.size, {})",
        "const kept = []; while (true) { try { while (true) kept.push(new Array(1000).fill(1)) } catch {} }",
    ],
)  # fmt: skip
async def test_what_takes_too_much_memory_is_stopped(run: Run, fail: Fail, code: str) -> None:
    problem = await fail(code, memory_mb=32, timeout_seconds=60)
    assert isinstance(problem, TooLarge)
    assert (problem.code, problem.details) == ("script_out_of_memory", {"memory_mb": 32})
    assert (await run("return 3")).value == 3


@pytest.mark.parametrize(
    "code",
    ["new ArrayBuffer(8, {maxByteLength: 1e9}).resize(9e8)", "new Array(-1)", "return 'x'.repeat(2 ** 30)"],
)
async def test_what_v8_refuses_by_itself_is_an_error_of_the_script(fail: Fail, code: str) -> None:
    problem = await fail(code, memory_mb=32)
    assert problem.code == "script_runtime_error"
    assert "RangeError" in problem.message("en")


async def test_memory_within_the_limit_is_given(run: Run) -> None:
    assert (await run("return new Uint8Array(200e6).fill(1).length", memory_mb=256)).value == 200_000_000
    code = "return Array.from({length: 1e6}, (_, i) => ({i})).length"
    assert (await run(code, memory_mb=256)).value == 1_000_000


async def test_many_different_scripts_do_not_pile_up(pool: SandboxPool, run: Run) -> None:
    for number in range(40):
        assert (await run(f"const kept = new Array(200000).fill({number}); return kept[5]")).value == number
    (process_id,) = pool.process_ids()
    assert psutil.Process(process_id).memory_info().rss < 700 * 1024**2


async def test_an_isolate_is_renewed_after_a_thousand_calls(run: Run) -> None:
    for number in range(1005):
        assert (await run("return input", number)).value == number


def _runs(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
