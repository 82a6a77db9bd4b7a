"""Actions that take many rows in one call, with an outcome for each of them."""

from __future__ import annotations

from outcode.appkit.base import Declared
from outcode.appkit.calls import Request
from outcode.appkit.errors import Success
from outcode.appkit.template import Template


class Batch(Declared):
    """One call for up to ``maximum`` elements of an iterating task, in place of one call each.

    ``item`` is what one element adds, made of its own inputs; the items stand at ``Input(field="items")`` of ``call``.
    ``outcomes`` is the path of the answer's list (``data.results``) with one entry an item in the order sent; the entry
    is then the ``data`` of the item's answer. An entry failed when ``success`` does not hold for it; ``error`` is the
    path of the reason inside it. Without ``outcomes`` the call is
    done or failed for all of its elements alike. ``shared`` names fields that must be equal in all elements of a call;
    the call may take them, too.
    """

    maximum: int
    call: Request
    item: Template
    outcomes: str | None = None
    success: Success | None = None
    error: str | None = None
    shared: tuple[str, ...] = ()
