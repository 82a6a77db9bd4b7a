"""``outcode runs``: what ran, what came of it, and stopping it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

import typer

from outcode.cli.arguments import wanted_version
from outcode.cli.console import DEFAULT_DATA_FOLDER, DataFolder, out, say, show, show_table
from outcode.cli.words import language, words
from outcode.cli.work import run_async, workplace
from outcode.engine.state import RunState
from outcode.runs.call_log import curl_of
from outcode.runs.history import RunInfo
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import Conflict, NotFound, restored

app = typer.Typer(help="The run history.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_runs(
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    state: Annotated[RunState | None, typer.Option(help="Only runs in this state.")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """List runs, newest first."""

    async def work() -> list[RunInfo]:
        async with workplace(data_dir, holder="outcode runs list") as (instance, scope):
            return await instance.history.page(scope, limit=limit, state=state)

    found = run_async(work())
    if as_json:
        out(json.dumps([plain(run) for run in found]))
        return
    rows = [
        (run.id, run.state, run.trigger, _time(run.queued_at), _seconds(run).rjust(len("Seconds")), run.flow_name)
        for run in found
    ]
    show_table(("Id", "State", "Trigger", "Queued", "Seconds", "Flow"), rows)


@app.command("show")
def show_run(
    run_id: str,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Show a run with its tasks."""

    async def work() -> RunInfo:
        async with workplace(data_dir, holder="outcode runs show") as (instance, scope):
            return await instance.history.find(scope, checked_id(run_id))

    run = run_async(work())
    if as_json:
        out(json.dumps(plain(run)))
    else:
        describe(run)


@app.command("calls")
def show_calls(
    run_id: str,
    letter: Annotated[str, typer.Argument(help="The task, such as b.")],
    curl: Annotated[bool, typer.Option("--curl", help="Print each call as a curl command, secrets masked.")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Show what a task said to the outside."""

    async def work() -> dict[str, Json]:
        async with workplace(data_dir, holder="outcode runs calls") as (instance, scope):
            return await instance.history.calls(scope, checked_id(run_id), letter)

    kept = run_async(work())
    if as_json:
        out(json.dumps(kept))
    elif curl:
        out("\n".join(filter(None, map(curl_of, kept["calls"]))))
    else:
        rows = [_call(call) for call in kept["calls"]]
        show_table(("Row", "Call", "Outcome", "ms"), rows)
        if kept["count"] > len(rows):
            say(words("run.calls_left_out", kept=len(rows), count=kept["count"]))


@app.command("cancel")
def cancel(run_id: str, data_dir: DataFolder = DEFAULT_DATA_FOLDER) -> None:
    """Stop a run; what it has done stays done."""

    async def work() -> RunInfo:
        async with workplace(data_dir, holder="outcode runs cancel") as (instance, scope):
            return await instance.history.cancel(scope, checked_id(run_id))

    run = run_async(work())
    text = words("run.stopped", id=run.id, state=words(f"state.{run.state}"))
    say(text if run.ended else words("run.stopping", id=run.id))


@app.command("rerun")
def rerun(
    run_id: str,
    version: Annotated[
        str | None, typer.Option(help="draft, published or a number, instead of the version of the run.")
    ] = None,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Start a run again with the same input; print the new run's id."""

    async def work() -> str:
        async with workplace(data_dir, holder="outcode runs rerun") as (instance, scope):
            origin, chosen = await instance.history.find(scope, checked_id(run_id)), None
            if version is not None:
                wanted = wanted_version(version)
                if origin.flow_id is None:
                    raise Conflict("rerun_flow_gone")
                flow = await instance.flows.find(scope, origin.flow_id)
                chosen = await instance.versions.startable(scope, flow, wanted)
            return await instance.repeats.rerun(scope, origin.id, "cli", chosen)

    _say_begun(run_async(work()))


@app.command("retry")
def retry(
    run_id: str,
    repeat_unknown: Annotated[
        bool, typer.Option("--repeat-unknown", help="Also tasks whose effect may have happened already.")
    ] = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Go on from where a run failed, in a new run; print its id."""

    async def work() -> str:
        async with workplace(data_dir, holder="outcode runs retry") as (instance, scope):
            return await instance.repeats.retry(scope, checked_id(run_id), "cli", repeat_unknown=repeat_unknown)

    _say_begun(run_async(work()))


def _say_begun(run_id: str) -> None:
    out(run_id)
    say(words("run.queued", id=run_id))


def _call(call: dict[str, Json]) -> tuple[str, ...]:
    said = f"{call['method']} {call['url']}" if "method" in call else " ".join(call["statement"].split())
    outcome = call.get("status") or call["error"] or ""
    return (str(call["row"] or ""), said, str(outcome), str(call["elapsed_ms"]))


def checked_id(text: str) -> str:
    """An id as typed; raises NotFound for what cannot be one."""
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise NotFound("run_unknown") from error


def describe(run: RunInfo) -> None:
    """A run for people, on standard output."""
    show(f"{run.flow_name}: {words(f'state.{run.state}')}", bold=True)
    rows = [
        (
            task.letter,
            f"{task.app}/{task.action}",
            words(f"state.{task.state}"),
            "" if task.rows_total is None else f"{task.rows_done}/{task.rows_total}",
            str(task.rows_failed or ""),
            restored(task.error).message(language()) if task.error else "",
        )
        for task in run.tasks
    ]
    show_table(("Task", "Action", "State", "Rows", "Failed", "Problem"), rows)
    if run.error:
        problem = restored(run.error)
        show(problem.message(language()), bold=True)
        show(f"  {problem.hint(language())}")


def plain(run: RunInfo) -> dict[str, Any]:
    """A run as JSON, its problems in words."""
    return {
        "id": run.id,
        "flow": run.flow_name,
        "trigger": run.trigger,
        "test": run.test,
        "state": run.state,
        "error": _problem(run.error),
        "queued_at": run.queued_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "version": run.version,
        "counted": run.counted,
        "parent_id": run.parent_id,
        "origin_id": run.origin_id,
        "tasks": [
            {
                "letter": task.letter,
                "app": task.app,
                "action": task.action,
                "state": task.state,
                "rows_total": task.rows_total,
                "rows_done": task.rows_done,
                "rows_failed": task.rows_failed,
                "error": _problem(task.error),
            }
            for task in run.tasks
        ],
    }


def _problem(data: dict[str, Any] | None) -> dict[str, Any] | None:
    return restored(data).as_dict(language()) if data else None


def _time(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _seconds(run: RunInfo) -> str:
    if run.started_at is None or run.finished_at is None:
        return ""
    return f"{(run.finished_at - run.started_at).total_seconds():.2f}"
