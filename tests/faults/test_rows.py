"""Workers killed in the middle of a task with many rows: every row is accounted for, and none is sent twice."""

from __future__ import annotations

import random
from typing import Any

from outcode.runs.rows import MOST_IN_FLIGHT
from tests.faults.conftest import Extent
from tests.faults.stage import Stage
from tests.support.flows import script


async def test_a_killed_worker_leaves_each_row_done_or_unknown_or_to_be_done(stage: Stage, extent: Extent) -> None:
    chance = random.Random(extent.seed)
    rows, kills = extent.rows_in_task, extent.rows_kills
    body = {"run": "{{run.id}}", "task": "row {{b}}"}
    inputs: dict[str, Any] = {"method": "POST", "url": f"{stage.counter.base}/count", "body_type": "json", "body": body}
    tasks = {
        "b": script(f"return Array.from({{length: {rows}}}, (_, n) => n)"),
        "c": {"app": "api", "action": "http_request", "inputs": inputs, "at_once": 50},
    }
    run_id = await stage.start(tasks)
    for _ in range(kills):
        worker = stage.worker()
        seen = stage.counter.counts.total()
        await stage.until_counted(seen + chance.randrange(1, rows // (kills + 2)))
        worker.kill()
        await stage.instance.database.pool.execute("UPDATE runs SET attempts = 0")  # each kill stands for itself
    stage.worker()
    (run,) = await stage.all_ended([run_id])
    result = await stage.instance.history.result(stage.scope, run_id, "c")
    unknown = {failure.row - 1 for failure in result.failures}
    counts = [stage.counter.counts[run_id, f"row {row}"] for row in range(rows)]
    assert {failure.error["code"] for failure in result.failures} <= {"effect_unknown"}
    assert max(counts) == 1
    assert [row for row in range(rows) if counts[row] == 0 and row not in unknown] == []
    struck = await stage.number("SELECT epoch - 1 FROM runs")  # a busy machine may take a lease more
    assert kills <= struck
    assert len(unknown) <= MOST_IN_FLIGHT * struck
    assert run.state == ("failed" if unknown else "done")
    extent.found(
        "killed in a task with rows", rows=rows, kills=kills, struck=struck, counted=sum(counts), unknown=len(unknown)
    )
