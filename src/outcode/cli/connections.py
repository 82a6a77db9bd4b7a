"""``outcode connections``: the team's connections from the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outcode.apps.registry import find_app
from outcode.cli.arguments import read_json
from outcode.cli.console import DEFAULT_DATA_FOLDER, DataFolder, out, read_file, say, show_table
from outcode.cli.words import language, words
from outcode.cli.work import run_async, workplace
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import InputProblem, restored
from outcode.workspace.connections import ConnectionInfo, Upload

app = typer.Typer(help="Connections to apps.", no_args_is_help=True, rich_markup_mode=None)

_FIELDS_HELP = "The app's connection fields as a JSON object, or @FILE, or - for standard input."

Kind = Annotated[str | None, typer.Option(help="One of the app's kinds; without it the usual one.")]
Fields = Annotated[str, typer.Option(help=_FIELDS_HELP)]
ConnectionFile = Annotated[Path | None, typer.Option(help="The file, where the connection is one.")]
NoTest = Annotated[bool, typer.Option("--no-test", help="Store it without trying the credentials.")]


@app.command("add")
def add(
    slug: Annotated[str, typer.Argument(help="The app, such as postgresql.")],
    name: Annotated[str, typer.Option(help="What flows call the connection.")],
    kind: Kind = None,
    fields: Fields = "{}",
    file: ConnectionFile = None,
    no_test: NoTest = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Try and add a connection. Credentials are encrypted; prefer @FILE or -: others see command lines."""

    async def work() -> ConnectionInfo:
        answers, upload = _form(fields, file)
        async with workplace(data_dir, holder="outcode connections add") as (instance, scope):
            declared = find_app(slug, instance.apps)
            return await instance.connector.add(scope, declared, name, answers, upload, kind=kind, test=not no_test)

    info = run_async(work())
    say(words("connection.added", name=info.name, app=info.app))
    _say_more(info)


@app.command("update")
def update(
    name: str,
    rename: Annotated[str | None, typer.Option(help="Another name, in the flows that use it, too.")] = None,
    kind: Kind = None,
    fields: Annotated[str | None, typer.Option(help=_FIELDS_HELP + " Secrets left out stay.")] = None,
    file: ConnectionFile = None,
    no_test: NoTest = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Connect anew with other credentials or settings, or give the connection another name."""

    async def work() -> ConnectionInfo:
        answers, upload = _form(fields or "{}", file)
        async with workplace(data_dir, holder="outcode connections update") as (instance, scope):
            info = await instance.connections.find(scope, name)
            if fields is not None or kind is not None or upload is not None:
                declared = find_app(info.app, instance.apps)
                info = await instance.connector.update(
                    scope, declared, name, answers, upload, kind=kind, test=not no_test
                )
            if rename is not None:
                info = await instance.connections.rename(scope, name, rename)
            return info

    info = run_async(work())
    say(words("connection.changed", name=info.name, app=info.app))
    _say_more(info)


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
        out(json.dumps([_plain(info) for info in found]))
        return
    rows = [
        (info.name, info.app, words(f"connection.{info.state}"), info.identity or "", json.dumps(info.settings))
        for info in found
    ]
    show_table(("Name", "App", "State", "Identity", "Settings"), rows)


@app.command("test")
def try_connection(name: str, data_dir: DataFolder = DEFAULT_DATA_FOLDER) -> None:
    """Try a connection and remember how it went."""

    async def work() -> ConnectionInfo:
        async with workplace(data_dir, holder="outcode connections test") as (instance, scope):
            info = await instance.connections.find(scope, name)
            return await instance.connector.test(scope, find_app(info.app, instance.apps), name)

    info = run_async(work())
    if info.state == "untested":
        say(words("connection.no_way_to_try", name=info.name, app=info.app))
    else:
        say(words("connection.works", name=info.name))
        _say_more(info)


@app.command("remove")
def remove(
    name: str,
    used: Annotated[bool, typer.Option("--used", help="Also when flows use it.")] = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Remove a connection and its file."""

    async def work() -> None:
        async with workplace(data_dir, holder="outcode connections remove") as (instance, scope):
            await instance.connector.remove(scope, name, instance.apps, used=used)

    run_async(work())
    say(words("connection.removed", name=name))


def _form(fields: str, file: Path | None) -> tuple[dict[str, Json], Upload | None]:
    answers = read_json("--fields", fields)
    if not isinstance(answers, dict):
        raise InputProblem("connection_fields_not_object")
    return answers, Upload(file.name, read_file(file)) if file else None


def _say_more(info: ConnectionInfo) -> None:
    if info.identity is not None:
        say(words("connection.identity", identity=info.identity))
    if info.same_as:
        say(words("connection.same_as", names=", ".join(info.same_as)))


def _plain(info: ConnectionInfo) -> dict[str, Json]:
    return {
        "name": info.name,
        "app": info.app,
        "kind": info.kind,
        "state": info.state,
        "identity": info.identity,
        "problem": restored(info.problem).as_dict(language()) if info.problem else None,
        "tested_at": info.tested_at.isoformat() if info.tested_at else None,
        "used_by": list(info.used_by),
        "settings": info.settings,
    }
