"""Steps of a flow, in a run of a whole instance."""

from __future__ import annotations

import tempfile
import uuid
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from outcode.appkit import Action
from outcode.appkit.samples import Sample
from outcode.flows.plain import parse_flow
from outcode.runs.instance import Instance, open_instance
from outcode.transport.answer import Answer
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import restored
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import Scope
from outcode.workspace.settings import Settings
from tests.apps.contract.scenes.scene import Scene
from tests.apps.contract.servers import servers
from tests.apps.contract.stage import Outcome
from tests.support.flows import run_in

_LAST = "zz"


class FlowScene(Scene):
    """A run of each sample; nobody outside is asked."""

    _stack: AsyncExitStack
    _instance: Instance
    _scope: Scope

    async def set_up(self) -> None:
        """An instance with a worker, on a database of its own."""
        self._stack = AsyncExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        postgresql = await servers().postgresql()
        database = f"flow_{uuid.uuid4().hex}"
        await postgresql.create(database, "SELECT 1")
        settings = Settings(folder=folder, database_url=postgresql.url(database))
        self._instance = await self._stack.enter_async_context(open_instance(settings, holder="contract"))
        self._scope = await create_workspace(
            self._instance.database, organization="Acme", domain="acme", team="Sales", user="Kim", email="kim@acme.test"
        )
        double = {"a": _script("return {double: 2 * input.n}", input={"n": "{{trigger.body.n}}"})}
        called = parse_flow({"name": "Called", "tasks": double})
        flow = await self._instance.flows.save_by_name(self._scope, called.as_json(), None)
        await self._instance.publisher.publish(self._scope, flow.id, None)
        self._instance.worker.start(consume=True)
        self._stack.push_async_callback(self._instance.worker.stop)

    async def clear(self) -> None:
        """Stop it."""
        await self._stack.aclose()

    async def play(self, action: Action, sample: Sample) -> list[tuple[str, Outcome]]:
        """The sample as the last task of a flow; lists to be merged are results of tasks before it."""
        tasks: dict[str, Json] = {}
        inputs: dict[str, Any] = dict(sample.inputs)
        if action.key == "merge":
            for letter, rows in zip("abc", inputs["results"], strict=False):
                tasks[letter] = _script(f"return {json.dumps(rows)}")
            inputs["results"] = [f"{{{{{letter}}}}}" for letter in tasks]
        tasks[_LAST] = {"app": self.subject.app.slug, "action": action.key, "inputs": inputs}
        document = parse_flow({"name": sample.about or action.name, "tasks": tasks})
        found = await run_in(self._instance, self._scope, document)
        outcome = Outcome()
        if found.error is not None:
            outcome.problem = restored(found.error)
        else:
            result = await self._instance.history.result(self._scope, found.id, _LAST)
            outcome.answer = Answer(result.value, result.meta)
        return [("here", outcome)]


def _script(code: str, **inputs: Json) -> Json:
    return {"app": "javascript", "action": "function_execution", "inputs": {"code": code, **inputs}}
