"""Whether this process lives (``/healthz``) and whether it can serve (``/readyz``)."""

from __future__ import annotations

import asyncio

import asyncpg
from fastapi import APIRouter, Response

from outcode.server.access import CurrentInstance

router = APIRouter(tags=["health"])

_ANSWER_SECONDS = 2.0


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(instance: CurrentInstance, response: Response) -> dict[str, str]:
    """The database answers; 503 while it does not."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS), instance.database.pool.acquire() as connection:
            await connection.fetchval("SELECT 1")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        response.status_code = 503
        return {"status": "database does not answer"}
    return {"status": "ready"}
