"""What a benchmark measures with and reports in."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from outcode.values.json import Json


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, its unit, and under which conditions it came about.

    >>> Figure("read", 120.5, "rows/s", {"rows": 1000}).as_dict()["value"]
    Decimal('120.5')
    """

    name: str
    value: float
    unit: str
    conditions: dict[str, Json]

    def as_dict(self) -> dict[str, Json]:
        """The form in which it is printed, with four significant digits at least."""
        digits = max(0, 4 - len(str(int(abs(self.value)))))
        value = round(Decimal(str(self.value)), digits)
        return {"name": self.name, "value": value, "unit": self.unit, "conditions": self.conditions}


def seconds(work: Callable[[], object], *, repeats: int = 7) -> float:
    """The median time of one call, after one call that is not counted."""
    work()
    taken: list[float] = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def machine() -> dict[str, Json]:
    """Where and when this runs; ``load`` is the average of the minute before, since busy neighbours slow everything."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "load": round(Decimal(str(os.getloadavg()[0])), 2),
        "python": platform.python_version(),
        "commit": commit(),
    }


def processor() -> str:
    """The model as the system calls it."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def commit() -> str | None:
    """The commit measured, marked where files differ from it; None outside a git checkout."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return described.stdout.strip() or None
