"""``outcode run FILE.yaml``: run a flow file that is not saved, here or on a server, and print its result."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from outcode.cli.arguments import read_json
from outcode.cli.check import check_connections, checked_file
from outcode.cli.console import DEFAULT_DATA_FOLDER, EXIT_FAILED, DataFolder, out, say, show_table
from outcode.cli.explain import explain
from outcode.cli.remote import run_on_server
from outcode.cli.save import folder_for_files, save_files
from outcode.cli.watch import Ended, Watcher
from outcode.cli.words import words
from outcode.cli.work import run_async, workplace
from outcode.engine.plan import reply_task
from outcode.engine.state import RunState
from outcode.flows.check import edges_of
from outcode.flows.dataflow import Dataflow
from outcode.runs.claims import Accepted, Claim
from outcode.runs.history import RunInfo
from outcode.runs.instance import Instance
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import Conflict, Unexpected, restored
from outcode.workspace.scope import Scope

_LOOK_SECONDS = 0.1


class Format(StrEnum):
    """How a result is printed."""

    JSON = "json"
    TABLE = "table"


def run(
    file: Annotated[Path, typer.Argument(help="A flow as YAML.")],
    input_json: Annotated[str, typer.Option("--input", help="JSON for {{trigger.body}}, or @FILE, or -.")] = "{}",
    test: Annotated[bool, typer.Option("--test", help="Run on one record only.")] = False,
    output_format: Annotated[Format, typer.Option("--format", help="How the result is printed.")] = Format.JSON,
    save_to: Annotated[
        Path | None, typer.Option("--save-files", help="Write the result's files to this folder.")
    ] = None,
    server: Annotated[str | None, typer.Option(help="Run on this Outcode instead of the data folder.")] = None,
    key: Annotated[str | None, typer.Option(envvar="OUTCODE_API_KEY", help="The API key for --server.")] = None,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Run a flow file and print the last task's result.

    Progress goes to standard error, the result to standard output. Exit code 0: done; 1: the run failed; 2: the file
    or the input is invalid; 130: stopped by Ctrl+C.
    """

    async def work() -> Ended:
        read = checked_file(file)
        body = read_json("--input", input_json)
        folder = folder_for_files(save_to) if save_to is not None else None
        if server is not None:
            return await run_on_server(server, key, read.document, body, test=test, folder=folder)
        async with workplace(data_dir, holder=f"outcode run {file}") as (instance, scope):
            check_connections(read, file, {info.name: info.app for info in await instance.connections.list(scope)})
            accepted = await instance.starter.start_unsaved(scope, read.document, "cli", body, test=test, leased=True)
            return await run_here(instance, scope, accepted, read.document, folder)

    finish(run_async(work()), output_format)


def finish(ended: Ended, output_format: Format) -> None:
    """Print the result of a run, or say why there is none and exit."""
    if ended.error is not None:
        explain(restored(ended.error))
    if ended.state != RunState.DONE:
        raise typer.Exit(EXIT_FAILED)
    _print(ended.value, output_format)


async def run_here(
    instance: Instance, scope: Scope, accepted: Accepted, document: Dataflow, folder: Path | None = None
) -> Ended:
    """Carry a run that was accepted as held by this process, and save its result's files where a folder is given."""
    if accepted.claim is None:
        raise Unexpected("unexpected", error="a new run without a claim")
    instance.worker.start(consume=False)
    try:
        found = await _carry(instance, scope, accepted.claim)
    finally:
        await instance.worker.stop()
    value = None
    if found.state == RunState.DONE:
        letter = reply_task(edges_of(document), {task.letter for task in found.tasks if task.has_result})
        value = (await instance.history.result(scope, found.id, letter)).value if letter else None
        if folder is not None:
            await save_files(value, folder, lambda file_id: instance.files.content(scope, file_id))
    return Ended(found.state, found.error, value)


async def _carry(instance: Instance, scope: Scope, claim: Claim) -> RunInfo:
    """Carry the run to its end and say how it goes; being cancelled cancels the run."""
    say(words("run.begun", id=claim.run_id))
    instance.worker.begin(claim)
    watcher = Watcher()
    try:
        return await _end(instance, scope, claim, watcher)
    except asyncio.CancelledError:
        say(words("run.stopping", id=claim.run_id))
        with suppress(Conflict):  # it has just ended
            await instance.history.cancel(scope, claim.run_id)
        found = await _end(instance, scope, claim, watcher)
        say(words("run.stopped", id=found.id, state=words(f"state.{found.state}")))
        raise


async def _end(instance: Instance, scope: Scope, claim: Claim, watcher: Watcher) -> RunInfo:
    """The run once its journal says that it has ended; a cancelled one's work stops before that is written."""
    while True:
        found = await instance.history.find(scope, claim.run_id)
        watcher.show(found)
        if found.ended:
            return found
        await asyncio.sleep(_LOOK_SECONDS)


def _print(value: Json, output_format: Format) -> None:
    rows = value if isinstance(value, list) else [value]
    columns = list(dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row))
    if output_format is Format.JSON or not columns or not all(isinstance(row, dict) for row in rows):
        out(json.dumps(value))
    else:
        show_table(columns, [[_cell(row.get(column)) for column in columns] for row in rows])


def _cell(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
