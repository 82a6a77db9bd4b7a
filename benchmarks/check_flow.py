"""How long a flow of 300 tasks takes to be checked when it is saved: texts seen before, and texts all new."""

from __future__ import annotations

from itertools import count, pairwise

from benchmarks.figures import Figure, seconds
from outcode.apps.registry import all_apps
from outcode.flows.check import check_dataflow
from outcode.flows.dataflow import Dataflow
from outcode.flows.plain import parse_flow
from outcode.values.json import Json

TASKS = 300


def measure() -> list[Figure]:
    """Milliseconds for one check, with and without the memory of templates read before."""
    apps = all_apps()
    known = _flow("known")
    if problems := check_dataflow(known, apps):
        raise SystemExit(f"check_flow: {problems[0]}")
    fresh = (_flow(f"new {number}") for number in count())
    flows = [next(fresh) for _ in range(10)]
    again = seconds(lambda: check_dataflow(known, apps))
    first = seconds(lambda: check_dataflow(flows.pop(), apps))
    conditions: dict[str, Json] = {"tasks": TASKS, "references": 4 * (TASKS - 1), "statistic": "median of 7"}
    return [
        Figure("check again", 1000 * again, "ms", conditions),
        Figure("check texts never seen", 1000 * first, "ms", conditions),
    ]


def _flow(mark: str) -> Dataflow:
    letters = [_letter(number) for number in range(TASKS)]
    tasks: dict[str, Json] = {letters[0]: _script("return {n: 1}", {})}
    for before, letter in pairwise(letters):
        texts = {f"t{number}": f"{mark} {letter} {number}: {{{{{before}.n}}}}" for number in range(3)}
        tasks[letter] = _script("return {n: input.n}", {"n": f"{{{{{before}.n}}}}", **texts})
    return parse_flow({"outcode": 1, "kind": "dataflow", "name": "Long", "tasks": tasks})


def _script(code: str, argument: dict[str, Json]) -> dict[str, Json]:
    inputs: dict[str, Json] = {"code": code, "input": argument}
    return {"app": "javascript", "action": "function_execution", "inputs": inputs}


def _letter(number: int) -> str:
    """a … z, aa … az, ba …"""
    return chr(97 + number) if number < 26 else chr(96 + number // 26) + chr(97 + number % 26)
