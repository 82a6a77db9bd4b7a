"""Carries out declared AWS calls: signed anew for every attempt, page after page, over the guarded HTTP wire."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from botocore.model import OperationModel

from outcode.appkit.aws_calls import AwsOperation
from outcode.appkit.errors import ErrorMap
from outcode.appkit.outputs import Outputs
from outcode.appkit.template import literal_or_input
from outcode.transport.answer import Answer, rows_at, shaped
from outcode.transport.aws.connection import AwsConnection
from outcode.transport.aws.failures import Refusal
from outcode.transport.aws.messages import Parameters, parameters_of, read, signed
from outcode.transport.aws.services import Service, Services
from outcode.transport.guard import EgressGuard
from outcode.transport.http.decode import Response
from outcode.transport.http.exchange import Exchange
from outcode.transport.http.retry import LONGEST_WAIT, backoff
from outcode.transport.http.settings import Settings
from outcode.transport.http.trace import Mask, Trace
from outcode.transport.http.wire import Wire
from outcode.values.json import Json
from outcode.values.problems import Problem, RateLimited, VendorDown

MOST_PAGES = 10_000
# All pages of one call are held in memory together.
MOST_BYTES = 64 * 1024 * 1024
# After these nobody knows whether the call was carried out.
_LOST = {"aws_unavailable", "http_connection_lost", "http_timeout"}
_WHO = AwsOperation(service="sts", operation="GetCallerIdentity")

Record = Callable[[Trace], None]
Turn = Callable[[], Awaitable[None]]
"""Returns when the next request may go out; raises RateLimited when that would take long."""
Pause = Callable[[float], Awaitable[None]]
"""Lets no further request of the connection out for so many seconds, whichever process wants to send it."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What stays the same for all attempts and pages of one call."""

    service: Service
    operation: OperationModel
    connection: AwsConnection
    errors: ErrorMap
    repeatable: bool
    retries: int
    seconds: int
    mask: Mask
    record: Record
    turn: Turn | None
    pause: Pause | None


class AwsTransport:
    """Sends AWS calls through the egress guard; one for a process, closed with :meth:`close`."""

    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard
        self._services = Services()
        self._wire: Wire | None = None

    async def perform(
        self,
        call: AwsOperation,
        inputs: Mapping[str, Json],
        outputs: Outputs,
        connection: AwsConnection,
        *,
        errors: ErrorMap | None = None,
        idempotent: bool = False,
        key: str | None = None,
        record: Record | None = None,
        turn: Turn | None = None,
        pause: Pause | None = None,
    ) -> Answer:
        """Carry out one operation; the result is what ``outputs`` name of its output.

        With ``token`` and rows, page after page; else one page, and the token stands in the answer. A refused or never
        sent request is repeated up to ``retries`` times; one whose answer was lost or is a server's error only where it
        is ``idempotent`` or the call has an ``idempotency`` member, for which ``key`` stands, the same in every
        attempt of a task. ``turn`` is awaited before every request, pages and repetitions included; ``pause`` when AWS
        says that too many come, for as long as it says, or as we wait ourselves. Raises InputProblem (before anything
        is sent), EgressRefused, VendorDown, VendorRejected, RateLimited, and SetupProblem ``aws_clock``;
        ``details["uncertain"]`` is true where a call that must not be repeated may have been carried out all the same.
        """
        traces: list[Trace] = []

        def note(trace: Trace) -> None:
            traces.append(trace)
            if record is not None:
                record(trace)

        settings = Settings(inputs)
        service = await self._services.find(call.service)
        operation = service.operation(call.operation)
        parameters = parameters_of(call, operation, inputs, connection)
        if call.idempotency is not None:
            parameters.setdefault(call.idempotency, _token(key))
        task = _Task(
            service=service,
            operation=operation,
            connection=connection,
            errors=errors or ErrorMap(),
            repeatable=idempotent or call.idempotency is not None,
            retries=settings.whole(call.retries, 2, 0, 5),
            seconds=settings.whole(call.timeout_seconds, 30, 1, 300),
            mask=Mask(connection.secrets()),
            record=note,
            turn=turn,
            pause=pause,
        )
        if call.token is None or not literal_or_input(outputs.rows, inputs):
            output, _ = await self._answer(task, parameters)
            return shaped(output, outputs, inputs, tuple(traces))
        return await self._pages(
            task, parameters, call.token, settings.whole(call.max_pages, 100, 1, MOST_PAGES), outputs, inputs, traces
        )

    async def test(self, connection: AwsConnection, *, record: Record | None = None) -> str:
        """Try a key with a call that needs no permission; answers whose it is, as an ARN. Raises as :meth:`perform`."""
        answer = await self.perform(_WHO, {}, Outputs(), connection, idempotent=True, record=record)
        return str(answer.value["Arn"])

    async def close(self) -> None:
        """Close all connections."""
        if self._wire is not None:
            await self._wire.close()
            self._wire = None

    async def _pages(
        self,
        task: _Task,
        parameters: Parameters,
        token: str,
        most: int,
        outputs: Outputs,
        inputs: Mapping[str, Json],
        traces: list[Trace],
    ) -> Answer:
        rows: list[Json] = []
        seen: set[str] = set()
        size = 0
        # A page may be empty and not the last one, so only the token says where the end is.
        for count in range(1, most + 1):
            output, length = await self._answer(task, parameters)
            rows += rows_at(output, outputs, inputs)
            size += length
            following = str(output.get(token) or "")
            last = not following or following in seen
            if last or size > MOST_BYTES or count == most:
                break
            seen.add(following)
            parameters = {**parameters, token: following}
        meta = shaped(output, outputs, inputs).meta or {}
        meta = {**meta, "row_count": len(rows), "pages": count, "truncated": not last}
        return Answer(rows, meta, tuple(traces))

    async def _answer(self, task: _Task, parameters: Parameters) -> tuple[dict[str, Json], int]:
        attempt = 1
        while True:
            if task.turn is not None:
                await task.turn()
            try:
                response = await self._send(task, parameters, attempt)
                said = await asyncio.to_thread(read, task.operation, response, task.mask)
                if isinstance(said, Refusal):
                    raise said.problem(task.errors)
                return said, len(response.body)
            except (RateLimited, VendorDown) as problem:
                wait = _wait_before_next(task, attempt, problem)
                if isinstance(problem, RateLimited) and task.pause is not None:
                    await task.pause(problem.retry_after or wait or backoff(attempt))
                if wait is None:
                    if problem.code in _LOST and not task.repeatable:
                        problem.details["uncertain"] = True
                    raise
            await asyncio.sleep(wait)
            attempt += 1

    async def _send(self, task: _Task, parameters: Parameters, attempt: int) -> Response:
        if self._wire is None:
            self._wire = Wire(self._guard)
        endpoint = task.service.endpoint(task.operation, parameters, task.connection)
        request = signed(task.operation, parameters, endpoint, task.connection)
        exchange = Exchange(
            method=request.method,
            url=request.url,
            headers=request.headers,
            body=request.body,
            verify_tls=True,
            deadline=asyncio.get_running_loop().time() + task.seconds,
            seconds=task.seconds,
            attempt=attempt,
            mask=task.mask,
            record=task.record,
        )
        return await self._wire.send(exchange)


def _wait_before_next(task: _Task, attempt: int, problem: Problem) -> float | None:
    if attempt > task.retries:
        return None
    not_carried_out = isinstance(problem, RateLimited) or problem.code == "http_connect_error"
    worth_it = problem.code in {"aws_unavailable", "http_connection_lost"} and task.repeatable
    if not (not_carried_out or worth_it):
        return None
    if problem.retry_after is not None:
        return problem.retry_after if problem.retry_after <= LONGEST_WAIT else None
    return backoff(attempt)


def _token(key: str | None) -> str:
    # Members of this kind differ in what characters and lengths they take; a UUID fits all of them.
    return str(uuid.uuid4() if key is None else uuid.uuid5(uuid.NAMESPACE_OID, key))
