"""``POST /hooks/{domain}/{name}``: starts a flow by webhook."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from outcode.runs.webhooks import Reply, WebhookCall
from outcode.server.access import KEY_HEADER, CurrentInstance
from outcode.server.delivery import read_body, trigger_values
from outcode.server.language import Language
from outcode.server.problems import problem_response
from outcode.values import json
from outcode.values.problems import InputProblem
from outcode.workspace.deliveries import Address
from outcode.workspace.keys import scope_of_key

router = APIRouter(tags=["webhooks"])


@router.post("/hooks/{domain}/{name}", response_class=Response)
async def receive(
    request: Request,
    instance: CurrentInstance,
    language: Language,
    domain: str,
    name: str,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Start the flow of this address with the request as ``{{trigger}}``.

    The key stands in ``?key=`` or the header ``X-OUTCODE-API-KEY``. Answers 200 with the run's id, or with the result
    of the last task where the flow says so (202 when that takes longer than 30 seconds).
    """
    key = request.headers.get(KEY_HEADER) or request.query_params.get("key")
    try:
        body = await read_body(request)
    except InputProblem:
        await scope_of_key(instance.database, key)  # only who may call is told what is wrong with the body
        raise
    call = WebhookCall(Address(domain, name, key), trigger_values(request, body), idempotency_key)
    reply = await instance.webhooks.receive(call)
    return _answer(reply, language)


def _answer(reply: Reply, language: str) -> Response:
    headers = {"X-Outcode-Run-Id": reply.run_id}
    if reply.outcome is None:
        return _json({"runId": reply.run_id}, 202 if reply.waited else 200, headers)
    if reply.outcome.problem is not None:
        response = problem_response(reply.outcome.problem, language, 500)
        response.headers.update(headers)
        return response
    return _json(reply.outcome.value, 200, headers)


def _json(value: object, status: int, headers: dict[str, str]) -> Response:
    return Response(json.dump_bytes(value), status, headers, "application/json")
