"""Short ways to write tasks and to run them through an instance."""

from __future__ import annotations

import asyncio
from typing import Any

from outcode.flows.plain import parse_flow
from outcode.runs.history import RunInfo
from tests.conftest import Place
from tests.support.receiver import Receiver


def script(code: str, **inputs: Any) -> dict[str, Any]:
    """A JavaScript task."""
    return {"app": "javascript", "action": "function_execution", "inputs": {"code": code, **inputs}}


def post(receiver: Receiver, body: Any, path: str = "/") -> dict[str, Any]:
    """A task that posts JSON to a receiver."""
    url = f"http://127.0.0.1:{receiver.port}{path}"
    inputs = {"method": "POST", "url": url, "body_type": "json", "body": body}
    return {"app": "api", "action": "http_request", "inputs": inputs}


async def run(place: Place, tasks: dict[str, Any], body: Any = None, *, test: bool = False) -> RunInfo:
    """Run tasks that are not saved, by queue and worker, and wait for the end."""
    document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "Test", "tasks": tasks})
    accepted = await place.instance.starter.start_unsaved(place.scope, document, "api", body, test=test)
    return await ended(place, accepted.run_id)


async def ended(place: Place, run_id: str, seconds: float = 90) -> RunInfo:
    """The run once it has ended."""
    async with asyncio.timeout(seconds):
        found = await place.instance.history.find(place.scope, run_id)
        while not found.ended:
            await asyncio.sleep(0.02)
            found = await place.instance.history.find(place.scope, run_id)
    return found
