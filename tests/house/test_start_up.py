"""A start imports what it needs and no more: libraries of single apps and tasks come with their first call."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LATER = {
    "aiohttp",
    "alembic",
    "botocore",
    "feedparser",
    "jwt",
    "mini_racer",
    "openpyxl",
    "pgqueuer",
    "polars",
    "pymysql",
    "python_calamine",
    "redis",
    "yaml",
}
"""Together they took as long as all the rest, and half of the memory of an idle server."""

STARTS = {
    "serve": """
import outcode.cli.serve, outcode.server.app
outcode.server.app.create_app(None)
outcode.cli.serve.all_apps()
""",
    "check": """
from pathlib import Path
from outcode.apps.registry import all_apps
from outcode.cli.check import check
from outcode.flows.check import check_dataflow
from outcode.flows.plain import parse_flow
task = {"app": "javascript", "action": "function_execution", "inputs": {"code": "return 1"}}
assert not check_dataflow(parse_flow({"outcode": 1, "kind": "dataflow", "name": "a", "tasks": {"a": task}}), all_apps())
""",
}


@pytest.mark.parametrize("start", STARTS)
def test_nothing_is_imported_that_can_wait(start: str) -> None:
    allowed = {"yaml"} if start == "check" else set()
    assert imported(STARTS[start]) & LATER == allowed


def test_what_is_looked_for_would_be_found() -> None:
    assert imported("import outcode.transport.http.wire, outcode.values.tables") & LATER == {"aiohttp", "polars"}


def imported(code: str) -> set[str]:
    """The top-level packages that a new process has after some code."""
    told = "\nimport json, sys; print(json.dumps([name for name in sys.modules if '.' not in name]))"
    done = subprocess.run([sys.executable, "-c", code + told], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))
