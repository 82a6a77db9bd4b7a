"""Why a failed task waits before it is tried again, as people are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from outcode.runs.claims import Wait
from outcode.values.problems import Problem, RateLimited


def wait_for(problem: Problem, seconds: float, connection: str | None) -> Wait:
    """The wait of so many seconds from now, with the connection whose rate limit it is."""
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    if isinstance(problem, RateLimited):
        return Wait("rate_limit", until, {"connection": connection} if connection is not None else {})
    return Wait("retry", until)
