"""Many waiters, one transaction: what arrives while a group is being written forms the next group.

A commit costs a write to disk whatever it holds, so the throughput of small transactions is that of the disk. Grouped,
it is that of the work itself; and as nobody waits for a group to fill, a lone item is written at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Grouped(Generic[Item, Outcome]):
    """Hands items to ``write`` in groups of at most ``most``, one group at a time.

    ``write`` answers one outcome for each item, in order. When it raises, each item of the group is tried alone, so
    that one that cannot be written fails nobody else.

    >>> async def double(items: list[int]) -> list[int]:
    ...     return [2 * item for item in items]
    >>> asyncio.run(Grouped(double).submit(4))
    8
    """

    def __init__(self, write: Callable[[list[Item]], Awaitable[Sequence[Outcome]]], most: int = 200) -> None:
        self._write = write
        self._most = most
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Outcome:
        """The item's outcome once its group is committed; raises what writing it raised.

        Whoever stops waiting does not take the item back.
        """
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all(), name="grouped writes")
        return await future

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                count = min(self._most, len(self._waiting))
                await self._write_group([self._waiting.popleft() for _ in range(count)])
        finally:
            self._writing = None

    async def _write_group(self, group: list[tuple[Item, asyncio.Future[Outcome]]]) -> None:
        (outcomes,) = await asyncio.gather(self._write([item for item, _ in group]), return_exceptions=True)
        if not isinstance(outcomes, BaseException):
            for (_, future), outcome in zip(group, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)
        elif len(group) > 1:
            for one in group:
                await self._write_group([one])
        elif not group[0][1].done():
            group[0][1].set_exception(outcomes)
