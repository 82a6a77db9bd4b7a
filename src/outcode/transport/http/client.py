"""The one client behind every HTTP call: from a declaration and inputs to a task's answer, page after page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from outcode.appkit.app import Action, App
from outcode.appkit.calls import Request
from outcode.appkit.connections import NoCredential
from outcode.appkit.outputs import Outputs
from outcode.appkit.template import literal_or_input
from outcode.transport.answer import Answer, rows_at, shaped
from outcode.transport.guard import EgressGuard
from outcode.transport.http.auth import HttpConnection, Origin, TokenKeeper, Tokens, origin_of
from outcode.transport.http.decode import Response, data_of, whole_answer
from outcode.transport.http.files import Files, contents_in, kept
from outcode.transport.http.hooks import run_after, run_before
from outcode.transport.http.limits import Limiter, MemoryLimiter
from outcode.transport.http.paging import Page, all_pages, first_page, page_plan
from outcode.transport.http.prepare import CallContext, PreparedRequest, body_of, prepare
from outcode.transport.http.refusals import refusal
from outcode.transport.http.retry import may_have_been_done, wait_before_next
from outcode.transport.http.sending import Record, Sender
from outcode.transport.http.settings import Settings
from outcode.transport.http.trace import Trace
from outcode.values.json import Json
from outcode.values.problems import Problem, RateLimited, TooLarge, Unexpected, VendorDown, VendorRejected


@dataclass(frozen=True, slots=True)
class _Task:
    """What all requests of one call have in common."""

    call: Request
    inputs: Mapping[str, Json]
    app: App
    connection: HttpConnection
    tokens: Tokens | None
    files: Files | None
    record: Record


class HttpClient(Sender):
    """Carries out declared HTTP calls; one for a process. ``limiter`` says when a connection's calls may go out."""

    def __init__(
        self,
        guard: EgressGuard,
        *,
        allow_unverified_tls: bool = True,
        tokens: TokenKeeper | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        super().__init__(guard, allow_unverified_tls=allow_unverified_tls, tokens=tokens)
        self._limiter = limiter or MemoryLimiter()

    async def perform_action(
        self,
        action: Action,
        inputs: Mapping[str, Json],
        connection: HttpConnection,
        *,
        app: App,
        key: str | None = None,
        files: Files | None = None,
        record: Record | None = None,
    ) -> Answer:
        """Carry out an action whose call is a Request; see :meth:`perform`. Its ``before`` hook comes first."""
        if not isinstance(action.call, Request):
            raise Unexpected("http_not_a_request", app=app.name, action=action.key)
        return await self.perform(
            action.call,
            await run_before(action.before, inputs, app.name),
            action.outputs,
            connection,
            app=app,
            idempotent=action.idempotent,
            key=key,
            files=files,
            record=record,
        )

    async def perform(
        self,
        call: Request,
        inputs: Mapping[str, Json],
        outputs: Outputs,
        connection: HttpConnection,
        *,
        app: App,
        idempotent: bool | Literal["by_inputs"] = "by_inputs",
        key: str | None = None,
        files: Files | None = None,
        record: Record | None = None,
    ) -> Answer:
        """Carry out a declared call with the inputs of a task, page after page where it says so.

        The result is what ``outputs`` name of ``{status, ok, headers, data, content_type, url, elapsed_ms}``.
        ``key`` goes into the call's ``idempotency_header``: the same for every repetition of the same work. ``files``
        are the team's, read and added to where the call says so. ``record`` is told each exchange as it ends, also
        those of a call that fails. Raises InputProblem and TooLarge (before anything is sent, with the field's place),
        EgressRefused, VendorDown, VendorRejected, RateLimited and Unexpected; ``details["uncertain"]`` is true where a
        call that must not be repeated may have been carried out all the same.
        """
        traces: list[Trace] = []

        def note(trace: Trace) -> None:
            traces.append(trace)
            if record is not None:
                record(trace)

        tokens = await self.tokens(connection, record=note)
        connection = connection.after(tokens)
        values = connection.values(tokens)
        task = _Task(call, inputs, app, connection, tokens, files, note)
        contents = await contents_in(*body_of(call, inputs, values), files)
        context = CallContext(values, connection.base_url, contents, key, idempotent)
        request = prepare(call, inputs, context)
        plan = page_plan(call.paging, Settings(inputs), has_rows=bool(literal_or_input(outputs.rows, inputs)))
        home = origin_of(request.url)
        if plan is None:
            _, whole = await self._whole(task, request, home)
            return shaped(whole, outputs, inputs, tuple(traces))

        async def fetch(page_request: PreparedRequest) -> Page:
            response, answer = await self._whole(task, page_request, home)
            return Page(response, answer, rows_at(answer, outputs, inputs))

        pages = await all_pages(first_page(request, plan), plan, fetch)
        last = shaped({**pages.last.whole, "elapsed_ms": pages.elapsed_ms}, outputs, inputs)
        meta = {**(last.meta or {}), "row_count": len(pages.rows), "pages": pages.count, "truncated": pages.truncated}
        return Answer(pages.rows, meta, tuple(traces))

    async def _whole(self, task: _Task, request: PreparedRequest, home: Origin) -> tuple[Response, dict[str, Json]]:
        """One request, with its repetitions, judged and decoded."""
        response = await self._attempted(task, request, home)
        try:
            problem = self._refusal(task, request, response)
            data = await self._data(task, request, response) if problem is None else None
        except Problem as unreadable:
            # It was carried out; only what it brought cannot be read.
            _mark(unreadable, uncertain=response.status < 400 and not request.repeatable)
            raise
        if problem is not None:
            _mark(problem, uncertain=may_have_been_done(request, response))
            raise problem
        return response, whole_answer(response, data, self.mask_of(task.connection).url(response.url))

    def _limited(self, task: _Task, request: PreparedRequest, outcome: Response | Problem) -> RateLimited | None:
        """What an answer means where it says that we come too often, by its status or in the app's own words."""
        if not isinstance(outcome, Response) or outcome.status < 400:
            return None
        problem = self._refusal(task, replace(request, fail_on_status=True), outcome)
        return problem if isinstance(problem, RateLimited) else None

    def _refusal(self, task: _Task, request: PreparedRequest, response: Response) -> Problem | None:
        if not request.fail_on_status:
            return None
        return refusal(
            response,
            task.app.errors,
            self.mask_of(task.connection),
            expected=_expected(task.call, request),
            with_credentials=not isinstance(task.connection.kind, NoCredential),
        )

    async def _attempted(self, task: _Task, request: PreparedRequest, home: Origin) -> Response:
        """The last answer: sent in the connection's turn, and again where that does no harm."""
        attempt = 1
        while True:
            await self._limiter.wait(task.connection.id or task.app.slug, task.app.limits)
            redirects: list[Trace] = []
            record = _recording(task.record, attempt, redirects)
            outcome: Response | Problem
            try:
                # Repeating is decided here, where the limits are kept; the sender sends once.
                outcome = await self.send(
                    replace(request, retries=0), task.connection, tokens=task.tokens, record=record, home=home
                )
            except (VendorDown, VendorRejected, TooLarge) as problem:
                outcome = problem
            moved = bool(redirects)
            limited = self._limited(task, request, outcome)
            if limited is not None and limited.retry_after and task.connection.id:
                await self._limiter.pause(task.connection.id, limited.retry_after)
            wait = wait_before_next(request, attempt, outcome, moved=moved, limited=limited)
            if wait is not None:
                await asyncio.sleep(wait)
                attempt += 1
            elif isinstance(outcome, Problem):
                _mark(outcome, uncertain=may_have_been_done(request, outcome, moved=moved))
                raise outcome
            else:
                return outcome

    async def _data(self, task: _Task, request: PreparedRequest, response: Response) -> Json:
        if task.call.after is not None:
            return await run_after(task.call.after, response, task.inputs, task.app.name)
        if request.response_type == "file":
            return await kept(response, task.files)
        return data_of(response, request.response_type)


def _expected(call: Request, request: PreparedRequest) -> Literal["json", "any", "content"]:
    if call.after is not None:
        return "any"
    return "json" if request.response_type in {"auto", "json"} else "content"


def _recording(record: Record, attempt: int, redirects: list[Trace]) -> Record:
    def note(trace: Trace) -> None:
        if trace.status is not None and 300 <= trace.status < 400:
            redirects.append(trace)
        record(replace(trace, attempt=attempt))

    return note


def _mark(problem: Problem, *, uncertain: bool) -> None:
    if uncertain:
        problem.details["uncertain"] = True
