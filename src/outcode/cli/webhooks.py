"""``outcode webhooks``: secrets of signatures, samples, and deliveries that were refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from outcode.cli.arguments import read_secret
from outcode.cli.console import DEFAULT_DATA_FOLDER, DataFolder, out, say, show_table
from outcode.cli.words import language, words
from outcode.cli.work import run_async, workplace
from outcode.runs.instance import Instance
from outcode.server.hooks import delivery_status
from outcode.server.webhook_models import MOST_HOURS
from outcode.values import json
from outcode.values.problems import Conflict, NotFound, restored
from outcode.workspace.scope import Scope
from outcode.workspace.webhooks import Capture, Refusal

app = typer.Typer(help="What belongs to webhooks beside their flows.", no_args_is_help=True, rich_markup_mode=None)

FlowName = Annotated[str, typer.Argument(metavar="FLOW", help="The flow's name.")]


@app.command("secret")
def set_secret(
    flow: FlowName,
    secret: Annotated[
        str | None, typer.Option("--set", help="@FILE, or - for standard input; without it one is made and shown once.")
    ] = None,
    keep_hours: Annotated[int, typer.Option(min=0, max=MOST_HOURS, help="How long the secret before stays good.")] = 0,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Set or change the secret that deliveries to a flow are signed with."""

    async def work() -> str:
        given = None if secret is None else read_secret(secret)
        async with workplace(data_dir, holder="outcode webhooks secret") as (instance, scope):
            flow_id = await _webhook_of(instance, scope, flow)
            keep = timedelta(hours=keep_hours)
            return await instance.webhooks.secrets.set(scope, flow_id, given, keep_previous=keep)

    made = run_async(work())
    if secret is None:
        out(made)
        say(words("webhook.secret_made"))
    else:
        say(words("webhook.secret_set", flow=flow))


@app.command("capture")
def capture(
    flow: FlowName,
    show: Annotated[bool, typer.Option("--show", help="Print the sample that was kept last, as JSON.")] = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Keep the next delivery to a flow as a sample; it starts nothing."""

    async def work() -> Capture:
        async with workplace(data_dir, holder="outcode webhooks capture") as (instance, scope):
            flow_id = await _webhook_of(instance, scope, flow)
            captures = instance.webhooks.captures
            return await (captures.find(scope, flow_id) if show else captures.arm(scope, flow_id))

    found = run_async(work())
    if show:
        out(json.dumps(found.sample))
    elif found.armed_until is not None:
        say(words("webhook.armed", flow=flow, until=f"{found.armed_until.astimezone():%H:%M}"))


@app.command("refusals")
def list_refusals(
    flow: Annotated[str | None, typer.Option(help="Only those of this flow.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """List deliveries that were refused, newest first, and why."""

    async def work() -> list[Refusal]:
        async with workplace(data_dir, holder="outcode webhooks refusals") as (instance, scope):
            flow_id = None if flow is None else await _webhook_of(instance, scope, flow)
            return await instance.webhooks.refusals.page(scope, limit=limit, flow_id=flow_id)

    found = run_async(work())
    if as_json:
        out(json.dumps([_plain(each) for each in found]))
        return
    rows = [
        (
            f"{each.last_at.astimezone():%Y-%m-%d %H:%M:%S}",
            each.flow_name or "",
            str(delivery_status(restored(each.problem))),
            each.address or "",
            str(each.count),
            restored(each.problem).message(language()),
        )
        for each in found
    ]
    show_table(("Last", "Flow", "Status", "From", "Count", "Why"), rows)


async def _webhook_of(instance: Instance, scope: Scope, name: str) -> str:
    """The id of a flow with a webhook; raises NotFound or Conflict."""
    flow = await instance.flows.find_by_name(scope, name)
    if flow is None:
        raise NotFound("flow_name_unknown", name=name[:100])
    if flow.webhook_name is None:
        raise Conflict("webhook_not_declared", name=flow.name[:100])
    return flow.id


def _plain(refusal: Refusal) -> dict[str, object]:
    problem = restored(refusal.problem)
    return {
        "flow": refusal.flow_name,
        "status": delivery_status(problem),
        "problem": problem.as_dict(language()),
        "address": refusal.address,
        "count": refusal.count,
        "first_at": refusal.first_at.isoformat(),
        "last_at": refusal.last_at.isoformat(),
    }
