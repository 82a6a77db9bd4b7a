"""Many runs at once, written as the journal would have left them."""

from __future__ import annotations

from typing import Any

from outcode.database.database import Database
from outcode.flows.plain import parse_flow
from outcode.runs.instance import Instance
from outcode.workspace.scope import Scope, new_id
from tests.support.flows import script

_INSERT = """
WITH input AS (
    INSERT INTO payloads (organization_id, team_id, id, size, inline)
    SELECT $1, $2, id, 11, '{"body":{}}'::bytea FROM unnest($5::uuid[]) AS id
)
INSERT INTO runs (organization_id, team_id, id, flow_id, version_id, flow_name, trigger, test, input_id, created_by,
                  priority, state, epoch, attempts, lease_until, wake_at, cancel_requested, started_at)
SELECT $1, $2, run, $6, $7, 'Many', 'api', false, input, $3, $8, $9, $10, $10,
       now() + make_interval(secs => $11::float8), now() + make_interval(secs => $12::float8), $13,
       CASE WHEN $10 > 0 THEN now() END
FROM unnest($4::uuid[], $5::uuid[]) AS new (run, input)
"""


async def version_of(instance: Instance, scope: Scope, tasks: dict[str, Any] | None = None) -> str:
    """A version that no flow has, with one small task unless others are given."""
    document = {"outcode": 1, "kind": "dataflow", "name": "Many", "tasks": tasks or {"a": script("return 1")}}
    return await instance.flows.add_unsaved(scope, parse_flow(document).as_json())


async def add_runs(
    database: Database,
    scope: Scope,
    version_id: str,
    count: int,
    *,
    flow_id: str | None = None,
    priority: int = 0,
    state: str = "waiting",
    epoch: int = 0,
    lease: float | None = None,
    wake: float | None = None,
    cancel_requested: bool = False,
) -> list[str]:
    """Ids of new runs, oldest first; ``lease`` and ``wake`` are seconds from now."""
    ids = [new_id() for _ in range(count)]
    await database.pool.execute(
        _INSERT,
        scope.organization_id,
        scope.team_id,
        scope.user_id,
        ids,
        [new_id() for _ in range(count)],
        flow_id,
        version_id,
        priority,
        state,
        epoch,
        lease,
        wake,
        cancel_requested,
    )
    return ids
