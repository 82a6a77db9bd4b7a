"""Flows that call flows: the called run is a run of its own, known by its caller, task and element.

So a call that is repeated after a crash finds the run it had begun. While a caller waits, the called run is carried by
the same process; should that run have to wait for a moment, its caller is handed back, too, and woken at its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from outcode.database.database import Database
from outcode.engine.plan import reply_task
from outcode.engine.state import FINAL_RUN_STATES, RunState
from outcode.runs.claims import Claim, Start, Wait
from outcode.runs.documents import Documents
from outcode.runs.history import RunHistory
from outcode.runs.journal import Journal
from outcode.runs.leases import Leases
from outcode.runs.outcomes import Outcome
from outcode.runs.queue import RunQueue
from outcode.runs.starts import checked_input
from outcode.runs.turns import TryAgain
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, VendorDown, VendorRejected, restored
from outcode.workspace.flows import FlowStore
from outcode.workspace.scope import Scope

MOST_DEEP = 10
"""So many flows may call each other in a row."""
_LOOK_AGAIN_SECONDS = 60.0
Carry = Callable[[Claim], "asyncio.Task[Outcome | None]"]


@dataclass(frozen=True, slots=True)
class FlowCall:
    """A call: ``key`` is the same whenever it is repeated."""

    caller: Claim
    key: str
    flow: str
    input: Json
    wait: bool


class CalledFlows:
    """Starts called flows, and waits for them."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        documents: Documents,
        flows: FlowStore,
        history: RunHistory,
        leases: Leases,
        queue: RunQueue,
    ) -> None:
        self._pool = database.pool
        self._journal = journal
        self._documents = documents
        self._flows = flows
        self._history = history
        self._leases = leases
        self._queue = queue
        self._carry: Carry | None = None

    def carried_by(self, carry: Carry) -> None:
        """Say who carries called runs; it is made of runners that are made of this object."""
        self._carry = carry

    async def call(self, call: FlowCall) -> Json:
        """The result of the called flow's last task; without waiting ``{"run_id": …}``.

        Raises TryAgain when the called run has to wait, VendorRejected when it fails, InputProblem for a flow that is
        not there, for missing inputs, and when calls go too deep.
        """
        scope = call.caller.scope
        accepted = await self._journal.accept(scope, await self._start(call), leased=call.wait)
        if not call.wait:
            await self._queue.wake()
            return {"run_id": accepted.run_id}
        claim = accepted.claim or await self._leases.claim(accepted.run_id)
        if claim is not None and self._carry is not None:
            outcome = await asyncio.shield(self._carry(claim))
            if outcome is not None:
                return _value(call, accepted.run_id, outcome)
        return _value(call, accepted.run_id, await self._end(scope, accepted.run_id))

    async def _start(self, call: FlowCall) -> Start:
        scope = call.caller.scope
        flow = await self._flows.find_by_name(scope, call.flow)
        if flow is None:
            raise InputProblem("called_flow_unknown", name=call.flow)
        if await self._depth(call.caller.run_id) >= MOST_DEEP:
            raise InputProblem("called_flow_too_deep", limit=MOST_DEEP)
        version = flow.published
        if version is None:
            raise InputProblem("called_flow_unpublished", name=call.flow)
        planned = await self._documents.of(scope, version.version_id)
        return Start(
            flow_id=version.flow_id,
            version_id=version.version_id,
            flow_name=version.flow_name,
            trigger="call",
            input={"body": checked_input(planned.document.inputs, call.input)},
            test=call.caller.test,
            idempotency_key=call.key,
            parent_id=call.caller.run_id,
        )

    async def _depth(self, run_id: str) -> int:
        """How many runs stand above this one, itself included."""
        async with self._pool.acquire() as database:
            depth: int = await database.fetchval(
                """
                WITH RECURSIVE above AS (
                    SELECT id, parent_id, 1 AS depth FROM runs WHERE id = $1
                    UNION ALL
                    SELECT runs.id, runs.parent_id, above.depth + 1 FROM runs JOIN above ON runs.id = above.parent_id
                    WHERE above.depth <= $2
                )
                SELECT max(depth) FROM above
                """,
                run_id,
                MOST_DEEP,
            )
        return depth

    async def _end(self, scope: Scope, run_id: str) -> Outcome:
        """How a run ended that somebody else carried, or carries still; raises TryAgain while it goes on."""
        run = await self._history.find(scope, run_id)
        if run.state not in FINAL_RUN_STATES:
            until = datetime.now(UTC) + timedelta(seconds=_LOOK_AGAIN_SECONDS)
            raise TryAgain(Wait("call", until, {"run": run_id}), VendorDown("called_flow_waits", run=run_id))
        problem = restored(run.error) if run.error else None
        if run.state != RunState.DONE or run.flow_id is None:
            return Outcome(RunState(run.state), problem)
        edges = (await self._documents.of(scope, run.version_id)).plan.edges if run.version_id else {}
        letter = reply_task(edges, {task.letter for task in run.tasks if task.has_result})
        value = (await self._history.result(scope, run_id, letter)).value if letter else None
        return Outcome(RunState.DONE, None, value)


def _value(call: FlowCall, run_id: str, outcome: Outcome) -> Json:
    if outcome.state is RunState.DONE:
        return outcome.value
    raise VendorRejected("called_flow_failed", name=call.flow, run=run_id, reason=_reason(outcome.problem))


def _reason(problem: Problem | None) -> Mapping[str, str]:
    return {language: problem.message(language) if problem else "–" for language in ("en", "ko")}
