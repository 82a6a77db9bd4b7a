"""A process of its own that fires schedules until it is killed; started by ``test_scheduler``.

``--clock`` shifts what Python believes the time to be, as a wrong clock of a machine would.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("database_url")
    parser.add_argument("--clock", type=float, default=0)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--pause", type=float, default=0)
    given = parser.parse_args()
    if given.clock:
        shift_clock(given.clock)
    asyncio.run(fire(given.folder, given.database_url, given.batch, given.pause))


def shift_clock(seconds: float) -> None:
    """Before anything of the product is imported, so that it cannot have kept the right clock."""
    real = time.time
    by = datetime.timedelta(seconds=seconds)

    class Shifted(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Shifted:
            return cls.fromtimestamp(real(), tz) + by

    time.time = lambda: real() + seconds
    datetime.datetime = Shifted  # type: ignore[misc]


async def fire(folder: Path, database_url: str, batch: int | None, pause: float) -> None:
    # Imported after the clock was shifted; a whole instance would take longer to start than all the rest.
    from outcode.database.address import external  # noqa: PLC0415
    from outcode.database.blobs import BlobStore  # noqa: PLC0415
    from outcode.database.database import Database  # noqa: PLC0415
    from outcode.runs.firing import Firing  # noqa: PLC0415
    from outcode.runs.payloads import PayloadStore  # noqa: PLC0415
    from outcode.runs.queue import RunQueue  # noqa: PLC0415
    from outcode.runs.scheduler import Scheduler  # noqa: PLC0415

    address = external(database_url)
    database = await Database.open(address)
    firing = Firing(database, PayloadStore(BlobStore(folder / "blobs")))
    scheduler = Scheduler(firing, await RunQueue.open(address))
    print("ready", flush=True)
    if batch is None:
        scheduler.start()
        await asyncio.sleep(3600)
    while (await firing.fire(batch or 1)).seen:
        await asyncio.sleep(pause)
    await asyncio.sleep(3600)


if __name__ == "__main__":
    main()
