"""How an app says that something went wrong: where its sentence stands, and what its codes mean to us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from outcode.appkit.base import Declared

Meaning = Literal[
    "credentials", "permission", "not_found", "conflict", "invalid", "too_large", "rate_limited", "unavailable"
]
"""``credentials``: the key or token is not (or no longer) accepted, so the connection needs attention."""


class Success(Declared):
    """What the JSON body of an answer holds when a call succeeded, for apps that answer 200 to failures.

    In a batch it is looked for in the entry of each item.

    >>> Success(path="ok", equals=True).path
    'ok'
    """

    path: str
    equals: str | int | bool | None


class ErrorMap(Declared):
    """Reads an app's error answers. HTTP statuses have their usual meaning unless ``statuses`` or ``codes`` say more.

    All paths are those of the JSON body. ``message``: paths of the vendor's sentence, the first that holds a text
    counts. ``code``: path of the vendor's code; ``codes``: what codes mean, also inside an answer of status 200 that
    ``success`` unmasks.

    >>> ErrorMap(message=("error.message",), code="error.type", codes={"NOT_FOUND": "not_found"}).codes["NOT_FOUND"]
    'not_found'
    """

    message: tuple[str, ...] = ()
    code: str | None = None
    codes: Mapping[str, Meaning] = {}
    statuses: Mapping[int, Meaning] = {}
    success: Success | None = None
    limited_when: Mapping[str, str] = {}
    """Headers that say, with this value, that a status of 403 or 429 is a rate limit and not a lack of rights."""
    reset_header: str | None = None
    """The header that says when to come again, in Unix seconds, where there is no ``Retry-After``."""
