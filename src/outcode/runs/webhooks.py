"""Starts by webhook: the address is looked up in the database for every call, the key decides who is asking."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from outcode.engine.plan import reply_task
from outcode.engine.state import RunState
from outcode.flows.dataflow import WebhookTrigger
from outcode.runs.claims import Accepted
from outcode.runs.documents import Documents, Planned
from outcode.runs.history import RunHistory
from outcode.runs.outcomes import Outcome
from outcode.runs.starts import Starter
from outcode.runs.worker import Worker
from outcode.values.json import Json
from outcode.values.problems import NotFound, restored
from outcode.workspace.deliveries import Address, Deliveries
from outcode.workspace.scope import Scope

REPLY_SECONDS = 30.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """One delivery; ``values`` is what ``{{trigger}}`` will mean (body, query, headers, method), without secrets."""

    address: Address
    values: Mapping[str, Json]
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a delivery is answered: the run, whether its end was waited for, and how it ended where it has."""

    run_id: str
    waited: bool
    outcome: Outcome | None = None


class Webhooks:
    """Takes deliveries for every flow of the instance."""

    def __init__(
        self, deliveries: Deliveries, documents: Documents, starter: Starter, worker: Worker, history: RunHistory
    ) -> None:
        self._deliveries = deliveries
        self._documents = documents
        self._starter = starter
        self._worker = worker
        self._history = history

    async def receive(self, call: WebhookCall) -> Reply:
        """Start the flow; with *result of the last task* also carry it out here and wait, at most 30 seconds.

        Raises AuthProblem (key), NotFound (no such flow, or off) and InputProblem (declared inputs). When this returns,
        the run is durable.
        """
        reached = await self._deliveries.find(call.address)
        planned = await self._documents.of(reached.scope, reached.version.version_id)
        trigger = planned.document.trigger
        if not isinstance(trigger, WebhookTrigger):
            raise NotFound("webhook_unknown")
        waits = trigger.reply == "last_task"
        accepted = await self._starter.start(
            reached.scope, reached.version, "webhook", call.values, idempotency_key=call.idempotency_key, leased=waits
        )
        if not waits:
            return Reply(accepted.run_id, waited=False)
        return Reply(accepted.run_id, waited=True, outcome=await self._outcome(reached.scope, accepted, planned))

    async def _outcome(self, scope: Scope, accepted: Accepted, planned: Planned) -> Outcome | None:
        """How the run ended, None when the time for a reply is over first; the run itself goes on either way."""
        deadline = asyncio.get_running_loop().time() + REPLY_SECONDS
        if accepted.claim is not None:
            work = self._worker.begin(accepted.claim)
            await asyncio.wait({work}, timeout=REPLY_SECONDS)
            if not work.done():
                return None
            if (outcome := work.result()) is not None:
                return outcome
        while not (run := await self._history.find(scope, accepted.run_id)).ended:
            if asyncio.get_running_loop().time() > deadline:
                return None
            await asyncio.sleep(_POLL_SECONDS)
        letter = reply_task(planned.plan.edges, {task.letter for task in run.tasks if task.has_result})
        if run.state != RunState.DONE or letter is None:
            return Outcome(RunState(run.state), restored(run.error) if run.error else None)
        return Outcome(RunState.DONE, None, (await self._history.result(scope, run.id, letter)).value)
