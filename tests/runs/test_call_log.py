from __future__ import annotations

from dataclasses import dataclass

from outcode.runs.call_log import FAILED_CALLS, FIRST_CALLS, MOST_BYTES, CallLog
from outcode.values import json
from outcode.values.json import Json


@dataclass(frozen=True)
class Call:
    failed: bool = False
    text: str = ""

    def as_dict(self) -> dict[str, Json]:
        return {"failed": self.failed, "text": self.text}


def test_the_first_calls_are_kept_and_later_only_those_that_failed() -> None:
    log = CallLog()
    for row in range(1, 1001):
        log.add(Call(failed=row > 100), row)
    kept = log.as_json()
    assert kept["count"] == 1000
    rows = [call["row"] for call in kept["calls"]]
    assert rows == [*range(1, FIRST_CALLS + 1), *range(101, 101 + FAILED_CALLS)]


def test_long_calls_do_not_fill_the_history() -> None:
    log = CallLog()
    for _ in range(FIRST_CALLS):
        log.add(Call(text="x" * 100_000))
    assert log.count == FIRST_CALLS
    assert 0 < len(json.dump_bytes(log.as_json())) <= MOST_BYTES + 100
