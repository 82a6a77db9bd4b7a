"""How the API document describes webhooks, whose door stands ahead of the framework that writes the rest of it."""

from __future__ import annotations

from typing import Any

from outcode.server.access import KEY_HEADER

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
_REFUSED = {
    "400": "The body, its encoding or a declared input is wrong; the problem says which.",
    "401": "The key, the signature or the sender's address is refused.",
    "404": "There is no such webhook, or it is off.",
    "413": "The body is larger than the limit (10 MiB unless the operator says otherwise).",
    "423": "The plan or the free service of the organization has ended.",
    "429": "Too many calls; `Retry-After` says when to go on.",
    "500": "The flow failed, or the server did; with a run its id is in `X-Outcode-Run-Id`.",
}
_RUN_ID = {"X-Outcode-Run-Id": {"schema": {"type": "string"}, "description": "The run that was started."}}
_STARTED = {
    "type": "object",
    "properties": {"runId": {"type": "string", "format": "uuid"}},
    "required": ["runId"],
}


def _parameter(name: str, place: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": required,
        "schema": {"type": "string", **schema},
        "description": description,
    }


HOOK_PATHS: dict[str, Any] = {
    "/hooks/{domain}/{name}": {
        "post": {
            "tags": ["webhooks"],
            "operationId": "webhooks_receive",
            "summary": "Start the flow of this address",
            "description": (
                "The request becomes `{{trigger}}`: JSON, a form, a multipart form whose files are stored, or text. "
                "Answers the run's id, the result of the last task, or what the task Respond to webhook says, as the "
                "flow's trigger has it."
            ),
            "security": [{"key": []}],
            "parameters": [
                _parameter("domain", "path", "The organization's domain, percent-encoded.", required=True),
                _parameter("name", "path", "The webhook's name, percent-encoded.", required=True),
                _parameter("key", "query", f"An API key, where the header {KEY_HEADER} cannot be sent."),
                _parameter(
                    "idempotency-key",
                    "header",
                    "The same key within 24 hours is the same run, and gets the same reply.",
                    minLength=1,
                    maxLength=200,
                ),
            ],
            "requestBody": {"content": {"application/json": {"schema": {}}, "multipart/form-data": {"schema": {}}}},
            "responses": {
                "200": {
                    "description": "Accepted (the run is durable), or done with the flow's own answer.",
                    "headers": _RUN_ID,
                    "content": {"application/json": {"schema": {"anyOf": [_STARTED, {}]}}},
                },
                "202": {
                    "description": "Accepted; the flow took longer than 30 seconds and goes on.",
                    "headers": _RUN_ID,
                    "content": {"application/json": {"schema": _STARTED}},
                },
                **{status: {"description": text, "content": _PROBLEM} for status, text in _REFUSED.items()},
            },
        }
    }
}
