"""How often an app may be called, as its vendor states it: token buckets, one for each connection and limit."""

from __future__ import annotations

from datetime import date

from outcode.appkit.base import Declared


class Limit(Declared):
    """At most ``calls`` in ``seconds``, for one connection, shared by every process of the instance.

    >>> Limit(calls=5, seconds=1, source="https://example.com/limits", checked=date(2026, 11, 20)).calls
    5
    """

    calls: int
    seconds: int
    source: str
    """The vendor's page that says so."""
    checked: date
    """When it was read there."""
