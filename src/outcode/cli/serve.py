"""``outcode serve``: the server, the worker, or both in one process."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from outcode.apps.registry import all_apps
from outcode.cli.console import DEFAULT_DATA_FOLDER, DataFolder, say
from outcode.cli.example import Example, load_example
from outcode.cli.importing import imported
from outcode.cli.words import words
from outcode.cli.work import first_workspace, opened, run_async
from outcode.database.data_folder import existing
from outcode.database.lock import holder_of
from outcode.runs.instance import Instance
from outcode.server.demo import DemoReceiver
from outcode.server.listening import Listening
from outcode.values.problems import SetupProblem
from outcode.workspace.keys import add_start_link
from outcode.workspace.settings import DEFAULT_HOST, DEFAULT_PORT, Settings

_BACKLOG = 2048
_REQUESTS_LONGER_SECONDS = 5
"""Requests get a little more time than runs, so that who waits for a run hears of its end; then they are cut off."""


class Role(StrEnum):
    """What this process does."""

    ALL = "all"
    SERVER = "server"
    WORKER = "worker"


def serve(
    role: Annotated[Role, typer.Option(help="all, or one part when several processes share a database.")] = Role.ALL,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = DEFAULT_HOST,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = DEFAULT_PORT,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
    example: Annotated[bool, typer.Option("--example", help="Load example flows and run their receiver.")] = False,
) -> None:
    """Start Outcode and serve until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("alembic", "pgqueuer"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    run_async(_serve(role, host, port, data_dir, example=example))


async def _serve(role: Role, host: str, port: int, folder: Path, *, example: bool) -> None:
    told = _Told()
    settings = Settings.read(folder, os.environ)
    if role is not Role.WORKER and settings.database_url is None:
        _refuse_held(folder)
    listener = _listen(host, port) if role is not Role.WORKER else None
    async with AsyncExitStack() as stack:
        demo = await stack.enter_async_context(DemoReceiver.start()) if example else None
        if demo is not None:
            allowed = f"{settings.egress_allow} {demo.host}:{demo.port}"
            settings = replace(settings, egress_allow=allowed)
        if settings.public_url is None:
            settings = replace(settings, public_url=f"http://{_reachable(host)}:{port}")
        holder = f"outcode serve --role {role.value}"
        meanwhile = all_apps if role is Role.WORKER else partial(imported, "outcode.server.app")
        opening = opened(settings, holder=holder, share=role is Role.WORKER, meanwhile=meanwhile)
        instance = await stack.enter_async_context(opening)
        if listener is not None:
            instance.guard.refuse_port(port)
        await first_workspace(instance.database)
        loaded = await load_example(instance, demo) if demo is not None else None
        await stack.enter_async_context(_working(instance, told))
        start_worker = partial(_start, instance, role)
        if listener is None:
            start_worker()
            say(words("serve.worker"))
            await told.drain.wait()
        else:
            greeting = await _greeting(instance, host, port, loaded)
            await _serve_http(instance, listener, greeting, start_worker, told)
    say(words("serve.stopped"))


class _Told:
    """Being told to stop: the first time lets what is at work finish, the second time does not."""

    def __init__(self) -> None:
        self.drain = asyncio.Event()
        self._main = asyncio.current_task()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(sign) is not signal.SIG_IGN:  # as nohup asks for
                asyncio.get_running_loop().add_signal_handler(sign, self._tell)

    def _tell(self) -> None:
        if not self.drain.is_set():
            self.drain.set()
            say(words("serve.draining"))
        elif self._main is not None:
            self._main.cancel()


def _refuse_held(folder: Path) -> None:
    """Name who has the data folder, before its port is found taken by the same process."""
    data = existing(folder)
    holder = holder_of(data.lock) if data else None
    if data and holder:
        raise SetupProblem("database_folder_held", folder=data.path, pid=holder.pid or "?", holder=holder.what or "?")


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket, taken first: a taken port is told before anything is started."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SetupProblem("port_taken", host=host, port=port) from error
        raise SetupProblem("address_unusable", host=host, port=port, reason=error.strerror or "unknown") from error
    except (UnicodeError, ValueError) as error:
        listener.close()
        raise SetupProblem("address_unusable", host=host[:100], port=port, reason="not an address") from error
    return listener


@asynccontextmanager
async def _working(instance: Instance, told: _Told) -> AsyncIterator[None]:
    """See to it that worker and scheduler, once they are started, stop in good order."""
    draining = asyncio.create_task(_drain(instance, told))
    try:
        yield
    finally:
        await instance.scheduler.stop()
        await instance.worker.stop()
        draining.cancel()


def _start(instance: Instance, role: Role) -> None:
    instance.worker.start(consume=role is not Role.SERVER)
    if role is not Role.WORKER:
        instance.scheduler.start()


async def _drain(instance: Instance, told: _Told) -> None:
    """Runs stop being taken with the first word, while requests are still answered."""
    await told.drain.wait()
    instance.worker.drain()


async def _serve_http(
    instance: Instance, listener: socket.socket, greeting: str, start_worker: Callable[[], None], told: _Told
) -> None:
    from outcode.server.app import create_app  # noqa: PLC0415 - imported already, while PostgreSQL started

    config = uvicorn.Config(
        create_app(instance),
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=round(instance.settings.pace.drain_seconds) + _REQUESTS_LONGER_SECONDS,
    )
    server = _Server(config, greeting, start_worker)
    stopping = asyncio.create_task(server.stop_when(told.drain))
    try:
        await server.serve([listener])
    finally:
        stopping.cancel()


class _Server(Listening):
    """Greets once requests are answered; only then the worker starts, which has its queue's library to import."""

    def __init__(self, config: uvicorn.Config, greeting: str, start_worker: Callable[[], None]) -> None:
        super().__init__(config)
        self._greeting = greeting
        self._start_worker = start_worker

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        say(self._greeting)
        self._start_worker()

    async def stop_when(self, told: asyncio.Event) -> None:
        """Stop serving once the event is set."""
        await told.wait()
        self.should_exit = True


async def _greeting(instance: Instance, host: str, port: int, loaded: Example | None) -> str:
    seat = await first_workspace(instance.database)
    base = f"http://{_reachable(host)}:{port}"
    token = await add_start_link(instance.database, seat.scope)
    lines = ["", words("serve.ready", base=base), "", words("serve.link"), f"  {base}/start?token={token}"]
    if loaded is not None:
        lines += loaded.lines(base)
    lines += ["", words("serve.stop", folder=instance.settings.folder)]
    return "\n".join(lines)


def _reachable(host: str) -> str:
    """The host as it stands in a link."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - every address of this machine, this one among them
        return "localhost"
    return f"[{host}]" if ":" in host else host
