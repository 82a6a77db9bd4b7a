"""Ten thousand schedules due at the same moment: how late the run of each is there, and that each has one."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
from datetime import datetime
from pathlib import Path

from benchmarks.figures import Figure
from outcode.flows.plain import parse_flow
from outcode.runs.instance import Instance, open_instance
from outcode.values.json import Json
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import Scope, new_id
from outcode.workspace.settings import Settings

SCHEDULES = 10_000
SECONDS_AHEAD = 3
_COPIES = """
WITH made AS (
    INSERT INTO flows (organization_id, team_id, id, kind, name, version, created_by)
    SELECT organization_id, team_id, each.id, kind, name || ' ' || each.id, version, created_by
    FROM flows, unnest($2::uuid[]) AS each (id) WHERE flows.id = $1 RETURNING id
),
versions AS (
    INSERT INTO flow_versions (organization_id, team_id, id, flow_id, number, document, created_by)
    SELECT organization_id, team_id, gen_random_uuid(), made.id, number, document, created_by
    FROM flow_versions, made WHERE flow_id = $1 RETURNING id, flow_id
)
INSERT INTO schedules (organization_id, team_id, flow_id, version_id, trigger, inputs, active, planned, next_at,
                       created_by)
SELECT organization_id, team_id, each.flow_id, versions.id, trigger || jsonb_build_object('cron', each.cron), inputs,
       true, true, clock_timestamp() + interval '1 hour', created_by
FROM schedules, unnest($2::uuid[], $3::text[]) AS each (flow_id, cron) JOIN versions ON versions.flow_id = each.flow_id
WHERE schedules.flow_id = $1
"""


def measure() -> list[Figure]:
    """One instance with scheduler and worker in one process, its database embedded."""
    folder = Path(tempfile.mkdtemp(prefix="ot-")).resolve()
    folder.chmod(0o711)
    try:
        late, begun, waited = asyncio.run(_measure(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    conditions: dict[str, Json] = {
        "schedules": SCHEDULES,
        "due": "all at the same moment",
        "role": "all",
        "database": "embedded",
    }
    percentiles = statistics.quantiles(late, n=100)
    return [
        Figure("lateness p50", percentiles[49], "s", conditions),
        Figure("lateness p99", percentiles[98], "s", conditions),
        Figure("lateness worst", max(late), "s", conditions | {"measured": "until committed, by the database's clock"}),
        Figure("runs begun meanwhile", begun, "runs", conditions | {"after": f"{waited:.1f} s"}),
    ]


async def _measure(folder: Path) -> tuple[list[float], int, float]:
    settings = Settings(folder=folder / "data")
    async with open_instance(settings, holder="benchmark") as instance:
        scope = await create_workspace(
            instance.database, organization="Bench", domain="bench", team="Team", user="Kim", email="kim@bench.test"
        )
        due = await _fill(instance, scope)
        instance.worker.start(consume=True)
        instance.scheduler.start()
        seen: dict[int, float] = {}
        pool = instance.database.pool
        count = 0
        while count < SCHEDULES:
            count, late = await pool.fetchrow(
                "SELECT count(*), extract(epoch FROM clock_timestamp() - $1)::float8 FROM runs WHERE planned_at = $1",
                due,
            )
            seen[count] = late
            await asyncio.sleep(0.05)
        begun = await pool.fetchval("SELECT count(*) FROM runs WHERE started_at IS NOT NULL")
        await asyncio.sleep(1.5)
        fired = await pool.fetchval("SELECT count(*) FROM runs WHERE trigger = 'schedule' AND planned_at <= $1", due)
        if fired != SCHEDULES:
            raise SystemExit(f"schedules: {fired} runs for {SCHEDULES} schedules")
        await instance.scheduler.stop()
        await instance.worker.stop()
    return _spread(seen), begun, max(seen.values())


async def _fill(instance: Instance, scope: Scope) -> datetime:
    """Half of the schedules are alike, as people choose round times, the others have each their own; all due soon."""
    task: Json = {"app": "javascript", "action": "function_execution", "inputs": {"code": "return 1"}}
    trigger: Json = {"kind": "schedule", "cron": "*/5 * * * *"}
    document = parse_flow({"name": "Flow", "trigger": trigger, "tasks": {"a": task}})
    flow = await instance.flows.create(scope, document.as_json(), None)
    await instance.publisher.publish(scope, flow.id, None)
    crons = [
        "*/5 * * * *" if number % 2 else f"{number % 60} {number // 60 % 24} {1 + number // 1440} * *"
        for number in range(SCHEDULES - 1)
    ]
    pool = instance.database.pool
    await pool.execute(_COPIES, flow.id, [new_id() for _ in crons], crons)
    await pool.execute("ANALYZE")
    due: datetime = await pool.fetchval("SELECT clock_timestamp() + make_interval(secs => $1)", SECONDS_AHEAD)
    await pool.execute("UPDATE schedules SET next_at = $1, planned = true", due)
    return due


def _spread(seen: dict[int, float]) -> list[float]:
    """How late each run was there, from how many there were when they were counted."""
    found: list[float] = []
    for count, late in seen.items():
        found += [late] * (count - len(found))
    return found
