"""Short ways to write tasks and to run them through an instance."""

from __future__ import annotations

import asyncio
from typing import Any

from outcode.apps.registry import all_apps
from outcode.flows.check import check_dataflow
from outcode.flows.dataflow import Dataflow
from outcode.flows.plain import parse_flow
from outcode.runs.history import RunInfo
from outcode.runs.instance import Instance
from outcode.values.problems import Problem, restored
from outcode.workspace.scope import Scope
from tests.conftest import Place
from tests.support.receiver import Receiver


def script(code: str, **inputs: Any) -> dict[str, Any]:
    """A JavaScript task."""
    return {"app": "javascript", "action": "function_execution", "inputs": {"code": code, **inputs}}


def step(action: str, /, after: tuple[str, ...] = (), **inputs: Any) -> dict[str, Any]:
    """A step of the flow itself."""
    return {"app": "flow", "action": action, "inputs": inputs, "after": list(after)}


def post(receiver: Receiver, body: Any, path: str = "/") -> dict[str, Any]:
    """A task that posts JSON to a receiver."""
    url = f"http://127.0.0.1:{receiver.port}{path}"
    inputs = {"method": "POST", "url": url, "body_type": "json", "body": body}
    return {"app": "api", "action": "http_request", "inputs": inputs}


def found_in(tasks: dict[str, Any]) -> list[Problem]:
    """What saving these tasks would say is wrong with them."""
    document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "Test", "tasks": tasks})
    return check_dataflow(document, all_apps())


async def result(place: Place, run: RunInfo, letter: str) -> Any:
    """The value that a task of a run left."""
    return (await place.instance.history.result(place.scope, run.id, letter)).value


async def fails_with(place: Place, tasks: dict[str, Any], body: Any = None) -> Problem:
    """Run tasks that must fail; the problem that they fail with."""
    found = await run(place, tasks, body)
    assert found.state == "failed", found
    assert found.error is not None
    return restored(found.error)


async def run(place: Place, tasks: dict[str, Any], body: Any = None, *, test: bool = False) -> RunInfo:
    """Run tasks that are not saved, by queue and worker, and wait for the end."""
    return await ended(place, await started(place, tasks, body, test=test))


async def run_in(instance: Instance, scope: Scope, document: Dataflow) -> RunInfo:
    """Run a document that is not saved, by queue and worker, and wait for the end."""
    accepted = await instance.starter.start_unsaved(scope, document, "api", None)
    return await ended_in(instance, scope, accepted.run_id)


async def started(place: Place, tasks: dict[str, Any], body: Any = None, *, test: bool = False) -> str:
    """Start tasks that are not saved; the run's id."""
    document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "Test", "tasks": tasks})
    return (await place.instance.starter.start_unsaved(place.scope, document, "api", body, test=test)).run_id


async def ended(place: Place, run_id: str, seconds: float = 90) -> RunInfo:
    """The run once it has ended."""
    return await ended_in(place.instance, place.scope, run_id, seconds)


async def ended_in(instance: Instance, scope: Scope, run_id: str, seconds: float = 60) -> RunInfo:
    """The run of an instance once it has ended."""
    async with asyncio.timeout(seconds):
        found = await instance.history.find(scope, run_id)
        while not found.ended:
            await asyncio.sleep(0.02)
            found = await instance.history.find(scope, run_id)
    return found
