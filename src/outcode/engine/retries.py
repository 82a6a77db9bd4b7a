"""Whether a failed task is tried again, and when; pure."""

from __future__ import annotations

import random

from outcode.flows.dataflow import Retry
from outcode.values.problems import Problem, RateLimited, Stopped, VendorDown, VendorRejected

MOST_LIMIT_WAITS = 20
"""How often in all a task may be told to come again later before that counts as its failure."""
_NEVER_CARRIED_OUT = frozenset(
    {
        "dns_error",
        "http_connect_error",
        "redis_connect_timeout",
        "redis_pool_busy",
        "redis_unreachable",
        "sql_connect_timeout",
        "sql_pool_busy",
        "sql_unreachable",
        "token_server_unavailable",
    }
)


def seconds_until_next(retry: Retry, attempt: int, problem: Problem, *, repeatable: bool) -> float | None:
    """Seconds to wait before attempt ``attempt + 1``, None when the problem stands.

    A vendor that says when to come again is obeyed without that counting as an attempt too many: nothing was done.

    >>> seconds_until_next(Retry(), 1, RateLimited("http_status_429", retry_after=60), repeatable=False)
    60
    """
    asked = problem.retry_after
    if isinstance(problem, RateLimited) and asked is not None and asked <= retry.longest_seconds * 6:
        return asked if attempt <= max(MOST_LIMIT_WAITS, retry.attempts) else None
    if attempt >= retry.attempts or _kind(problem) not in retry.on:
        return None
    untouched = isinstance(problem, RateLimited) or problem.code in _NEVER_CARRIED_OUT
    if not untouched and not repeatable:
        return None
    longest = min(retry.wait_seconds * 2.0 ** (attempt - 1), retry.longest_seconds)
    wait = random.uniform(0.5, 1.0) * longest  # noqa: S311 - spreads load, hides nothing
    return max(wait, asked or 0.0)


def _kind(problem: Problem) -> str | None:
    match problem:
        case RateLimited():
            return "rate_limit"
        case VendorDown():
            return "unavailable"
        case Stopped() if problem.code.endswith("timeout"):
            return "timeout"
        case VendorRejected():
            return "rejected"
        case _:
            return None
