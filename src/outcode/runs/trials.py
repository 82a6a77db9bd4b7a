"""Trials: one task alone on pinned or earlier results, or a whole flow with its pins, each on one record only.

A trial is a run like any other, marked as a test and not counted; the tasks that it does not run are written as done
with the results that it stands on.
"""

from __future__ import annotations

from dataclasses import dataclass

from outcode.database.database import Connection
from outcode.engine.results import TaskResult
from outcode.flows.dataflow import Dataflow
from outcode.flows.single import alone, data_needs, first_needed
from outcode.runs.documents import Documents
from outcode.runs.earlier import Earlier, earlier_results
from outcode.runs.payloads import Payload
from outcode.runs.pins import Pins
from outcode.runs.prepared import KnownTask, PreparedRun, PreparedRuns
from outcode.runs.publishing import Publisher
from outcode.runs.results import ResultStore
from outcode.runs.starts import checked_input
from outcode.values.json import Json
from outcode.values.problems import InputProblem, NotFound, Place, ProblemList
from outcode.workspace.flows import FlowStore, FlowVersion, StoredFlow
from outcode.workspace.scope import Scope


@dataclass(frozen=True, slots=True)
class Trial:
    """A test that has begun, and the results that it stands on."""

    run_id: str
    results: tuple[Earlier, ...]


class Trials:
    """Starts tests of flows and of single tasks."""

    def __init__(
        self, prepared: PreparedRuns, pins: Pins, flows: FlowStore, documents: Documents, publisher: Publisher
    ) -> None:
        self._prepared = prepared
        self._pins = pins
        self._flows = flows
        self._documents = documents
        self._publisher = publisher
        self._results = ResultStore(prepared.payloads)

    async def results(self, scope: Scope, flow: StoredFlow, document: Dataflow) -> list[Earlier]:
        """The results that tests of a flow's tasks can stand on."""
        async with self._prepared.pool.acquire() as connection:
            found = await earlier_results(connection, scope, flow.id, document, document.tasks, self._pins)
        return list(found.values())

    async def start_task(
        self, scope: Scope, flow: StoredFlow, document: Dataflow, letter: str, body: Json, trigger: str
    ) -> Trial:
        """Run one task of a document, which need not be saved, on one record of each result that it refers to.

        ``body`` becomes ``{{trigger.body}}``; None takes what the newest run of the flow began with, else the samples
        of the declared inputs. Raises NotFound for an unknown letter, ProblemList with what is wrong with the task, and
        InputProblem ``test_needs_results`` with the tasks to be tested first.
        """
        if letter not in document.tasks:
            raise NotFound("task_unknown", task=letter)
        problems = await self._publisher.problems(scope, document)
        if mine := [problem for problem in problems if problem.place.task == letter]:
            raise ProblemList(mine)
        part = alone(document, letter)
        needs = data_needs(part)
        async with self._prepared.pool.acquire() as connection:
            others = [each for each in part.tasks if each != letter]
            known = await earlier_results(connection, scope, flow.id, document, others, self._pins)
            if needs[letter] - known.keys():
                order = first_needed(part, letter, frozenset(known))
                raise InputProblem("test_needs_results", Place(task=letter), missing=order)
            used = [known[each] for each in sorted(needs[letter])]
            tasks, payloads = await self._stood_on(connection, scope, used)
            payloads.append(await self._input(connection, scope, flow, document, body))
        nothing = await self._prepared.payloads.prepare(scope, TaskResult(None).as_json())
        passed = [each for each in others if each not in needs[letter]]
        if passed:
            payloads.insert(0, nothing)
        run = PreparedRun(
            flow_id=flow.id,
            version_id=await self._flows.add_unsaved(scope, part.as_json()),
            flow_name=flow.name,
            trigger=trigger,
            input_id=payloads[-1].id,
            test=True,
            counted=False,
            tasks=[*tasks, *(KnownTask(each, "skipped", nothing.id, "not_needed") for each in passed)],
            payloads=payloads,
        )
        return await self._start(scope, run, used)

    async def start_flow(self, scope: Scope, version: FlowVersion, trigger: str, body: Json) -> Trial:
        """Run a version of a flow on one record of every array; pinned tasks give what is pinned."""
        document = (await self._documents.of(scope, version.version_id)).document
        values: dict[str, Json] = {"body": checked_input(document.inputs, body)}
        async with self._prepared.pool.acquire() as connection:
            pinned = await self._pins.payload_ids(connection, scope, version.flow_id)
            used = [Earlier(letter, "pinned", pinned[letter]) for letter in document.tasks if letter in pinned]
            tasks, payloads = await self._stood_on(connection, scope, used)
        payloads.append(await self._prepared.payloads.prepare(scope, values))
        run = PreparedRun(
            flow_id=version.flow_id,
            version_id=version.version_id,
            flow_name=version.flow_name,
            trigger=trigger,
            input_id=payloads[-1].id,
            test=True,
            counted=False,
            tasks=tasks,
            payloads=payloads,
        )
        return await self._start(scope, run, used)

    async def _start(self, scope: Scope, run: PreparedRun, used: list[Earlier]) -> Trial:
        async with self._prepared.pool.acquire() as connection, connection.transaction():
            await self._prepared.write(connection, scope, run)
        await self._prepared.wake()
        return Trial(run.id, tuple(used))

    async def _stood_on(
        self, connection: Connection, scope: Scope, used: list[Earlier]
    ) -> tuple[list[KnownTask], list[Payload]]:
        """The tasks that are not run, each with one record of its result."""
        tasks: list[KnownTask] = []
        payloads: list[Payload] = []
        for each in used:
            result = (await self._results.get(connection, scope, each.payload_id)).first_only()
            payload = await self._prepared.payloads.prepare(scope, result.as_json())
            payloads.append(payload)
            tasks.append(KnownTask(each.letter, "done", payload.id, each.reason))
        return tasks, payloads

    async def _input(
        self, connection: Connection, scope: Scope, flow: StoredFlow, document: Dataflow, body: Json
    ) -> Payload:
        payloads = self._prepared.payloads
        if body is None:
            newest = await connection.fetchval(
                """
                SELECT input_id FROM runs WHERE flow_id = $1 AND organization_id = $2 AND team_id = $3
                ORDER BY id DESC LIMIT 1
                """,
                flow.id,
                scope.organization_id,
                scope.team_id,
            )
            if newest is not None:
                return await payloads.prepare(scope, await payloads.get(connection, scope, newest))
            samples = {name: declared.sample for name, declared in document.inputs.items()}
            body = {name: sample for name, sample in samples.items() if sample is not None}
        values: dict[str, Json] = {"body": checked_input(document.inputs, body)}
        return await payloads.prepare(scope, values)
