"""``outcode connections``: the team's connections from the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outcode.apps.registry import find_app
from outcode.cli.arguments import read_json
from outcode.cli.console import DEFAULT_DATA_FOLDER, DataFolder, out, read_file, say, show_table
from outcode.cli.words import words
from outcode.cli.work import run_async, workplace
from outcode.values import json
from outcode.values.problems import InputProblem
from outcode.workspace.connections import ConnectionInfo, Upload

app = typer.Typer(help="Connections to apps.", no_args_is_help=True, rich_markup_mode=None)

_FIELDS_HELP = "The app's connection fields as a JSON object, or @FILE, or - for standard input."


@app.command("add")
def add(
    slug: Annotated[str, typer.Argument(help="The app, such as postgresql.")],
    name: Annotated[str, typer.Option(help="What flows call the connection.")],
    kind: Annotated[str | None, typer.Option(help="One of the app's kinds; without it the usual one.")] = None,
    fields: Annotated[str, typer.Option(help=_FIELDS_HELP)] = "{}",
    file: Annotated[Path | None, typer.Option(help="The file, where the connection is one.")] = None,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Add a connection. Credentials are encrypted; prefer @FILE or - over the command line, which others may see."""

    async def work() -> ConnectionInfo:
        answers = read_json("--fields", fields)
        if not isinstance(answers, dict):
            raise InputProblem("connection_fields_not_object")
        upload = Upload(file.name, read_file(file)) if file else None
        async with workplace(data_dir, holder="outcode connections add") as (instance, scope):
            return await instance.connections.add(scope, find_app(slug), name, answers, upload, kind=kind)

    info = run_async(work())
    say(words("connection.added", name=info.name, app=info.app))


@app.command("list")
def list_connections(
    as_json: Annotated[bool, typer.Option("--json")] = False, data_dir: DataFolder = DEFAULT_DATA_FOLDER
) -> None:
    """List connections, without their secrets."""

    async def work() -> list[ConnectionInfo]:
        async with workplace(data_dir, holder="outcode connections list") as (instance, scope):
            return await instance.connections.list(scope)

    found = run_async(work())
    if as_json:
        out(json.dumps([{"name": info.name, "app": info.app, "settings": info.settings} for info in found]))
        return
    show_table(("Name", "App", "Settings"), [(info.name, info.app, json.dumps(info.settings)) for info in found])


@app.command("test")
def try_connection(name: str, data_dir: DataFolder = DEFAULT_DATA_FOLDER) -> None:
    """Try a connection."""

    async def work() -> None:
        async with workplace(data_dir, holder="outcode connections test") as (instance, scope):
            info = await instance.connections.find(scope, name)
            await instance.caller.test(scope, find_app(info.app), name)

    run_async(work())
    say(words("connection.works", name=name))


@app.command("remove")
def remove(name: str, data_dir: DataFolder = DEFAULT_DATA_FOLDER) -> None:
    """Remove a connection and its file."""

    async def work() -> None:
        async with workplace(data_dir, holder="outcode connections remove") as (instance, scope):
            await instance.connections.remove(scope, name)

    run_async(work())
    say(words("connection.removed", name=name))
