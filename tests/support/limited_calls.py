"""A process of its own that makes limited calls and prints when each went; started by ``test_limits``."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import date

from outcode.appkit import Limit
from outcode.database.address import external
from outcode.database.database import Database
from outcode.workspace.limits import DatabaseLimiter


async def main(url: str, connection_id: str, calls: int, allowed: int) -> None:
    database = await Database.open(external(url))
    limiter = DatabaseLimiter(database)
    limit = Limit(calls=allowed, seconds=1, source="https://vendor.example/limits", checked=date(2026, 11, 20))
    print("ready", flush=True)
    sys.stdin.readline()

    async def call() -> None:
        await limiter.wait(connection_id, (limit,))
        print(time.time(), flush=True)

    await asyncio.gather(*(call() for _ in range(calls)))
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
