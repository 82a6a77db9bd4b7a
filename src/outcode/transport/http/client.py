"""The one client behind every HTTP call: from a declaration and inputs to a task's answer, page after page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from outcode.appkit.calls import Request
from outcode.appkit.outputs import Outputs
from outcode.appkit.template import literal_or_input
from outcode.transport.answer import Answer, rows_at, shaped
from outcode.transport.http.auth import HttpConnection, Origin, origin_of
from outcode.transport.http.decode import Response, whole_answer
from outcode.transport.http.failures import status_problem
from outcode.transport.http.paging import Page, all_pages, page_plan
from outcode.transport.http.prepare import PreparedRequest, prepare
from outcode.transport.http.sending import Record, Sender
from outcode.transport.http.settings import Settings
from outcode.transport.http.trace import Trace
from outcode.values.json import Json


class HttpClient(Sender):
    """Carries out declared HTTP calls; one for a process."""

    async def perform(
        self,
        call: Request,
        inputs: Mapping[str, Json],
        outputs: Outputs,
        connection: HttpConnection | None,
        *,
        record: Record | None = None,
    ) -> Answer:
        """Carry out a declared call with the inputs of a task, page after page where it says so.

        The result is what ``outputs`` name of ``{status, ok, headers, data, content_type, url, elapsed_ms}``.
        ``record`` is told each exchange as it ends, also those of a call that fails. Raises InputProblem and TooLarge
        (before anything is sent, with the field's place), EgressRefused, VendorDown, VendorRejected and RateLimited.
        """
        traces: list[Trace] = []

        def note(trace: Trace) -> None:
            traces.append(trace)
            if record is not None:
                record(trace)

        settings = Settings(inputs)
        request = prepare(call, inputs)
        plan = page_plan(call.paging, settings, has_rows=bool(literal_or_input(outputs.rows, inputs)))
        if plan is None:
            whole = await self._whole(request, connection, note)
            return shaped(whole[1], outputs, inputs, tuple(traces))
        if plan.style == "page" and plan.parameter not in request.url.query:
            request = replace(request, url=request.url.update_query({plan.parameter: "1"}))
        home = origin_of(request.url)

        async def fetch(page_request: PreparedRequest) -> Page:
            response, answer = await self._whole(page_request, connection, note, home)
            return Page(response, answer, rows_at(answer, outputs, inputs))

        pages = await all_pages(request, plan, fetch)
        last = shaped({**pages.last.whole, "elapsed_ms": pages.elapsed_ms}, outputs, inputs)
        meta = {**(last.meta or {}), "row_count": len(pages.rows), "pages": pages.count, "truncated": pages.truncated}
        return Answer(pages.rows, meta, tuple(traces))

    async def _whole(
        self, request: PreparedRequest, connection: HttpConnection | None, record: Record, home: Origin | None = None
    ) -> tuple[Response, dict[str, Json]]:
        response = await self.send(request, connection, record=record, home=home)
        mask = self.mask_of(connection)
        if request.fail_on_status and response.status >= 400:
            raise status_problem(response, mask)
        return response, whole_answer(response, request.response_type, mask.url(response.url))
