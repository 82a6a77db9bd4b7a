from __future__ import annotations

import asyncio

import pytest

from outcode.database.grouped import Grouped


class Writer:
    """Remembers the groups that it wrote; refuses negative items, and takes a moment."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    async def write(self, items: list[int]) -> list[str]:
        await asyncio.sleep(0.01)
        if min(items) < 0:
            raise ValueError(f"negative: {min(items)}")
        self.groups.append(items)
        return [str(item) for item in items]


async def test_what_arrives_during_a_write_is_the_next_group() -> None:
    writer = Writer()
    grouped = Grouped(writer.write)
    first = asyncio.create_task(grouped.submit(0))
    await asyncio.sleep(0.002)
    rest = await asyncio.gather(*(grouped.submit(item) for item in range(1, 50)))
    assert await first == "0"
    assert rest == [str(item) for item in range(1, 50)]
    assert [len(group) for group in writer.groups] == [1, 49]


async def test_groups_are_bounded() -> None:
    writer = Writer()
    grouped = Grouped(writer.write, most=10)
    await asyncio.gather(*(grouped.submit(item) for item in range(35)))
    assert [len(group) for group in writer.groups] == [10, 10, 10, 5]


async def test_one_that_cannot_be_written_fails_alone() -> None:
    writer = Writer()
    grouped = Grouped(writer.write)
    outcomes = await asyncio.gather(*(grouped.submit(item) for item in (1, -2, 3)), return_exceptions=True)
    assert outcomes[0] == "1"
    assert isinstance(outcomes[1], ValueError)
    assert outcomes[2] == "3"


async def test_whoever_stops_waiting_disturbs_nobody() -> None:
    writer = Writer()
    grouped = Grouped(writer.write)
    impatient = asyncio.create_task(grouped.submit(1))
    patient = asyncio.create_task(grouped.submit(2))
    await asyncio.sleep(0.002)
    impatient.cancel()
    assert await patient == "2"
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert await grouped.submit(3) == "3"
