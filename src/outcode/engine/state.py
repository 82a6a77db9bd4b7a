"""The states of runs and tasks, and which may follow which; final states never change again."""

from __future__ import annotations

from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands. CRASHED is our fault (a worker died), FAILED the flow's."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CRASHED = "crashed"
    CANCELLED = "cancelled"


class TaskState(StrEnum):
    """Where a task of a run stands. UNKNOWN: a worker died while it was at work, and its effect may have happened."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


FINAL_RUN_STATES = frozenset({RunState.DONE, RunState.FAILED, RunState.CRASHED, RunState.CANCELLED})
_NEXT_RUN_STATES: dict[RunState, frozenset[RunState]] = {
    RunState.WAITING: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.CRASHED}),
    RunState.RUNNING: FINAL_RUN_STATES | {RunState.RUNNING, RunState.WAITING},
} | {state: frozenset() for state in FINAL_RUN_STATES}


def may_follow(state: RunState, following: RunState) -> bool:
    """Whether a run may go from one state to another; RUNNING to RUNNING is another worker taking
    over, RUNNING to WAITING a run that waits for a moment or was handed back.

    >>> may_follow(RunState.WAITING, RunState.RUNNING), may_follow(RunState.DONE, RunState.FAILED)
    (True, False)
    """
    return following in _NEXT_RUN_STATES[state]
