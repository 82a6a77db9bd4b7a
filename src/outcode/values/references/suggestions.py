"""What somebody may have meant: the nearest known name, and texts cut short enough for a message."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

_LONGEST = 100
_MOST = 1000


def shortened(text: str, limit: int = 60) -> str:
    """At most ``limit`` characters; what is cut off shows as an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like ``name``, or None; looks at the first 1,000 known names, so that it stays quick.

    >>> nearest("emial", ["name", "email"])
    'email'
    """
    candidates = [candidate for candidate in islice(known, _MOST) if len(candidate) <= _LONGEST]
    if len(name) > _LONGEST:
        return None
    by_folded = {_folded(candidate): candidate for candidate in reversed(candidates)}
    if (same := by_folded.get(_folded(name))) is not None:
        return same
    close = get_close_matches(name.casefold(), [candidate.casefold() for candidate in candidates], n=1, cutoff=0.6)
    if not close:
        return None
    return next(candidate for candidate in candidates if candidate.casefold() == close[0])


def _folded(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")
