"""Starts by webhook: who may, what is asked of them beside the key, and what they are answered.

A delivery goes through three doors in order: :meth:`Webhooks.admit` before any of its body is read,
:meth:`Webhooks.prove` before its body is understood, :meth:`Webhooks.receive`, after which its run is durable.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from outcode.engine.plan import reply_task
from outcode.engine.state import RunState, TaskState
from outcode.flows.dataflow import WebhookTrigger, is_respond_task
from outcode.runs.claims import Accepted
from outcode.runs.documents import Documents, Planned
from outcode.runs.history import RunHistory, RunInfo
from outcode.runs.outcomes import Outcome
from outcode.runs.replies import Replies, WebhookReply
from outcode.runs.starts import Starter
from outcode.runs.token_buckets import TokenBuckets
from outcode.runs.webhook_checks import check_sender, check_signature
from outcode.runs.worker import Worker
from outcode.values.json import Json
from outcode.values.problems import AuthProblem, InputProblem, NotFound, Problem, RateLimited, Stopped, restored
from outcode.workspace.deliveries import Address, Deliveries, Reached, Unreached
from outcode.workspace.files import FileStore
from outcode.workspace.scope import Scope
from outcode.workspace.webhooks import CaptureStore, Refusals, WebhookSecrets

REPLY_SECONDS = 30.0
WRONG_KEYS_A_SECOND = 1.0
WRONG_KEYS_AT_ONCE = 30
_POLL_SECONDS = 0.1
_GOOD_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """A delivery whose sender may call: the flow that it reaches, and what that asks for."""

    reached: Reached
    planned: Planned
    trigger: WebhookTrigger
    sender: str | None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart body, to be stored before the run that gets it."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery; ``values`` is what ``{{trigger}}`` will mean (body, query, headers, method), without secrets.

    With ``has_files`` members of the body, or of lists in it, may be :class:`Upload`\\ s.
    """

    values: Mapping[str, Json]
    has_files: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a delivery is answered.

    ``run_id`` None: it was kept as a sample. ``waited``: its end or its reply was waited for; ``outcome`` or ``reply``
    is there when that came in time.
    """

    run_id: str | None
    waited: bool = False
    outcome: Outcome | None = None
    reply: WebhookReply | None = None


class Webhooks:
    """Takes deliveries for every flow of the instance.

    ``rate`` is how often a second a flow, and a key, may be called for long; twice as many may come at once.
    """

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        documents: Documents,
        starter: Starter,
        worker: Worker,
        history: RunHistory,
        files: FileStore,
        secrets: WebhookSecrets,
        captures: CaptureStore,
        refusals: Refusals,
        replies: Replies,
        rate: int,
    ) -> None:
        self._deliveries = deliveries
        self._documents = documents
        self._starter = starter
        self._worker = worker
        self._history = history
        self._files = files
        self.replies = replies
        self.secrets = secrets
        self.captures = captures
        self.refusals = refusals
        self._rate = rate
        self._turns = TokenBuckets(rate, 2 * rate)
        self._wrong_keys = TokenBuckets(WRONG_KEYS_A_SECOND, WRONG_KEYS_AT_ONCE)
        self._good_keys: OrderedDict[bytes, None] = OrderedDict()

    async def admit(self, address: Address, sender: str | None) -> Admitted:
        """Whether a delivery may come in; ``sender`` is the IP address it comes from.

        Raises AuthProblem (key, or sender not allowed), NotFound (no such flow, or off), PermissionProblem (the
        organization's service has ended) and RateLimited.
        """
        self._refuse_guessing(address, sender)
        found = await self._deliveries.find(address)
        try:
            if isinstance(found, Unreached):
                if isinstance(found.problem, AuthProblem):
                    self._wrong_keys.take(_block_of(sender))
                raise found.problem
            self._remember(address.digest)
            self._take_turn(found)
            planned = await self._documents.of(found.scope, found.version.version_id)
            trigger = planned.document.trigger
            if not isinstance(trigger, WebhookTrigger):
                raise NotFound("webhook_unknown", name=address.name[:100])
            check_sender(trigger.allow_from, sender)
        except Problem as problem:
            if found.owner is not None:
                self.refusals.note(found.owner, problem, sender)
            raise
        return Admitted(found, planned, trigger, sender)

    async def prove(self, admitted: Admitted, headers: Mapping[str, str], body: bytes) -> None:
        """Check the signature, where the flow wants one; ``headers`` by name in lower case. Raises AuthProblem."""
        declared = admitted.trigger.signature
        if declared is not None:
            reached = admitted.reached
            secrets = await self.secrets.good(reached.scope, reached.version.flow_id)
            check_signature(declared, secrets, headers, body, datetime.now(UTC))

    async def receive(self, admitted: Admitted, delivery: Delivery) -> Reply:
        """Keep the delivery as a sample where one is waited for, else start the flow.

        Where the flow is to answer, it is also carried out here and its reply waited for, at most 30 seconds. Raises
        InputProblem (declared inputs). When this returns, the run is durable.
        """
        reached, trigger = admitted.reached, admitted.trigger
        async with AsyncExitStack() as undo:
            values = delivery.values
            if delivery.has_files:
                values = {**values, "body": await self._stored(reached.scope, values["body"], undo)}
            if reached.armed and await self.captures.keep(reached.scope, reached.version.flow_id, values):
                undo.pop_all()
                return Reply(None)
            if not reached.live:
                raise NotFound("webhook_unknown")
            waits = trigger.reply != "at_once"
            accepted = await self._starter.start(
                reached.scope,
                reached.version,
                "webhook",
                values,
                idempotency_key=delivery.idempotency_key,
                leased=waits,
            )
            if accepted.created:
                undo.pop_all()
        if not waits:
            return Reply(accepted.run_id)
        if trigger.reply == "respond":
            return await self._replied(reached.scope, accepted, admitted.planned)
        outcome = await self._outcome(reached.scope, accepted, admitted.planned)
        return Reply(accepted.run_id, waited=True, outcome=outcome)

    def refuse(self, admitted: Admitted, problem: Problem) -> None:
        """Record that an admitted delivery was refused later: its signature, its body, its inputs."""
        self.refusals.note(admitted.reached.owner, problem, admitted.sender)

    def _refuse_guessing(self, address: Address, sender: str | None) -> None:
        """Whoever sent many wrong keys waits; a key that was right lately is not held up by its neighbours."""
        wait = self._wrong_keys.wait(_block_of(sender))
        if wait and address.digest not in self._good_keys:
            raise RateLimited("webhook_attempts_too_many", retry_after=wait)

    def _remember(self, digest: bytes | None) -> None:
        if digest is not None:
            self._good_keys[digest] = None
            self._good_keys.move_to_end(digest)
            if len(self._good_keys) > _GOOD_KEYS:
                self._good_keys.popitem(last=False)

    def _take_turn(self, reached: Reached) -> None:
        wait = self._turns.take(reached.version.flow_id) or self._turns.take(reached.key_id)
        if wait:
            raise RateLimited("webhook_too_many", retry_after=wait, rate=self._rate)

    async def _stored(self, scope: Scope, body: Json, undo: AsyncExitStack) -> Json:
        """The body with its files stored; they go again when no run comes of it."""
        match body:
            case Upload():
                file = await self._files.add(scope, body.name, body.media_type, body.content)
                undo.push_async_callback(self._files.remove, scope, file.id)
                return file.as_value()
            case dict():
                return {name: await self._stored(scope, value, undo) for name, value in body.items()}
            case list():
                return [await self._stored(scope, value, undo) for value in body]
            case _:
                return body

    async def _replied(self, scope: Scope, accepted: Accepted, planned: Planned) -> Reply:
        """What the task *Respond to webhook* said, or else how the run ended; neither when the time is over."""
        deadline = asyncio.get_running_loop().time() + REPLY_SECONDS
        run_id = accepted.run_id
        if accepted.claim is not None:
            said = self.replies.expect(run_id)
            try:
                work = self._worker.begin(accepted.claim)
                either: set[asyncio.Future[Any]] = {work, said}
                await asyncio.wait(either, timeout=REPLY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if said.done():
                    return Reply(run_id, waited=True, reply=said.result())
                if not work.done():
                    return Reply(run_id, waited=True)
            finally:
                self.replies.forget(run_id)
        letters = [letter for letter, task in planned.document.tasks.items() if is_respond_task(task)]
        while True:
            run = await self._history.find(scope, run_id)
            done = {task.letter for task in run.tasks if task.state == TaskState.DONE}
            if letter := next((letter for letter in letters if letter in done), None):
                return _reply_of(run_id, (await self._history.result(scope, run_id, letter)).value)
            if run.ended:
                return Reply(run_id, waited=True, outcome=_outcome_of(run))
            if asyncio.get_running_loop().time() > deadline:
                return Reply(run_id, waited=True)
            await asyncio.sleep(_POLL_SECONDS)

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
            return _outcome_of(run)
        return Outcome(RunState.DONE, None, (await self._history.result(scope, run.id, letter)).value)


def _outcome_of(run: RunInfo) -> Outcome:
    problem = restored(run.error) if run.error else None
    if problem is None and run.state == RunState.CANCELLED:
        problem = Stopped("run_cancelled")
    return Outcome(RunState(run.state), problem)


def _reply_of(run_id: str, value: Json) -> Reply:
    try:
        return Reply(run_id, waited=True, reply=WebhookReply.of(value))
    except InputProblem as problem:
        return Reply(run_id, waited=True, outcome=Outcome(RunState.DONE, problem))


def _block_of(sender: str | None) -> str:
    """The sender as attempts are counted: of IPv6 the network that one customer has, else the address itself."""
    if sender is None or ":" not in sender:
        return sender or ""
    address = ip_address(sender)
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else sender
