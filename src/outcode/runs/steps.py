"""What steers a flow: conditions, merges, waits, values, replies, stops. Nobody outside is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from outcode.appkit import Action
from outcode.appkit.calls import Step
from outcode.engine.inputs import Answer, resolve_inputs
from outcode.engine.iteration import Each, scope_of, scope_of_element
from outcode.engine.merging import appended, first, merged
from outcode.engine.results import Taken, TaskResult
from outcode.flows.branches import OTHERWISE, merged_letters, read_branches
from outcode.runs.calling import CalledFlows, FlowCall
from outcode.runs.claims import Wait
from outcode.runs.replies import Replies, WebhookReply
from outcode.runs.turns import TryAgain, Turn
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Stopped
from outcode.values.references import Root

_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


class FlowSteps:
    """Takes the steps of flows."""

    def __init__(self, called: CalledFlows, replies: Replies) -> None:
        self._called = called
        self._replies = replies

    async def take(self, turn: Turn, step: Step, action: Action, each: Each | None) -> TaskResult:
        """The result of a step, for each element where it iterates.

        Raises TryAgain for a wait, Stopped for *Stop with error*, and InputProblem for inputs that are no use.
        """
        match step:
            case "condition":
                return _condition(turn, action, each)
            case "merge":
                return _merge(turn, action)
            case "delay":
                return _delay(turn, _inputs(turn, action))
            case "set_values":
                return _set_values(turn, action, each)
            case "respond":
                return self._respond(turn, action)
            case "stop":
                raise Stopped("flow_stopped", text=_elements(turn, action, each)[0]["message"])
            case "call_dataflow":
                value = await self.call_dataflow(turn, _inputs(turn, action), 0)
                return replace(TaskResult.of(turn.letter, value), domain=turn.domain)
            case "loop":
                raise InputProblem("action_gone", app=turn.task.app, action=turn.task.action)
            case _:
                assert_never(step)

    async def call_dataflow(self, turn: Turn, inputs: Mapping[str, Answer], row: int) -> Json:
        """The result of another flow, for an element (from 1) or, with row 0, the one course of the task."""
        caller = turn.record.claim
        key = f"call:{caller.run_id}:{turn.letter}:{row}"
        return await self._called.call(FlowCall(caller, key, inputs["flow"], inputs["input"], inputs["wait"]))

    def _respond(self, turn: Turn, action: Action) -> TaskResult:
        """Answer whoever waits for the run's reply; the result is the same reply."""
        inputs = _inputs(turn, action)
        headers = inputs["headers"] or {}
        if isinstance(headers, list):
            headers = {pair["key"]: pair["value"] for pair in headers}
        value: dict[str, Json] = {**inputs, "headers": headers}
        self._replies.give(turn.record.claim.run_id, WebhookReply.of(value))
        return TaskResult(value, domain=turn.domain)


def _condition(turn: Turn, action: Action, each: Each | None) -> TaskResult:
    from outcode.engine.conditions import Branching  # noqa: PLC0415 - Polars, which many flows never need

    branching = Branching(turn.context)
    answers = _elements(turn, action, each)
    names = [branching.branch_of(answer["branches"]) for answer in answers]
    known = [branch.name for branch in read_branches(answers[0]["branches"])] + [OTHERWISE]
    taken: dict[str, Json] = {name: names.count(name) for name in known}
    if each is None:
        routes: dict[str, Taken] = {name: name == names[0] for name in known}
        return TaskResult({"taken": taken}, domain=turn.domain, routes=routes)
    by_name: dict[str, list[int]] = {name: [] for name in known}
    for position, name in zip(each.positions, names, strict=True):
        by_name[name].append(position)
    return TaskResult(
        {"taken": taken},
        origin=each.origin,
        domain={**turn.domain, **each.domain},
        routes={name: tuple(positions) for name, positions in by_name.items()},
    )


def _merge(turn: Turn, action: Action) -> TaskResult:
    letters = merged_letters(turn.task)
    present = {letter: turn.results[letter] for letter in letters if letter in turn.results}
    inputs = _inputs(turn, action, absent=[letter for letter in letters if letter not in present])
    match inputs["mode"]:
        case "any":
            return first(present)
        case "append":
            return appended(turn.letter, present)
        case "join":
            return _joined(turn, list(present.values()), inputs["key"])
        case _:
            return merged(present)


def _joined(turn: Turn, results: Sequence[TaskResult], key: Json) -> TaskResult:
    from outcode.values.tables import read_options, run_table  # noqa: PLC0415 - the same

    rows, *others = ([] if result.value is None else result.value for result in results)
    for other in others:
        options = read_options("join", {"keys": [key], "kind": "inner"})
        rows = run_table(rows, other, options, turn.context).rows
    return TaskResult.of(turn.letter, rows)


def _delay(turn: Turn, inputs: Mapping[str, Answer]) -> TaskResult:
    now = datetime.now(UTC)
    wait = turn.mark.wait
    if wait is None or wait.kind != "delay":
        if inputs["mode"] == "until":
            until = datetime.fromisoformat(inputs["until"])
        else:
            until = now + timedelta(seconds=float(inputs["amount"]) * _UNITS[inputs["unit"]])
        wait = Wait("delay", until)
    if wait.until > now:
        raise TryAgain(wait, None)
    return TaskResult({"until": wait.until.isoformat()}, domain=turn.domain)


def _set_values(turn: Turn, action: Action, each: Each | None) -> TaskResult:
    values: list[Json] = [answer["values"] for answer in _elements(turn, action, each)]
    if each is None:
        return TaskResult(values[0], domain=turn.domain)
    return TaskResult(values, origin=each.origin, domain={**turn.domain, **each.domain})


def _inputs(turn: Turn, action: Action, *, absent: Sequence[str] = ()) -> dict[str, Answer]:
    """The inputs of a step that is taken once; ``absent`` are tasks that were not reached, and mean null."""
    scope = scope_of(turn.results, turn.roots) | {letter: Root(None) for letter in absent}
    return resolve_inputs(turn.task, action, scope, scope, allowed_hosts=frozenset(), timezone=turn.context.timezone)


def _elements(turn: Turn, action: Action, each: Each | None) -> list[dict[str, Answer]]:
    """The inputs of every element, or the one course's."""
    if each is None:
        return [_inputs(turn, action)]
    scope = scope_of(turn.results, turn.roots)
    return [
        resolve_inputs(
            turn.task,
            action,
            scope_of_element(scope, each, index),
            scope,
            allowed_hosts=frozenset(),
            timezone=turn.context.timezone,
        )
        for index in range(each.count)
    ]
