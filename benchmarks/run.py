"""Run benchmarks one after the other and print their figures as JSON: ``python -m benchmarks.run [NAME ...]``.

A figure is nothing without its machine and conditions, so they stand beside it. Results are printed, never asserted:
tests check what is true, this tells how fast.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import (
    check_flow,
    json_round_trip,
    recovery,
    references,
    schedules,
    start_up,
    table_tasks,
    transform_types,
    webhook_reply,
)
from benchmarks.figures import Figure, machine
from outcode.values import json

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "check_flow": check_flow.measure,
    "json_round_trip": json_round_trip.measure,
    "recovery": recovery.measure,
    "references": references.measure,
    "schedules": schedules.measure,
    "start_up": start_up.measure,
    "table_tasks": table_tasks.measure,
    "transform_types": transform_types.measure,
    "webhook_reply": webhook_reply.measure,
}


def main() -> None:
    """Run those named, or all."""
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"No benchmark is called {', '.join(unknown)}. There are: {', '.join(BENCHMARKS)}.")
    before = machine()
    results: dict[str, json.Json] = {}
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results[name] = [figure.as_dict() for figure in BENCHMARKS[name]()]
    print(json.dumps({"machine": before, "benchmarks": results}))


if __name__ == "__main__":
    main()
