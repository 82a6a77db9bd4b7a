"""``outcode export`` and ``outcode import``: flows as YAML files, for git and for moving between instances."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outcode.cli.check import check_connections, checked_file
from outcode.cli.console import DEFAULT_DATA_FOLDER, DataFolder, out, say, write_file
from outcode.cli.words import words
from outcode.cli.work import run_async, workplace
from outcode.flows.dataflow import Dataflow
from outcode.flows.yaml import write_flow
from outcode.runs.instance import Instance
from outcode.values.problems import Conflict, NotFound
from outcode.workspace.flows import StoredFlow
from outcode.workspace.scope import Scope


def import_flow(
    files: Annotated[list[Path], typer.Argument(help="Flows as YAML.")],
    draft: Annotated[bool, typer.Option("--draft", help="Do not publish: triggers go on with what they ran.")] = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Store flows from files and publish them.

    All or none; a flow of the same name gets a new version.
    """

    async def work() -> list[StoredFlow]:
        reads = [(file, checked_file(file)) for file in files]
        async with workplace(data_dir, holder="outcode import") as (instance, scope):
            connections = {info.name: info.app for info in await instance.connections.list(scope)}
            for file, read in reads:
                check_connections(read, file, connections)
            documents = [read.document for _, read in reads]
            await _refuse_taken_names(instance, scope, documents)
            saved = [
                await instance.flows.save_by_name(scope, document.as_json(), document.webhook_name)
                for document in documents
            ]
            if draft:
                return saved
            return [await instance.publisher.publish(scope, flow.id, flow.version) for flow in saved]

    for flow in run_async(work()):
        say(words("flow.drafted" if draft else "flow.imported", name=flow.name, version=flow.version))


def export_flow(
    name: Annotated[str, typer.Argument(help="The flow's name.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file instead of standard output.")] = None,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Write a flow as YAML, without the secrets of its connections."""

    async def work() -> str:
        async with workplace(data_dir, holder="outcode export") as (instance, scope):
            flow = await instance.flows.find_by_name(scope, name)
            if flow is None:
                raise NotFound("flow_name_unknown", name=name[:100])
            return write_flow(Dataflow.model_validate(flow.document))

    text = run_async(work())
    if output is None:
        out(text.rstrip("\n"))
        return
    write_file(output, text.encode())
    say(words("flow.written", path=output))


async def _refuse_taken_names(instance: Instance, scope: Scope, documents: list[Dataflow]) -> None:
    """Refuse before the first is stored what would be refused in the middle."""
    names: set[str] = set()
    hooks: dict[str, str] = {}
    for document in documents:
        if document.name in names:
            raise Conflict("flow_name_taken", name=document.name)
        names.add(document.name)
        if (hook := document.webhook_name) is None:
            continue
        known = await instance.flows.find_webhook(scope, hook)
        if hooks.setdefault(hook, document.name) != document.name or (known and known.name != document.name):
            raise Conflict("webhook_name_taken", name=hook)
