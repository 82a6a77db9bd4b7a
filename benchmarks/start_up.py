"""How long a start takes until requests are answered, and how much memory all processes of an idle server hold."""

from __future__ import annotations

import os
import re
import statistics
import time
from pathlib import Path

from benchmarks.figures import Figure
from outcode.values.json import Json
from tests.support.serving import Serving, new_place, serving

STARTS = 7
IDLE_SECONDS = 3
PROC = Path("/proc")


def measure() -> list[Figure]:
    """A first start on a new data folder, then starts on the same one, the last of which is left idle."""
    ready: list[float] = []
    processor: list[float] = []
    memory: list[Figure] = []
    with new_place() as place:
        for number in range(1 + STARTS):
            begun = time.perf_counter()
            with serving("--example", place=place) as server:
                ready.append(time.perf_counter() - begun)
                if PROC.exists():
                    processor.append(_user_seconds(server.process.pid))
                    memory = _memory(server) if number == STARTS else []
    first, *later = ready
    conditions: dict[str, Json] = {"starts": STARTS, "database": "embedded", "role": "all"}
    figures = [
        Figure("ready, first start", first, "s", {"data folder": "new"}),
        Figure("ready, later starts", statistics.median(later), "s", conditions | {"statistic": "median"}),
        Figure("ready, slowest later start", max(later), "s", conditions | {"statistic": "maximum"}),
    ]
    if processor:
        # Busy neighbours make a start wait, and change this less.
        taken = statistics.median(processor[1:])
        figures.append(Figure("processor time until ready", taken, "s", conditions | {"statistic": "median"}))
    return [*figures, *memory]


def _memory(server: Serving) -> list[Figure]:
    time.sleep(IDLE_SECONDS)
    idle = _proportional_mebibytes(server.process.pid)
    said = server.call("POST", "/hooks/outcode/hello", {"name": "Roy"}, server.key)
    if said["greeting"] != "Hello Roy!":
        raise SystemExit(f"start_up: wrong reply: {said}")
    time.sleep(IDLE_SECONDS)
    after = _proportional_mebibytes(server.process.pid)
    conditions: dict[str, Json] = {"of": "server, sandbox, PostgreSQL", "measure": "proportional set size"}
    return [
        Figure("idle memory", idle, "MiB", conditions | {"runs before": 0}),
        Figure("idle memory", after, "MiB", conditions | {"runs before": 1}),
    ]


def _user_seconds(process: int) -> float:
    """What the process itself has computed so far, without its children."""
    fields = (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def _proportional_mebibytes(process: int) -> float:
    """The memory of a process and of all that it has started; what several share counts once."""
    pages = (PROC / str(process) / "smaps_rollup").read_text()
    own = re.search(r"^Pss:\s+(\d+) kB$", pages, re.MULTILINE)
    children = (PROC / str(process) / "task").glob("*/children")
    started = [int(child) for listed in children for child in listed.read_text().split()]
    return (int(own[1]) / 1024 if own else 0) + sum(map(_proportional_mebibytes, started))
