"""Keyset paging: a page names the last id it showed, and the next one goes on from there."""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Path, Query

from outcode.values.problems import InputProblem, NotFound, Place

MAX_LIMIT = 200
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items a page holds at most.")]


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=_HasId)


def cut(found: list[Item], limit: int) -> tuple[list[Item], str | None]:
    """A page and the cursor after it, from one item more than the page holds: None when nothing comes after it."""
    page = found[:limit]
    return page, _cursor(page[-1].id) if len(found) > limit else None


def _cursor(item_id: str) -> str:
    return base64.urlsafe_b64encode(uuid.UUID(item_id).bytes).decode().rstrip("=")


def _before(cursor: Annotated[str | None, Query(description="next_cursor of the page before.")] = None) -> str | None:
    if cursor is None:
        return None
    try:
        before = str(uuid.UUID(bytes=base64.urlsafe_b64decode(cursor + "==")))
    except (ValueError, binascii.Error) as error:
        raise InputProblem("cursor_invalid", Place(field="cursor")) from error
    if _cursor(before) != cursor:  # decoding passes over characters that are not base64
        raise InputProblem("cursor_invalid", Place(field="cursor"))
    return before


Before = Annotated[str | None, Depends(_before)]
"""The id after which a page begins, from the query's ``cursor``."""


def _id(id: Annotated[str, Path()]) -> str:  # noqa: A002 - the path says {id}
    try:
        return str(uuid.UUID(id))
    except ValueError as error:
        raise NotFound("id_invalid", Place(field="id")) from error


Id = Annotated[str, Depends(_id)]
"""The ``{id}`` of the path."""


def _flow_id(flow_id: Annotated[str | None, Query(description="Only runs of this flow.")] = None) -> str | None:
    return None if flow_id is None else checked_id(flow_id, "flow_id")


def checked_id(text: str, field: str) -> str:
    """An id that a request names in a field; raises InputProblem for what cannot be one."""
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise InputProblem("id_invalid", Place(field=field)) from error


OfFlow = Annotated[str | None, Depends(_flow_id)]
"""The flow that a list is narrowed to, from the query's ``flow_id``."""
