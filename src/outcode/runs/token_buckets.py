"""How often something may happen, counted in this process: no question to a database comes before a call.

With several server processes each counts for itself, so that together they let through as many times more. That is what
these limits are for: they keep one sender from using a process up, and are no quota that somebody pays for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from operator import itemgetter

_MOST_KEYS = 50_000


class TokenBuckets:
    """A bucket for each key: ``burst`` at once, and ``rate`` a second for ever.

    >>> buckets = TokenBuckets(rate=1, burst=2, clock=lambda: 0.0)
    >>> [buckets.take("a") for _ in range(3)]
    [0.0, 0.0, 1.0]
    """

    def __init__(
        self, rate: float, burst: float, *, most_keys: int = _MOST_KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._step = 1 / rate
        self._ahead = self._step * (burst - 1)
        self._most_keys = most_keys
        self._clock = clock
        # Of each key when its bucket will be full again: one number is all that a bucket is.
        self._full_at: dict[Hashable, float] = {}

    def take(self, key: Hashable) -> float:
        """Take a turn: 0 when it was to be had, else the seconds until one is."""
        now = self._clock()
        full_at = max(self._full_at.get(key, now), now)
        wait = full_at - now - self._ahead
        if wait > 1e-9:
            return wait
        if len(self._full_at) >= self._most_keys and key not in self._full_at:
            self._forget(now)
        self._full_at[key] = full_at + self._step
        return 0.0

    def wait(self, key: Hashable) -> float:
        """What :meth:`take` would answer, without taking."""
        now = self._clock()
        wait = self._full_at.get(key, now) - now - self._ahead
        return wait if wait > 1e-9 else 0.0

    def _forget(self, now: float) -> None:
        """Full buckets are as good as none; where all are in use, those that will be full first are let go."""
        in_use = [(key, full_at) for key, full_at in self._full_at.items() if full_at > now]
        in_use.sort(key=itemgetter(1), reverse=True)
        self._full_at = dict(in_use[: self._most_keys // 2])
