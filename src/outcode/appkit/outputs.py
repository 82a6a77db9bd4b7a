"""What an action answers, declared so that it can be referenced before any run."""

from __future__ import annotations

from typing import Literal

from outcode.appkit.base import Declared, Words
from outcode.appkit.template import Input


class OutputField(Declared):
    """One key of a result (or of each row) that can be referenced before any run."""

    path: str
    """Dotted: ``status``, ``headers.content-type``."""
    label: Words
    type: Literal["text", "number", "boolean", "datetime", "object", "list", "any"] = "any"
    sensitive: bool = False


class Outputs(Declared):
    """What an action answers, and which part of it is the task's result.

    ``rows``: path of the array that *is* the result; what stands around it is ``$meta``. An ``Input`` names the field
    in which the user wrote that path; empty means no rows. ``result``: path of a result that may be of any type (a
    script's returned value, or ``data``: what an HTTP answer holds). With neither, the result is the whole answer, an
    object.
    """

    rows: str | Input | None = None
    result: str | None = None
    fields: tuple[OutputField, ...] = ()
    open: bool = False
    """Whether there are further keys, which the other side's data names (columns of somebody's sheet)."""
    meta: tuple[OutputField, ...] = ()
