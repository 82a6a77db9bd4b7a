"""How runs end."""

from __future__ import annotations

from dataclasses import dataclass

from outcode.engine.state import RunState
from outcode.values.json import Json
from outcode.values.problems import Problem


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended that this process carried; ``value`` is the result of its last task, by letter."""

    state: RunState
    problem: Problem | None
    value: Json = None
