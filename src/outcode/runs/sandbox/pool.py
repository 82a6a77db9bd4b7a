"""The sandbox processes of this server, and the one way to run user JavaScript."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import msgspec

from outcode.runs.sandbox.answers import ScriptResult, results_of
from outcode.runs.sandbox.frames import Call, Reply, pack
from outcode.runs.sandbox.numbers import dump_for_javascript
from outcode.runs.sandbox.worker import Key, Worker
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, Stopped, TooLarge, Unexpected

MAX_CODE_LENGTH = 200_000
MAX_ARGUMENT_BYTES = 32 * 1024 * 1024
MAX_SECONDS = 60
MEMORY_MB = range(16, 513)
_THREAD_FROM_CALLS = 100

_half_character = re.compile("[\ud800-\udfff]").search
_is_name = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*").fullmatch


class SandboxPool:
    """At most ``size`` sandbox processes, each doing one call at a time; started when first needed.

    Further callers wait, in order; their time limit begins when their code does. Use it as an async context manager, or
    call :meth:`close`.

        async with SandboxPool(size=2) as pool:
            result = await pool.run(
                team="t1", code="return input.price * 2", argument={"price": 3}, variables={}, timeout_seconds=10,
                memory_mb=128,
            )
            result.value  # 6
    """

    def __init__(self, *, size: int) -> None:
        self._slots = asyncio.Semaphore(size)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._ending: list[Worker] = []
        self._closed = False

    async def run(
        self,
        *,
        team: str,
        code: str,
        argument: Json,
        variables: Mapping[str, Json],
        timeout_seconds: int,
        memory_mb: int,
    ) -> ScriptResult:
        """Run code as the body of a strict async function with the parameters ``input`` and the variables' names.

        The value is what it returns: ``undefined`` and NaN are null, a Date is ISO text. Integers beyond 2^53, and
        decimals that a double cannot hold, reach the code as text.

        Raises InputProblem ``script_syntax_error`` and ``script_runtime_error`` (with line and column in ``code``),
        ``script_result_not_json``, ``script_result_circular``, ``script_result_unreadable``, ``script_limit``,
        ``script_variable_name``, ``json_not_representable``; Stopped ``script_timeout``; TooLarge
        ``script_out_of_memory``, ``script_result_too_large``, ``script_argument_too_large``, ``script_code_too_long``;
        SetupProblem ``script_sandbox_unavailable``. When the caller is cancelled, the process is killed.
        """
        outcome = (
            await self.run_many(
                team=team,
                code=code,
                arguments=[argument],
                variables=[variables],
                timeout_seconds=timeout_seconds,
                memory_mb=memory_mb,
            )
        )[0]
        if isinstance(outcome, Problem):
            raise outcome
        return outcome

    async def run_many(
        self,
        *,
        team: str,
        code: str,
        arguments: Sequence[Json],
        variables: Sequence[Mapping[str, Json]],
        timeout_seconds: int,
        memory_mb: int,
    ) -> list[ScriptResult | Problem]:
        """Run code once for each argument, one after the other in one isolate; one result or problem each, in order.

        ``variables`` has one mapping for each argument, all with the same names. Time and memory limits are for all
        of them together: when they are reached, or when the code cannot be compiled, that problem is raised and there
        are no results. Raises also TooLarge ``script_results_too_large`` (64 MiB together). See :meth:`run`.
        """
        if not arguments:
            return []
        _check(code, timeout_seconds, memory_mb)
        names = sorted(variables[0])
        if len(arguments) >= _THREAD_FROM_CALLS:
            payload = await asyncio.to_thread(_payload, arguments, variables, names)
        else:
            payload = _payload(arguments, variables, names)
        frame = pack(Call(team, code, names, msgspec.Raw(payload), memory_mb, timeout_seconds))
        reply = await self._ask(frame, (team, code), timeout_seconds, memory_mb)
        if len(arguments) >= _THREAD_FROM_CALLS:
            results = await asyncio.to_thread(results_of, reply, code, memory_mb)
        else:
            results = results_of(reply, code, memory_mb)
        if len(results) != len(arguments):
            raise Unexpected("script_sandbox_answer")
        return results

    async def measures(self) -> list[str]:
        """What holds the sandbox in on this machine, such as ``system call filter``; starts a process if none runs."""
        async with self._slots:
            worker = await self._take(("", ""))
            self._put_back(worker)
            return worker.measures

    def process_ids(self) -> list[int]:
        """The processes now running."""
        return sorted(worker.process_id for worker in [*self._idle, *self._busy] if not worker.broken)

    async def close(self) -> None:
        """End every process, also those at work; calls under way fail. The pool cannot be used again."""
        self._closed = True
        workers = [*self._idle, *self._busy]
        self._idle.clear()
        for worker in workers:
            worker.kill()
        await asyncio.gather(*(worker.ended() for worker in [*workers, *self._ending]))
        self._ending.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(self, frame: bytes, key: Key, timeout_seconds: int, memory_mb: int) -> Reply:
        async with self._slots:
            worker = await self._take(key)
            try:
                return await worker.ask(frame, key, timeout_seconds=timeout_seconds, memory_mb=memory_mb)
            finally:
                self._put_back(worker)

    async def _take(self, key: Key) -> Worker:
        """A worker for this key: one that may be warm for it, else the one idle longest, else a new one."""
        self._refuse_when_closed()
        self._ending = [worker for worker in self._ending if not worker.gone]
        for worker in [worker for worker in self._idle if worker.broken]:
            self._idle.remove(worker)
            self._end(worker)
        chosen = next((worker for worker in self._idle if worker.has_served(key)), None)
        if chosen is None:
            chosen = self._idle[0] if self._idle else None
        if chosen is not None:
            self._idle.remove(chosen)
        else:
            chosen = await Worker.start()
            if self._closed:
                self._end(chosen)
                self._refuse_when_closed()
        self._busy.add(chosen)
        return chosen

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Stopped("script_stopped")

    def _put_back(self, worker: Worker) -> None:
        self._busy.discard(worker)
        if worker.broken or self._closed:
            self._end(worker)
        else:
            self._idle.append(worker)

    def _end(self, worker: Worker) -> None:
        worker.kill()
        self._ending.append(worker)


def _check(code: str, timeout_seconds: int, memory_mb: int) -> None:
    if len(code) > MAX_CODE_LENGTH:
        raise TooLarge("script_code_too_long", limit=MAX_CODE_LENGTH)
    if _half_character(code):
        raise InputProblem("script_syntax_error", reason="it holds half of a character")
    if not 1 <= timeout_seconds <= MAX_SECONDS:
        raise InputProblem("script_limit", name="timeout_seconds", minimum=1, maximum=MAX_SECONDS)
    if memory_mb not in MEMORY_MB:
        raise InputProblem("script_limit", name="memory_mb", minimum=MEMORY_MB[0], maximum=MEMORY_MB[-1])


def _payload(arguments: Sequence[Json], variables: Sequence[Mapping[str, Json]], names: list[str]) -> bytes:
    for name in names:
        if not _is_name(name) or name == "input":
            raise InputProblem("script_variable_name", name=name)
    values = [[given[name] for name in names] for given in variables]
    payload = dump_for_javascript({"arguments": list(arguments), "variables": values})
    if len(payload) > MAX_ARGUMENT_BYTES:
        raise TooLarge("script_argument_too_large", limit_mb=MAX_ARGUMENT_BYTES // 1024**2)
    return payload
