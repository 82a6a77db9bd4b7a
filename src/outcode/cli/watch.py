"""A run's progress, line by line on standard error as tasks change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from outcode.cli.console import say
from outcode.cli.words import words
from outcode.values.json import Json


class _Task(Protocol):
    @property
    def letter(self) -> str: ...
    @property
    def app(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def rows_total(self) -> int | None: ...
    @property
    def rows_done(self) -> int | None: ...
    @property
    def rows_failed(self) -> int | None: ...


class _Run(Protocol):
    @property
    def tasks(self) -> Iterable[_Task]: ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its state, its journaled problem, and the last task's result."""

    state: str
    error: dict[str, Any] | None
    value: Json


@dataclass(slots=True)
class Watcher:
    """Says each change of a task once."""

    _said: dict[str, str] = field(default_factory=dict)

    def show(self, run: _Run) -> None:
        """Say what has changed since the last look."""
        for task in run.tasks:
            parts = [task.letter, f"{task.app}/{task.action}", words(f"state.{task.state}")]
            if task.rows_total is not None:
                parts.append(words("task.rows", done=task.rows_done, total=task.rows_total))
            if task.rows_failed:
                parts.append(words("task.rows_failed", failed=task.rows_failed))
            line = "  ".join(parts)
            if task.state != "waiting" and self._said.get(task.letter) != line:
                self._said[task.letter] = line
                say(line)
