"""When a call is repeated within a task, and after which wait; pure.

Only short waits happen inside a call. A longer ``Retry-After`` is handed on with the problem, for whoever plans
retries.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from outcode.transport.http.decode import Response
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.problems import Problem

LONGEST_WAIT = 10.0
LONGEST_RETRY_AFTER = 3600.0
_STATUSES = {429, 502, 503, 504}
_CODES = {"http_connect_error", "http_connection_lost"}


def wait_before_next(request: PreparedRequest, attempt: int, outcome: Response | Problem) -> float | None:
    """Seconds to wait before attempt ``attempt + 1``, or None when ``outcome`` stands."""
    if attempt > request.retries or not request.repeatable:
        return None
    if isinstance(outcome, Problem):
        return _backoff(attempt) if outcome.code in _CODES else None
    if outcome.status not in _STATUSES:
        return None
    asked = retry_after(outcome.header("retry-after"), datetime.now(UTC))
    if asked is None:
        return _backoff(attempt)
    return asked if asked <= LONGEST_WAIT else None


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, from 0 to an hour; None when there is none that can be read.

    >>> retry_after("Sat, 21 Nov 2026 10:00:30 GMT", datetime(2026, 11, 21, 10, tzinfo=UTC))
    30.0
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def _backoff(attempt: int) -> float:
    return random.uniform(0.5, 1.0) * min(0.4 * 2.0**attempt, LONGEST_WAIT)  # noqa: S311 - spreads load, hides nothing
