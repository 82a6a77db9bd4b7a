"""Random flows that count at the receiver: what they were made to count is what arrives, number for number."""

from __future__ import annotations

import random
from collections import Counter
from string import ascii_lowercase
from typing import Any

from tests.faults.conftest import Extent
from tests.faults.stage import Counting, Stage
from tests.support.flows import script


class RandomFlow:
    """A flow made by chance, and how often each of its tasks will count."""

    def __init__(self, chance: random.Random, counter: Counting) -> None:
        self.tasks: dict[str, Any] = {}
        self.expected: Counter[str] = Counter()
        self._lengths: dict[str, int | None] = {}
        """The number of elements of each result that is an array, None for a single value."""
        self._counter = counter
        for letter in ascii_lowercase[: chance.randint(3, 10)]:
            getattr(self, f"_{chance.choice(('values', 'mapped', 'each', 'each', 'once', 'sum'))}")(letter, chance)

    def _values(self, letter: str, chance: random.Random) -> None:
        length = chance.choice((None, 0, 1, 3, 17))
        code = "return 1" if length is None else f"return Array.from({{length: {length}}}, () => 1)"
        self._add(letter, script(code), length)

    def _mapped(self, letter: str, chance: random.Random) -> None:
        before = self._before(chance)
        if before is None:
            self._values(letter, chance)
            return
        self._add(letter, script("return input.n", input={"n": f"{{{{{before}}}}}"}), self._lengths[before])

    def _each(self, letter: str, chance: random.Random) -> None:
        before = self._before(chance)
        if before is None:
            self._values(letter, chance)
            return
        times = chance.randint(1, 5)
        body = {"run": "{{run.id}}", "task": letter, "times": times, "n": f"{{{{{before}}}}}"}
        length = self._lengths[before]
        self._add(letter, self._post(body), length)
        self.expected[letter] += times * (1 if length is None else length)

    def _once(self, letter: str, chance: random.Random) -> None:
        before = self._before(chance)
        body: dict[str, Any] = {"run": "{{run.id}}", "task": letter}
        if before is not None:
            body["all"] = f"{{{{{before}}}}}"
        self._add(letter, {**self._post(body), "run_once": True}, None)
        self.expected[letter] += 1

    def _sum(self, letter: str, chance: random.Random) -> None:
        before = self._before(chance)
        if before is None or self._lengths[before] is None:
            self._once(letter, chance)
            return
        self._add(letter, script("return input.all.length", input={"all": f"{{{{{before}[*]}}}}"}), None)

    def _before(self, chance: random.Random) -> str | None:
        """A task whose elements are values, not answers of the receiver."""
        pure = [letter for letter in self._lengths if self.tasks[letter]["app"] == "javascript"]
        return chance.choice(pure) if pure else None

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        inputs = {"method": "POST", "url": f"{self._counter.base}/count", "body_type": "json", "body": body}
        return {"app": "api", "action": "http_request", "inputs": inputs}

    def _add(self, letter: str, task: dict[str, Any], length: int | None) -> None:
        self.tasks[letter] = task
        self._lengths[letter] = length


async def test_random_flows_count_what_they_say(stage: Stage, extent: Extent) -> None:
    chance = random.Random(extent.seed)
    flows = [RandomFlow(chance, stage.counter) for _ in range(extent.flows)]
    for _ in range(2):
        stage.worker(OUTCODE_LEASE_SECONDS="60")  # a machine that is too busy is no fault to be tried here
    runs = [await stage.start(flow.tasks) for flow in flows]
    for run, flow in zip(await stage.all_ended(runs), flows, strict=True):
        assert run.state == "done", (run, flow.tasks)
        counted = {letter: stage.counter.counts[run.id, letter] for letter in flow.tasks}
        assert counted == {letter: flow.expected[letter] for letter in flow.tasks}, flow.tasks
    extent.found("random flows", flows=len(flows), counted=stage.counter.counts.total())
