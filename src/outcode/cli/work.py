"""The way from a command's asynchronous work to the shell, and the instance that it works on."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import asyncpg
import typer
import uvloop
from sqlalchemy.exc import DBAPIError, IntegrityError

from outcode.apps.registry import all_apps
from outcode.database.data_folder import telling
from outcode.database.database import Database
from outcode.runs.instance import Instance, open_instance
from outcode.values.problems import SetupProblem
from outcode.workspace.people import Seat, create_workspace, first_seat
from outcode.workspace.scope import Scope
from outcode.workspace.settings import Settings

Result = TypeVar("Result")


def run_async(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a command's work to its end; problems are raised for ``main`` to explain.

    Ctrl+C cancels the work, which may then put things in order; the same holds for being told to end.
    """
    came: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        came.append(number)
        signal.raise_signal(signal.SIGINT)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks for
            signal.signal(number, end)
    try:
        return uvloop.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(128 + (came[0] if came else signal.SIGINT)) from None


@asynccontextmanager
async def workplace(folder: Path, *, holder: str) -> AsyncIterator[tuple[Instance, Scope]]:
    """The data folder's instance, next to a running server or alone, and the seat that commands act from."""
    async with opened(Settings.read(folder, os.environ), holder=holder, share=True) as instance:
        yield instance, (await first_workspace(instance.database)).scope


@asynccontextmanager
async def opened(
    settings: Settings, *, holder: str, share: bool, meanwhile: Callable[[], object] = all_apps
) -> AsyncIterator[Instance]:
    """The instance of a folder; raises SetupProblem also when its database cannot be reached or goes away.

    ``meanwhile`` is called in a thread while PostgreSQL starts.
    """
    with _database_told():
        if settings.database_url is not None:
            with telling(settings.folder):
                settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                (settings.folder / "blobs").mkdir(mode=0o700, exist_ok=True)
        async with open_instance(settings, holder=holder, share=share, meanwhile=meanwhile) as instance:
            yield instance


async def first_workspace(database: Database) -> Seat:
    """The first seat; an empty database gets one organization, team and user first.

    The way in for people is a one-time link, never a password.
    """
    with suppress(SetupProblem):
        return await first_seat(database)
    with suppress(IntegrityError):  # another process has just done the same; its workspace is ours
        await create_workspace(
            database, organization="Outcode", domain="outcode", team="Team", user="Owner", email="owner@localhost"
        )
    return await first_seat(database)


@contextmanager
def _database_told() -> Iterator[None]:
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError, ConnectionError, TimeoutError) as error:
        raise SetupProblem("database_unreachable", reason=_reason(error)) from error
    except OSError as error:
        if error.filename is not None:  # such as a full disk under the blobs
            reason = error.strerror or type(error).__name__
            raise SetupProblem("database_folder_unusable", folder=error.filename, reason=reason) from error
        raise SetupProblem("database_unreachable", reason=_reason(error)) from error


def _reason(error: BaseException) -> str:
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig.__cause__ or error.orig
    said = error.strerror if isinstance(error, OSError) else str(error)
    return (said or type(error).__name__).splitlines()[0][:200]
