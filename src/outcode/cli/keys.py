"""``outcode keys`` and ``outcode link``: ways in for programs and for browsers."""

from __future__ import annotations

from typing import Annotated

import typer

from outcode.cli.console import DEFAULT_DATA_FOLDER, DataFolder, out, say
from outcode.cli.words import words
from outcode.cli.work import run_async, workplace
from outcode.workspace.keys import add_api_key, add_start_link
from outcode.workspace.settings import DEFAULT_HOST, DEFAULT_PORT

app = typer.Typer(help="API keys for programs and webhooks.", no_args_is_help=True, rich_markup_mode=None)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What the key is for.")], data_dir: DataFolder = DEFAULT_DATA_FOLDER
) -> None:
    """Make an API key; it is shown this once."""

    async def work() -> str:
        async with workplace(data_dir, holder="outcode keys add") as (instance, scope):
            return await add_api_key(instance.database, scope, name)

    out(run_async(work()))
    say(words("key.keep"))


def link(
    url: Annotated[str, typer.Option(help="Where the server is reached.")] = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}",
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Print a link that signs a browser in, once."""

    async def work() -> str:
        async with workplace(data_dir, holder="outcode link") as (instance, scope):
            return await add_start_link(instance.database, scope)

    out(f"{url.rstrip('/')}/start?token={run_async(work())}")
