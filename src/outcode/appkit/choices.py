"""Options that only the other side knows: the lists behind pick fields, asked for when a form is filled in."""

from __future__ import annotations

from outcode.appkit.base import Declared, Words
from outcode.appkit.calls import Request


class Choices(Declared):
    """Where the options of a field come from.

    ``call`` may take the fields named in ``depends_on`` (and the connection's); until they are filled in, nothing is
    asked. ``rows`` is the path of the list in the answer (``data.tables``); ``value`` and ``label`` are paths inside
    each entry. A form shows three empty states: not connected, a field it depends on is missing, and ``empty`` when the
    list is empty; a list that failed to load says why.
    """

    call: Request
    rows: str
    value: str
    label: str
    depends_on: tuple[str, ...] = ()
    empty: Words
