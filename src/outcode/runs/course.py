"""The course of one run: which tasks' turn it is, those at work at the same time, and those that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from outcode.appkit import App
from outcode.engine.repeating import is_repeatable
from outcode.engine.results import TaskResult
from outcode.engine.routes import Route
from outcode.engine.state import TaskState
from outcode.runs.claims import TaskMark, Wait
from outcode.runs.documents import Planned
from outcode.runs.record import RunRecord
from outcode.runs.task import SHORT_WAIT_SECONDS, TaskRunner
from outcode.runs.turns import Ended, Turn, Waits
from outcode.values.problems import Problem
from outcode.values.references import Root

TASKS_AT_ONCE = 10


class TaskFailed(Exception):
    """A task failed and the run stops; ``problem`` says why. The task's end is journaled already."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.code)


class Suspended(Exception):
    """Nothing can be done before a moment that a task waits for."""

    def __init__(self, letter: str, wait: Wait) -> None:
        self.letter = letter
        self.wait = wait
        super().__init__(wait.kind)


@dataclass(slots=True)
class Course:
    """A run under way. ``results`` holds those of the tasks that were executed, with failures that do not stop it."""

    record: RunRecord
    planned: Planned
    apps: Mapping[str, App]
    runner: TaskRunner
    roots: Mapping[str, Root]
    states: dict[str, TaskState]
    results: dict[str, TaskResult]
    marks: dict[str, TaskMark] = field(default_factory=dict)
    _failure: Problem | None = None
    _working: dict[asyncio.Task[Ended | Waits], str] = field(default_factory=dict)

    async def run(self) -> None:
        """Bring all tasks to their end; raises TaskFailed, Suspended, or LeaseLost."""
        try:
            while True:
                ready = [] if self._failure is not None else await self._ready()
                if len(ready) == 1 and not self._working:
                    self._note(ready[0], await self.runner.run(self._turn(ready[0])))
                    continue
                for letter in ready[: TASKS_AT_ONCE - len(self._working)]:
                    self.states[letter] = TaskState.RUNNING
                    self._working[asyncio.create_task(self.runner.run(self._turn(letter)))] = letter
                if not self._working and (self._failure is not None or not await self._wait()):
                    break
                if self._working:
                    await self._one_ended()
        finally:
            for task in self._working:
                task.cancel()
            await asyncio.gather(*self._working, return_exceptions=True)
        if self._failure is not None:
            raise TaskFailed(self._failure)

    async def _ready(self) -> list[str]:
        """The tasks to begin now; those that the flow does not come to are skipped on the way."""
        while True:
            ready = self.planned.plan.ready(self.states)
            skipped = [(letter, route) for letter, route in self._routes(ready) if route.skipped is not None]
            for letter, route in skipped:
                await self._skip(letter, route)
            if not skipped:
                now = datetime.now(UTC)
                return [letter for letter in ready if (wait := self._waits_for(letter)) is None or wait.until <= now]

    def _routes(self, ready: list[str]) -> list[tuple[str, Route]]:
        return [(letter, self.planned.plan.route(letter, self.results)) for letter in ready]

    async def _skip(self, letter: str, route: Route) -> None:
        self.states[letter] = TaskState.SKIPPED
        result = None
        if route.skipped == "no_rows":
            origin = next(origin for origin, positions in route.domain.items() if not positions)
            result = self.results[letter] = TaskResult([], origin=origin, domain=route.domain)
        await self.record.task_skipped(letter, str(route.skipped), result)

    def _waits_for(self, letter: str) -> Wait | None:
        mark = self.marks.get(letter)
        return mark.wait if mark is not None else None

    async def _wait(self) -> bool:
        """Sit out a short wait; raises Suspended for a longer one. False when nothing is waited for."""
        waits = [
            (wait.until, letter, wait)
            for letter, state in self.states.items()
            if state is TaskState.WAITING and (wait := self._waits_for(letter)) is not None
        ]
        if not waits:
            return False
        until, letter, wait = min(waits, key=lambda each: each[:2])
        seconds = (until - datetime.now(UTC)).total_seconds()
        if seconds > SHORT_WAIT_SECONDS:
            raise Suspended(letter, wait)
        await asyncio.sleep(max(seconds, 0.0))
        return True

    async def _one_ended(self) -> None:
        now = datetime.now(UTC)
        waits = [
            (wait.until - now).total_seconds()
            for letter, state in self.states.items()
            if state is TaskState.WAITING and (wait := self._waits_for(letter)) is not None
        ]
        timeout = max(0.0, min(waits)) if waits else None
        ended, _ = await asyncio.wait(self._working, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            self._note(self._working.pop(task), task.result())

    def _turn(self, letter: str) -> Turn:
        task = self.planned.document.tasks[letter]
        app, action = self.apps.get(task.app), self.planned.actions.get(letter)
        return Turn(
            record=self.record,
            letter=letter,
            task=task,
            app=app,
            action=action,
            results=self.results,
            roots=self.roots,
            domain=self.planned.plan.route(letter, self.results).domain,
            repeatable=action is None or is_repeatable(task, action),
            mark=self.marks.get(letter) or TaskMark(TaskState.WAITING),
        )

    def _note(self, letter: str, turned: Ended | Waits) -> None:
        if isinstance(turned, Waits):
            self.states[letter], self.marks[letter] = TaskState.WAITING, turned.mark
            return
        self.states[letter] = turned.state
        if turned.problem is not None and letter not in self.planned.plan.lenient:
            self._failure = self._failure or turned.problem
        elif turned.result is not None:
            self.results[letter] = turned.result
