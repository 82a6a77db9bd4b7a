"""Running a statement again where the server says that another transaction was in the way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from outcode.values.problems import VendorRejected

_FIRST_PAUSE_SECONDS = 0.05
_Result = TypeVar("_Result")


async def retried(attempt: Callable[[], Awaitable[_Result]], *, retries: int) -> _Result:
    """The result of ``attempt``, made again up to ``retries`` times while it raises ``sql_try_again``.

    Pauses grow from about 50 ms, doubling, with jitter. Only for a statement of which nothing stays when the server
    refuses it; where the statement itself may commit on the way, ``retries`` is 0.
    """
    for number in range(retries):
        try:
            return await attempt()
        except VendorRejected as problem:
            if problem.code != "sql_try_again":
                raise
        await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**number * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
    return await attempt()
