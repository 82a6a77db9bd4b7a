"""Who holds a run: what it was started with, and the right to write that a claim gives until its lease is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from outcode.engine.state import TaskState
from outcode.values.json import Json
from outcode.workspace.scope import Scope


class LeaseLost(Exception):
    """Another worker holds this run now, or it has ended; whatever we still do for it must not be written."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a run is started with; ``input`` is what ``{{trigger}}`` will mean."""

    flow_id: str | None
    version_id: str
    flow_name: str
    trigger: str
    input: dict[str, Json]
    test: bool = False
    idempotency_key: str | None = None


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
    task_states: Mapping[str, TaskState] = field(default_factory=dict)

    @classmethod
    def of(cls, row: asyncpg.Record, values: dict[str, Json], states: Mapping[str, TaskState] | None = None) -> Claim:
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
            task_states=states or {},
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
