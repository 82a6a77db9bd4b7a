"""Starts by webhook: the address is looked up in the database for every call, the key decides who is asking."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from outcode.database.database import Database
from outcode.engine.plan import Plan
from outcode.engine.state import RunState, TaskState
from outcode.flows.dataflow import Dataflow, WebhookTrigger
from outcode.runs.history import RunHistory, RunInfo
from outcode.runs.journal import Accepted
from outcode.runs.starts import Starter
from outcode.runs.worker import Worker
from outcode.values.json import Json
from outcode.values.problems import AuthProblem, NotFound
from outcode.workspace.flows import FlowStore, StoredFlow
from outcode.workspace.keys import scope_of_key
from outcode.workspace.people import is_member, organization_of_domain
from outcode.workspace.scope import Scope

REPLY_SECONDS = 30.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """One delivery; ``values`` is what ``{{trigger}}`` will mean (body, query, headers, method), without secrets."""

    domain: str
    name: str
    key: str | None
    values: Mapping[str, Json]
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a delivery is answered: the run, and the result of its last task where the flow says so and it is there."""

    run: RunInfo | None
    run_id: str
    waited: bool
    value: Json = None


class Webhooks:
    """Takes deliveries for every flow of the instance."""

    def __init__(
        self, database: Database, flows: FlowStore, starter: Starter, worker: Worker, history: RunHistory
    ) -> None:
        self._database = database
        self._flows = flows
        self._starter = starter
        self._worker = worker
        self._history = history

    async def receive(self, call: WebhookCall) -> Reply:
        """Start the flow; with *result of the last task* also carry it out here and wait, at most 30 seconds.

        Raises AuthProblem (key), NotFound (no such flow, or off) and InputProblem (declared inputs). When this returns,
        the run is durable.
        """
        scope, flow, trigger = await self._find(call)
        waits = trigger.reply == "last_task"
        accepted = await self._starter.start(
            scope, flow, "webhook", call.values, idempotency_key=call.idempotency_key, leased=waits
        )
        if not waits:
            return Reply(None, accepted.run_id, waited=False)
        await self._wait(scope, accepted)
        run = await self._history.find(scope, accepted.run_id)
        return Reply(run, run.id, waited=True, value=await self._reply_value(scope, flow, run))

    async def _find(self, call: WebhookCall) -> tuple[Scope, StoredFlow, WebhookTrigger]:
        asking = await scope_of_key(self._database, call.key)
        organization_id = await organization_of_domain(self._database, unicodedata.normalize("NFC", call.domain))
        name = unicodedata.normalize("NFC", call.name)
        team_id = await self._flows.team_of_webhook(organization_id, name) if organization_id else None
        if organization_id is None or team_id is None:
            raise NotFound("webhook_unknown")
        if not await is_member(self._database, team_id, asking.user_id):
            raise AuthProblem("api_key_refused")
        scope = Scope(organization_id, team_id, asking.user_id)
        flow = await self._flows.find_webhook(scope, name)
        trigger = Dataflow.model_validate(flow.document).trigger if flow else None
        if flow is None or not isinstance(trigger, WebhookTrigger) or not trigger.enabled:
            raise NotFound("webhook_unknown")
        return scope, flow, trigger

    async def _wait(self, scope: Scope, accepted: Accepted) -> None:
        """Until the run ends or the time for a reply is over; the run itself goes on either way."""
        if accepted.claim is not None:
            work = self._worker.begin(accepted.claim)
            await asyncio.wait({work}, timeout=REPLY_SECONDS)
            return
        deadline = asyncio.get_running_loop().time() + REPLY_SECONDS
        while not (await self._history.find(scope, accepted.run_id)).ended:
            if asyncio.get_running_loop().time() > deadline:
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def _reply_value(self, scope: Scope, flow: StoredFlow, run: RunInfo) -> Json:
        if run.state != RunState.DONE:
            return None
        plan = Plan.of(Dataflow.model_validate(flow.document))
        letter = plan.reply_task({task.letter: TaskState(task.state) for task in run.tasks})
        return (await self._history.result(scope, run.id, letter)).value if letter else None
