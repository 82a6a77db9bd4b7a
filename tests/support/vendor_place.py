"""A served instance that offers the vendor of the tests, and people who are signed in to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from outcode.apps.registry import all_apps
from outcode.runs.instance import open_instance
from outcode.transport.http.auth import OAuthClient
from outcode.workspace.keys import add_api_key, add_start_link, open_session
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import Scope
from outcode.workspace.settings import Settings
from tests.conftest import Place
from tests.server.conftest import Server, serving
from tests.support.authorization import Authorization
from tests.support.serving import free_port
from tests.support.vendor import vendor_app


@asynccontextmanager
async def vendor_place(settings: Settings, vendor: Authorization) -> AsyncIterator[Server]:
    """A server whose callback the vendor knows and whose operator has set the vendor's client."""
    port = free_port()
    own = replace(settings, public_url=f"http://127.0.0.1:{port}")
    apps = {**all_apps(), "vendor": vendor_app(vendor)}
    vendor.client.redirect_uris = (f"http://127.0.0.1:{port}/oauth/callback",)
    async with open_instance(own, holder="tests", apps=apps) as instance:
        scope = await create_workspace(
            instance.database, organization="Acme", domain="acme", team="Sales", user="Kim", email="kim@acme.test"
        )
        client = OAuthClient(vendor.client.client_id, vendor.client.client_secret)
        await instance.oauth_clients.set(scope, "vendor", client)
        instance.worker.start(consume=True)
        place = Place(instance, scope, await add_api_key(instance.database, scope, "tests"))
        async with serving(place, port) as server:
            yield server
        await instance.worker.stop()


async def signed_in(server: Server, scope: Scope | None = None) -> dict[str, str]:
    """The header of a browser session."""
    database = server.place.instance.database
    link = await add_start_link(database, scope or server.place.scope)
    return {"Cookie": f"outcode_session={await open_session(database, link)}"}
