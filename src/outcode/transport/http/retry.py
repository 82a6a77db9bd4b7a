"""When a call is repeated within a task, and after which wait; pure.

What was certainly not carried out may always be repeated: no connection came about, or the answer was 429. A lost
answer, 502, 503 and 504 leave open whether it was, so these are repeated only where that does no harm. Only short waits
happen inside a call: a longer ``Retry-After`` is handed on with the problem, for whoever plans retries.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from outcode.transport.http.decode import Response
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.problems import Problem, RateLimited

LONGEST_WAIT = 10.0
LONGEST_RETRY_AFTER = 3600.0
_NEVER_CARRIED_OUT = "http_connect_error"
_LOST = {"http_timeout", "http_connection_lost", "http_bad_response", "http_too_large"}
_REPEATED_WHEN_LOST = {"http_connection_lost"}
_OPEN_STATUSES = {502, 503, 504}


def wait_before_next(
    request: PreparedRequest,
    attempt: int,
    outcome: Response | Problem,
    *,
    moved: bool = False,
    limited: RateLimited | None = None,
) -> float | None:
    """Seconds to wait before attempt ``attempt + 1``, or None when ``outcome`` stands.

    ``moved``: a redirect was followed, so that the first server may have done its part already. ``limited``: what the
    answer means where the app says that it is a rate limit.
    """
    if attempt > request.retries:
        return None
    if isinstance(outcome, Problem):
        untouched = outcome.code == _NEVER_CARRIED_OUT and not moved
        lost = outcome.code in {_NEVER_CARRIED_OUT, *_REPEATED_WHEN_LOST}
        return backoff(attempt) if untouched or (lost and request.repeatable) else None
    untouched = (limited is not None or outcome.status == 429) and not moved
    if not untouched and not (request.repeatable and outcome.status in {429, *_OPEN_STATUSES}):
        return None
    asked = limited.retry_after if limited is not None else asked_to_wait(outcome, None)
    if asked is None:
        return backoff(attempt)
    return asked if asked <= LONGEST_WAIT else None


def may_have_been_done(request: PreparedRequest, outcome: Response | Problem, *, moved: bool = False) -> bool:
    """Whether a failed call may have been carried out all the same, in a way that repeating would do twice."""
    if request.repeatable:
        return False
    if isinstance(outcome, Problem):
        return outcome.code in _LOST or (moved and outcome.code == _NEVER_CARRIED_OUT)
    return outcome.status in _OPEN_STATUSES


def asked_to_wait(response: Response, reset_header: str | None) -> float | None:
    """Seconds that an answer asks to wait: by ``Retry-After``, else until the moment in the vendor's own header."""
    now = datetime.now(UTC)
    seconds = retry_after(response.header("retry-after"), now)
    moment = (response.header(reset_header) or "").strip() if reset_header is not None else ""
    if seconds is None and moment.isascii() and moment.isdigit() and len(moment) < 12:
        return min(max(int(moment) - now.timestamp(), 0.0), LONGEST_RETRY_AFTER)
    return seconds


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


def backoff(attempt: int) -> float:
    """Seconds before attempt ``attempt + 1`` where nobody asked for a certain wait: longer each time, never alike."""
    return random.uniform(0.5, 1.0) * min(0.4 * 2.0**attempt, LONGEST_WAIT)  # noqa: S311 - spreads load, hides nothing
