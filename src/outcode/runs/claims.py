"""Who holds a run: what it was started with, and the right to write that a claim gives until its lease is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

import asyncpg

from outcode.engine.state import TaskState
from outcode.values.json import Json
from outcode.workspace.scope import Scope


class LeaseLost(Exception):
    """Another worker holds this run now, or it has ended; whatever we still do for it must not be written."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a run is started with; ``input`` is what ``{{trigger}}`` will mean, ``parent_id`` the run that calls it.

    Runs that are called, and tests, are not counted.
    """

    flow_id: str | None
    version_id: str
    flow_name: str
    trigger: str
    input: dict[str, Json]
    test: bool = False
    idempotency_key: str | None = None
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """What a task waits for: ``until`` a moment, for a reason that people are told.

    ``details`` name the connection of a rate limit, or the run that was called.
    """

    kind: Literal["delay", "retry", "rate_limit", "call"]
    until: datetime
    details: Mapping[str, Json] = field(default_factory=dict)

    def as_json(self, letter: str) -> dict[str, Json]:
        """The form in which a run and its task keep it."""
        return {"kind": self.kind, "until": self.until.isoformat(), "task": letter, **self.details}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The wait from its kept form."""
        details = {key: value for key, value in data.items() if key not in {"kind", "until", "task"}}
        return cls(data["kind"], datetime.fromisoformat(data["until"]), details)


@dataclass(frozen=True, slots=True)
class TaskMark:
    """How far a task of a claimed run had come.

    ``repeatable``: doing it twice does no harm. ``rows_begun``: so many of its elements, from the first, may have been
    begun. ``wait`` is there while it waits.
    """

    state: TaskState
    attempt: int = 1
    repeatable: bool = False
    rows_begun: int | None = None
    wait: Wait | None = None

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        """The mark that a row of ``run_tasks`` keeps."""
        wait = Wait.from_json(row["waiting_for"]) if row["waiting_for"] else None
        return cls(TaskState(row["state"]), row["attempt"], row["repeatable"], row["rows_begun"], wait)


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this process holds: the right to write, as of one epoch."""

    run_id: str
    epoch: int
    attempts: int
    scope: Scope
    version_id: str
    trigger: str
    test: bool
    input: dict[str, Json]
    started_at: datetime
    timezone: str
    parent_id: str | None = None
    tasks: Mapping[str, TaskMark] = field(default_factory=dict)

    @classmethod
    def of(cls, row: asyncpg.Record, values: dict[str, Json], tasks: Mapping[str, TaskMark] | None = None) -> Claim:
        """The claim on a run row that was just written as held; the row has its organization's timezone with it."""
        return cls(
            run_id=row["id"],
            epoch=row["epoch"],
            attempts=row["attempts"],
            scope=Scope(row["organization_id"], row["team_id"], row["created_by"]),
            version_id=row["version_id"],
            trigger=row["trigger"],
            test=row["test"],
            input=values,
            started_at=row["started_at"],
            timezone=row["timezone"],
            parent_id=row["parent_id"],
            tasks=tasks or {},
        )


@dataclass(frozen=True, slots=True)
class Accepted:
    """A run that is durably written.

    ``created`` is False when its idempotency key was known already; ``claim`` is there when the run was written as
    held by this process.
    """

    run_id: str
    created: bool
    claim: Claim | None = None
