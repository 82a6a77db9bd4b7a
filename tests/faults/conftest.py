"""The stage for faults, and the table that ``make faults`` prints."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from outcode.values import json
from outcode.workspace.settings import Settings
from tests.faults.stage import Stage, staged

_FINDINGS = pytest.StashKey[list[dict[str, Any]]]()


@dataclass(frozen=True)
class Extent:
    """How far to go: few faults in ``make test``, many in ``make faults``; the same ``seed`` tries the same again."""

    points: int = int(os.environ.get("FAULT_POINTS", "20"))
    restarts: int = int(os.environ.get("FAULT_RESTARTS", "3"))
    flows: int = int(os.environ.get("FAULT_FLOWS", "12"))
    rows_in_task: int = int(os.environ.get("FAULT_ROWS", "3000"))
    rows_kills: int = int(os.environ.get("FAULT_ROWS_KILLS", "2"))
    seed: int = int(os.environ.get("FAULT_SEED", "1"))
    rows: list[dict[str, Any]] = field(default_factory=list)

    def found(self, scenario: str, **figures: int) -> None:
        """Keep what a scenario came to, for the table."""
        self.rows.append({"scenario": scenario, **figures})


@pytest.fixture(scope="session")
def extent(request: pytest.FixtureRequest) -> Extent:
    """How many faults there shall be."""
    made = Extent()
    request.config.stash[_FINDINGS] = made.rows
    return made


@pytest.fixture
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    """A stage of this test's own."""
    async with staged(settings) as made:
        yield made


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Print what was found, as a table and as JSON, when somebody asked for the long form."""
    rows = config.stash.get(_FINDINGS, [])
    if not rows or "FAULT_POINTS" not in os.environ:
        return
    for row in rows:
        figures = "  ".join(f"{name} {value}" for name, value in row.items() if name != "scenario")
        sys.stdout.write(f"\n{row['scenario']:<44}{figures}")
    sys.stdout.write("\n" + json.dumps(rows) + "\n")
