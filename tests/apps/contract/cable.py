"""The line to a server, and what may happen to it: it breaks, it falls silent, a stranger answers, nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

from tests.support.serving import free_port

Fate = Literal["breaks", "falls silent", "stranger", "nobody"]
_STRANGER = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def cable(port: int, fate: Fate, at: bytes) -> AsyncIterator[int]:
    """A port that leads to ``port``; breaking and silence come when ``at`` is sent, before the server hears of it."""
    if fate == "nobody":
        yield free_port()
        return
    working: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if fate == "stranger":
            writer.write(_STRANGER)
            writer.close()
            return
        behind_reader, behind = await asyncio.open_connection("127.0.0.1", port)
        back = asyncio.create_task(_hand_on(behind_reader, writer))
        working.add(back)
        try:
            while (content := await reader.read(65536)) and at not in content:
                behind.write(content)
            if content and fate == "falls silent":
                back.cancel()
                await reader.read()
        except OSError:
            pass
        finally:
            writer.transport.abort()
            behind.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        working.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while content := await reader.read(65536):
            writer.write(content)
