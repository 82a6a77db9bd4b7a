"""``outcode schedules``: which flows start by themselves and when, and when a schedule would fire."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from outcode.cli.check import checked_file
from outcode.cli.console import DEFAULT_DATA_FOLDER, DataFolder, out, say, show, show_table
from outcode.cli.words import language, words
from outcode.cli.work import run_async, workplace
from outcode.flows.dataflow import ScheduleTrigger
from outcode.flows.schedule_words import described
from outcode.flows.schedules import Timing
from outcode.server.schedules import Schedule, schedule_answer
from outcode.values import json
from outcode.values.problems import InputProblem

_ZONE = "Asia/Seoul"
"""The zone of a new organization."""
app = typer.Typer(help="Flows that start by themselves.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_schedules(
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """List the schedules of the team."""

    async def work() -> list[Schedule]:
        async with workplace(data_dir, holder="outcode schedules list") as (instance, scope):
            found = await instance.schedules.page(scope, limit=limit)
            return [schedule_answer(each, language()) for each in found]

    found = run_async(work())
    if as_json:
        out(json.dumps([each.model_dump(mode="python") for each in found]))
        return
    rows = [
        (
            each.flow_name,
            each.description,
            each.timezone,
            _time(each.next_at) if each.active else words("schedule.off"),
            words(f"state.{each.last_run.state}") if each.last_run else "",
            f"{_time(each.problem_at)} {each.problem.message}" if each.problem else "",
        )
        for each in found
    ]
    show_table(("Flow", "Schedule", "Zone", "Next", "Last run", "Did not run"), rows)


@app.command("preview")
def preview(
    schedule: Annotated[str, typer.Argument(help='A flow file, or a cron expression such as "0 9 * * 1-5".')],
    timezone: Annotated[str, typer.Option(help="The zone of a schedule that names none.")] = _ZONE,
) -> None:
    """Show the next five times of a schedule."""
    trigger = ScheduleTrigger(cron=schedule)
    if " " not in schedule.strip() or Path(schedule).is_file():
        document = checked_file(Path(schedule)).document
        if not isinstance(document.trigger, ScheduleTrigger):
            raise InputProblem("schedule_wanted", kind=document.trigger.kind)
        trigger = document.trigger
    timing = Timing.of(trigger, timezone)
    say(f"{described(trigger, language())} ({timing.zone.key})")
    for each in timing.preview(datetime.now(UTC)):
        show(each.isoformat(sep=" ", timespec="minutes"))


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M %Z") if moment else ""
