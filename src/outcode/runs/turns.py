"""One task's turn in a run: what it is given, and how the turn can end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from outcode.appkit import Action, App
from outcode.engine.results import Positions, TaskResult
from outcode.engine.state import TaskState
from outcode.flows.dataflow import Task
from outcode.runs.claims import TaskMark, Wait
from outcode.runs.record import RunRecord
from outcode.values.context import ReadContext
from outcode.values.problems import Problem
from outcode.values.references import Root


@dataclass(frozen=True, slots=True)
class Turn:
    """What a task works with.

    ``app`` and ``action`` are None when they are not there any more. ``domain`` are the elements that the branches
    before left, by origin. ``mark`` is how far an earlier worker, or an earlier attempt, had come.
    """

    record: RunRecord
    letter: str
    task: Task
    app: App | None
    action: Action | None
    results: Mapping[str, TaskResult]
    roots: Mapping[str, Root]
    domain: Mapping[str, Positions]
    repeatable: bool
    mark: TaskMark

    @property
    def context(self) -> ReadContext:
        """What *today* means in the run."""
        claim = self.record.claim
        return ReadContext(ZoneInfo(claim.timezone), claim.started_at)


@dataclass(frozen=True, slots=True)
class Ended:
    """The task is over, and journaled; ``problem`` is there when it failed."""

    state: TaskState
    result: TaskResult | None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """The task goes on later, from this mark, journaled."""

    mark: TaskMark


class TryAgain(Exception):
    """The task, or some of its elements, failed in a way that may pass: ``wait``, then try again."""

    def __init__(self, wait: Wait, problem: Problem | None) -> None:
        self.wait = wait
        self.problem = problem
        super().__init__(wait.kind)
