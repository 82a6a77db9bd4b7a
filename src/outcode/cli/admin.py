"""``outcode admin``: what the operator sets for the whole instance."""

from __future__ import annotations

from typing import Annotated

import typer

from outcode.apps.registry import find_app
from outcode.cli.arguments import read_secret
from outcode.cli.console import DEFAULT_DATA_FOLDER, DataFolder, say, show_table
from outcode.cli.words import words
from outcode.cli.work import run_async, workplace
from outcode.transport.http.auth import OAuthClient
from outcode.workspace.oauth_clients import OAuthClientInfo

app = typer.Typer(help="What the operator sets for the whole instance.", no_args_is_help=True, rich_markup_mode=None)
clients = typer.Typer(
    help="OAuth 2.0 clients, by which people connect apps on the vendor's page.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(clients, name="oauth-client")


@clients.command("set")
def set_client(
    slug: Annotated[str, typer.Argument(metavar="APP", help="The app, such as slack.")],
    client_id: Annotated[str, typer.Option(help="As the vendor's developer console shows it.")],
    client_secret: Annotated[str, typer.Option(help="@FILE, or - for standard input: others see command lines.")],
    data_dir: DataFolder = DEFAULT_DATA_FOLDER,
) -> None:
    """Set the client of an app; the secret is encrypted and never shown again."""

    async def work() -> None:
        client = OAuthClient(client_id.strip(), read_secret(client_secret))
        async with workplace(data_dir, holder="outcode admin oauth-client set") as (instance, scope):
            await instance.oauth_clients.set(scope, find_app(slug, instance.apps).slug, client)

    run_async(work())
    say(words("oauth_client.set", app=slug))


@clients.command("list")
def list_clients(data_dir: DataFolder = DEFAULT_DATA_FOLDER) -> None:
    """List the clients, without their secrets."""

    async def work() -> list[OAuthClientInfo]:
        async with workplace(data_dir, holder="outcode admin oauth-client list") as (instance, _):
            return await instance.oauth_clients.list()

    rows = [(info.app, info.client_id, f"{info.updated_at:%Y-%m-%d %H:%M}") for info in run_async(work())]
    show_table(("App", "Client ID", "Set"), rows)


@clients.command("remove")
def remove_client(
    slug: Annotated[str, typer.Argument(metavar="APP")], data_dir: DataFolder = DEFAULT_DATA_FOLDER
) -> None:
    """Forget the client of an app; its connections work until their tokens end."""

    async def work() -> None:
        async with workplace(data_dir, holder="outcode admin oauth-client remove") as (instance, _):
            await instance.oauth_clients.remove(slug)

    run_async(work())
    say(words("oauth_client.removed", app=slug))
