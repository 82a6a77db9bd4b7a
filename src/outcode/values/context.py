"""What reading a cell depends on besides the cell and its type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class ReadContext:
    """The organization's timezone, the start of the run, and what is known about ``03/04/2026``.

    ``now`` is aware. ``day_first`` is what somebody answered to the question whether such a date starts with the day
    (True) or the month (False); None: nobody was asked, so such a date is a problem. A type's own option stands first.
    """

    timezone: ZoneInfo
    now: datetime
    day_first: bool | None = None
