"""What tasks have left so far: by letter the pinned result, or that of the newest run of the flow in which it ran."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from outcode.database.database import Connection
from outcode.flows.dataflow import Dataflow
from outcode.flows.single import still_fits
from outcode.runs.pins import Pins
from outcode.workspace.scope import Scope

_MOST_RUNS = 1000
"""How far back results are looked for."""

# Rows with a reason of these hold a result that another run made.
_NEWEST = """
SELECT tasks.result_id, tasks.finished_at, recent.id AS run_id, versions.document, EXISTS (
    SELECT FROM run_tasks AS other WHERE other.run_id = recent.id AND other.reason = 'stale_result') AS from_stale
FROM (SELECT id, version_id FROM runs WHERE flow_id = $1 AND organization_id = $3 AND team_id = $4
      ORDER BY id DESC LIMIT $5) AS recent
JOIN run_tasks AS tasks ON tasks.run_id = recent.id
JOIN flow_versions AS versions ON versions.id = recent.version_id
WHERE tasks.letter = $2 AND tasks.state = 'done' AND tasks.result_id IS NOT NULL
  AND (tasks.reason IS NULL OR tasks.reason NOT IN ('pinned', 'last_result', 'stale_result'))
ORDER BY recent.id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A result that a test may stand on; ``stale``: the task, or what it stands on, has changed since it was made."""

    letter: str
    kind: Literal["pinned", "last_result"]
    payload_id: str
    run_id: str | None = None
    made_at: datetime | None = None
    stale: bool = False

    @property
    def reason(self) -> str:
        """How the result is marked where it is used."""
        return "stale_result" if self.stale else self.kind


async def earlier_results(
    connection: Connection, scope: Scope, flow_id: str, document: Dataflow, letters: Iterable[str], pins: Pins
) -> dict[str, Earlier]:
    """The results there are for these tasks of a flow, judged by a document of it that need not be saved."""
    pinned = await pins.payload_ids(connection, scope, flow_id)
    found: dict[str, Earlier] = {}
    for letter in letters:
        if letter in pinned:
            found[letter] = Earlier(letter, "pinned", pinned[letter])
            continue
        row = await connection.fetchrow(_NEWEST, flow_id, letter, scope.organization_id, scope.team_id, _MOST_RUNS)
        if row is not None:
            made_of = Dataflow.model_validate(row["document"])
            stale = row["from_stale"] or not still_fits(letter, made_of, document)
            found[letter] = Earlier(letter, "last_result", row["result_id"], row["run_id"], row["finished_at"], stale)
    return found
