"""``outcode flows``: the stored flows, their versions, and which of these triggers run."""

from __future__ import annotations

from typing import Annotated

import typer

from outcode.cli.arguments import read_json, wanted_version
from outcode.cli.console import DEFAULT_DATA_FOLDER, DataFolder, out, say, show, show_table
from outcode.cli.run import Format, finish, run_here
from outcode.cli.watch import Ended
from outcode.cli.words import words
from outcode.cli.work import run_async, workplace
from outcode.flows.dataflow import Dataflow
from outcode.flows.difference import Change, Difference, difference
from outcode.runs.instance import Instance
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import NotFound
from outcode.workspace.flows import FlowVersion, StoredFlow
from outcode.workspace.scope import Scope
from outcode.workspace.versions import VersionInfo

app = typer.Typer(help="The stored flows and their versions.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The flow's name.")]
AsJson = Annotated[bool, typer.Option("--json")]
_PAGE = 200
_LONGEST = 100


@app.command("list")
def list_flows(as_json: AsJson = False, data_dir: DataFolder = DEFAULT_DATA_FOLDER) -> None:
    """List flows, newest first."""

    async def work() -> list[StoredFlow]:
        async with workplace(data_dir, holder="outcode flows list") as (instance, scope):
            found: list[StoredFlow] = []
            while page := await instance.flows.page(scope, limit=_PAGE, before=found[-1].id if found else None):
                found += page
            return found

    found = run_async(work())
    if as_json:
        out(json.dumps([_plain_flow(flow) for flow in found]))
        return
    rows = [
        (
            flow.name,
            flow.document["trigger"]["kind"],
            words("flow.on" if flow.active else "flow.off"),
            str(flow.published_number or ""),
            str(flow.version),
            f"{flow.updated_at.astimezone():%Y-%m-%d %H:%M}",
        )
        for flow in found
    ]
    show_table(("Name", "Trigger", "Switch", "Published", "Draft", "Changed"), rows)


@app.command("versions")
def list_versions(
    name: Name,
    limit: Annotated[int, typer.Option(min=1, max=_PAGE)] = 20,
    as_json: AsJson = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """List the versions of a flow, newest first."""

    async def work() -> list[VersionInfo]:
        async with workplace(data_dir, holder="outcode flows versions") as (instance, scope):
            flow = await named(instance, scope, name)
            return await instance.versions.page(scope, flow.id, limit=limit)

    found = run_async(work())
    if as_json:
        out(json.dumps([_plain_version(info) for info in found]))
        return
    rows = [
        (
            str(info.number),
            f"{info.created_at.astimezone():%Y-%m-%d %H:%M}",
            info.created_by,
            words("version.published") if info.published else "",
            info.note or (words("version.restored", number=info.restored_from) if info.restored_from else ""),
        )
        for info in found
    ]
    show_table(("Version", "Saved", "By", "Published", "Note"), rows)


@app.command("diff")
def show_difference(
    name: Name,
    old: Annotated[str, typer.Argument(help="draft, published, or a number.")] = "published",
    new: Annotated[str, typer.Argument(help="draft, published, or a number.")] = "draft",
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Show what differs between two versions."""

    async def work() -> Difference:
        async with workplace(data_dir, holder="outcode flows diff") as (instance, scope):
            flow = await named(instance, scope, name)
            before, after = [await instance.versions.wanted(scope, flow, wanted_version(each)) for each in (old, new)]
            return difference(Dataflow.model_validate(before.document), Dataflow.model_validate(after.document))

    found = run_async(work())
    if found.empty:
        say(words("version.same"))
    _show_changes(found.changes)
    for task in found.tasks:
        show(words(f"version.task_{task.kind}", letter=task.letter), bold=True)
        _show_changes(task.changes, "  ")


@app.command("publish")
def publish(
    name: Name,
    version: Annotated[int | None, typer.Option(min=1, help="Another version than the draft.")] = None,
    note: Annotated[str | None, typer.Option(help="What this version is about.")] = None,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Make a version the one that triggers run."""

    async def work() -> StoredFlow:
        async with workplace(data_dir, holder="outcode flows publish") as (instance, scope):
            flow = await named(instance, scope, name)
            return await instance.publisher.publish(scope, flow.id, version, note=note)

    flow = run_async(work())
    say(words("flow.published", name=flow.name, version=flow.published_number))


@app.command("restore")
def restore(
    name: Name,
    version: Annotated[int, typer.Argument(min=1, help="The version to be the draft again.")],
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Make an old version the draft again."""

    async def work() -> StoredFlow:
        async with workplace(data_dir, holder="outcode flows restore") as (instance, scope):
            flow = await named(instance, scope, name)
            return await instance.publisher.restore(scope, flow.id, version, edited_version=flow.version)

    flow = run_async(work())
    say(words("flow.restored", name=flow.name, restored=version, version=flow.version))


@app.command("on")
def switch_on(name: Name, data_dir: DataFolder = DEFAULT_DATA_FOLDER) -> None:
    """Turn a flow's trigger on."""
    _switch(name, data_dir, active=True)


@app.command("off")
def switch_off(name: Name, data_dir: DataFolder = DEFAULT_DATA_FOLDER) -> None:
    """Turn a flow's trigger off; a run by hand is possible all the same."""
    _switch(name, data_dir, active=False)


@app.command("run")
def run_flow(
    name: Name,
    version: Annotated[
        str | None, typer.Option(help="draft, published or a number; else published, where there is one.")
    ] = None,
    input_json: Annotated[str, typer.Option("--input", help="JSON for {{trigger.body}}, or @FILE, or -.")] = "{}",
    output_format: Annotated[Format, typer.Option("--format", help="How the result is printed.")] = Format.JSON,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Run a stored flow and print the last task's result."""

    async def work() -> Ended:
        body = read_json("--input", input_json)
        async with workplace(data_dir, holder=f"outcode flows run {name}") as (instance, scope):
            flow = await named(instance, scope, name)
            wanted = None if version is None else wanted_version(version)
            wanted = wanted or ("draft" if flow.published is None else "published")
            chosen = await instance.versions.wanted(scope, flow, wanted)
            version_of_run = FlowVersion(flow.id, flow.name, chosen.info.id)
            accepted = await instance.starter.start(scope, version_of_run, "cli", {"body": body}, leased=True)
            return await run_here(instance, scope, accepted, Dataflow.model_validate(chosen.document))

    finish(run_async(work()), output_format)


async def named(instance: Instance, scope: Scope, name: str) -> StoredFlow:
    """The flow of a name; raises NotFound."""
    flow = await instance.flows.find_by_name(scope, name)
    if flow is None:
        raise NotFound("flow_name_unknown", name=name[:_LONGEST])
    return flow


def _switch(name: str, data_dir: DataFolder, *, active: bool) -> None:
    async def work() -> StoredFlow:
        async with workplace(data_dir, holder="outcode flows") as (instance, scope):
            flow = await named(instance, scope, name)
            return await instance.flows.switch(scope, flow.id, active=active)

    flow = run_async(work())
    say(words("flow.switched_on" if flow.active else "flow.switched_off", name=flow.name))


def _show_changes(changes: tuple[Change, ...], indent: str = "") -> None:
    for change in changes:
        place = ".".join(map(str, change.path))
        if change.kind != "added":
            show(f"{indent}- {place}: {json.dumps(change.old)}")
        if change.kind != "removed":
            show(f"{indent}+ {place}: {json.dumps(change.new)}")


def _plain_flow(flow: StoredFlow) -> dict[str, Json]:
    return {
        "id": flow.id,
        "name": flow.name,
        "trigger": flow.document["trigger"]["kind"],
        "active": flow.active,
        "version": flow.version,
        "published_version": flow.published_number,
        "updated_at": flow.updated_at,
    }


def _plain_version(info: VersionInfo) -> dict[str, Json]:
    return {
        "number": info.number,
        "created_at": info.created_at,
        "created_by": info.created_by,
        "published": info.published,
        "published_at": info.published_at,
        "note": info.note,
        "restored_from": info.restored_from,
    }
