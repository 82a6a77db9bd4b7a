"""What a task said to the outside and heard back, kept for its history: bounded, redacted already by the transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from outcode.transport.answer import CallTrace
from outcode.transport.http import Trace
from outcode.values import json
from outcode.values.json import Json

FIRST_CALLS = 20
FAILED_CALLS = 80
MOST_BYTES = 512 * 1024


def curl_of(call: Mapping[str, Json]) -> str | None:
    """A kept call as a command line, its secrets masked; None for a statement."""
    return Trace.from_dict(call).as_curl() if "method" in call else None


@dataclass(slots=True)
class CallLog:
    """The calls of one task: the first ones, and beyond them those that failed, as far as the space goes.

    >>> CallLog().as_json()
    {'count': 0, 'calls': []}
    """

    count: int = 0
    _kept: list[dict[str, Json]] = field(default_factory=list)
    _failed: int = 0
    _bytes: int = 0

    def add(self, trace: CallTrace, row: int | None = None) -> None:
        """Keep a call, or only count it. ``row`` counts from 1 where the task iterates."""
        self.count += 1
        beyond = len(self._kept) - self._failed >= FIRST_CALLS
        if beyond and (not trace.failed or self._failed >= FAILED_CALLS):
            return
        call = {**trace.as_dict(), "row": row}
        size = len(json.dump_bytes(call))
        if self._bytes + size > MOST_BYTES:
            return
        self._bytes += size
        self._failed += beyond
        self._kept.append(call)

    def as_json(self) -> dict[str, Json]:
        """``count``: all calls; ``calls``: those kept, in the order in which they ended."""
        return {"count": self.count, "calls": [*self._kept]}
