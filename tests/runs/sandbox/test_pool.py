from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import psutil
import pytest

import outcode
from outcode.runs.sandbox import SandboxPool, ScriptResult
from outcode.values.problems import Problem, Stopped, TooLarge
from tests.support.waiting import until

SOURCE = str(Path(outcode.__file__).parents[1])


async def run(
    pool: SandboxPool, code: str, argument: Any = None, *, team: str = "t1", seconds: int = 20
) -> ScriptResult:
    limits: dict[str, Any] = {"timeout_seconds": seconds, "memory_mb": 64}
    return await pool.run(team=team, code=code, argument=argument, variables={}, **limits)


async def test_processes_start_when_needed_and_end_with_the_pool() -> None:
    pool = SandboxPool(size=2)
    assert pool.process_ids() == []
    async with pool:
        assert (await run(pool, "return 1")).value == 1
        (process_id,) = pool.process_ids()
        assert (await run(pool, "return 2", team="t2")).value == 2
        assert pool.process_ids() == [process_id]
    assert pool.process_ids() == []
    assert not psutil.pid_exists(process_id)
    with pytest.raises(Stopped) as caught:
        await run(pool, "return 1")
    assert caught.value.code == "script_stopped"


async def test_calls_run_side_by_side_up_to_the_size_and_then_wait() -> None:
    sleep = "const b = Date.now(); await new Promise((go) => setTimeout(go, 500)); return [input, b, Date.now()]"
    async with SandboxPool(size=2) as pool:
        await asyncio.gather(*(run(pool, sleep, number) for number in range(2)))
        # Waiting for a free process, which takes the last ones longer, does not use up a call's own three seconds.
        results = [each.value for each in await asyncio.gather(*(run(pool, sleep, n, seconds=3) for n in range(14)))]
        assert [number for number, _, _ in results] == list(range(14))
        at_once = [sum(begun <= moment < ended for _, begun, ended in results) for _, moment, _ in results]
        assert max(at_once) == 2
        assert len(pool.process_ids()) == 2


async def test_results_of_teams_never_mix() -> None:
    code = "return [input, __team]"
    async with SandboxPool(size=2) as pool:

        async def one(number: int) -> None:
            team = f"t{number % 3}"
            result = await pool.run(
                team=team, code=code, argument=number, variables={"__team": team}, timeout_seconds=20, memory_mb=64
            )
            assert result.value == [number, team]

        await asyncio.gather(*(one(number) for number in range(60)))


async def test_a_cancelled_call_ends_its_process() -> None:
    async with SandboxPool(size=1) as pool:
        await run(pool, "return 1")
        (process_id,) = pool.process_ids()
        call = asyncio.create_task(run(pool, "while (true) {}"))
        await until_busy(process_id)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert pool.process_ids() == []
        assert (await run(pool, "return 2")).value == 2
        assert pool.process_ids() != [process_id]
    assert not psutil.pid_exists(process_id)


async def test_a_cancelled_start_leaves_no_process() -> None:
    async with SandboxPool(size=1) as pool:
        call = asyncio.create_task(run(pool, "return 1"))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        children = [child for child in psutil.Process().children() if "outcode.runs.sandbox.child" in _command(child)]
        assert [child for child in children if child.status() != psutil.STATUS_ZOMBIE] == []
        assert (await run(pool, "return 2")).value == 2


async def test_closing_stops_calls_under_way() -> None:
    pool = SandboxPool(size=1)
    call = asyncio.create_task(run(pool, "while (true) {}"))
    await until(lambda: bool(pool.process_ids()))
    await pool.close()
    with pytest.raises(Stopped) as caught:
        await call
    assert caught.value.code == "script_stopped"


async def test_an_idle_process_that_died_is_replaced() -> None:
    async with SandboxPool(size=1) as pool:
        await run(pool, "return 1")
        (process_id,) = pool.process_ids()
        os.kill(process_id, signal.SIGKILL)
        await until(lambda: not pool.process_ids())
        assert (await run(pool, "return 2")).value == 2


async def test_a_process_killed_at_work_by_the_kernel_counts_as_out_of_memory() -> None:
    async with SandboxPool(size=1) as pool:
        call = asyncio.create_task(run(pool, "while (true) {}"))
        await until(pool.process_ids)
        await until_busy(pool.process_ids()[0])
        os.kill(pool.process_ids()[0], signal.SIGKILL)
        with pytest.raises(TooLarge) as caught:
            await call
        assert caught.value.code == "script_out_of_memory"


async def test_one_team_s_failures_leave_others_served() -> None:
    async with SandboxPool(size=2) as pool:

        async def outcome(number: int) -> object:
            code = ("while (true) {}", "return new Uint8Array(1e9)", "return input", "null.x")[number % 4]
            try:
                return (await run(pool, code, number, team=f"t{number}", seconds=20 if number % 4 else 1)).value
            except Problem as problem:
                return problem.code

        outcomes = await asyncio.gather(*(outcome(number) for number in range(8)))
    expected = ["script_timeout", "script_out_of_memory", None, "script_runtime_error"]
    assert outcomes == [expected[n % 4] if n % 4 != 2 else n for n in range(8)]


@pytest.mark.parametrize("code", ["return 1", "while (true) {}"])
def test_children_end_when_their_parent_is_killed(code: str) -> None:
    program = textwrap.dedent(
        """
        import asyncio, sys
        from outcode.runs.sandbox import SandboxPool

        async def main():
            pool = SandboxPool(size=1)
            await pool.run(team="t", code="return 1", argument=None, variables={}, timeout_seconds=20, memory_mb=64)
            call = pool.run(team="t", code=sys.argv[1], argument=None, variables={}, timeout_seconds=60, memory_mb=64)
            task = asyncio.create_task(call)
            await asyncio.sleep(0.2)
            print(pool.process_ids()[0], flush=True)
            await asyncio.sleep(60)

        asyncio.run(main())
        """
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, code], env={"PYTHONPATH": SOURCE}, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    gone, _ = psutil.wait_procs([child], timeout=60)
    assert gone or child.status() == psutil.STATUS_ZOMBIE


async def until_busy(process_id: int) -> None:
    """Wait until a process works, which its use of the processor shows."""
    before = sum(psutil.Process(process_id).cpu_times()[:2])
    await until(lambda: sum(psutil.Process(process_id).cpu_times()[:2]) > before + 0.1)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
