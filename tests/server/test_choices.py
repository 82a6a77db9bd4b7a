"""Pick fields over HTTP: options, the three empty states, and a list that fails to load."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from outcode.apps.registry import all_apps
from outcode.runs.instance import open_instance
from outcode.workspace.keys import add_api_key
from outcode.workspace.people import create_workspace
from outcode.workspace.settings import Settings
from tests.conftest import Place
from tests.server.conftest import Server, serving
from tests.support.serving import free_port
from tests.support.shop import KEY, Shop, shop, shop_app

WAREHOUSES = "/api/v1/apps/shop/actions/order/choices/warehouse"


@pytest.fixture
async def served() -> AsyncIterator[Shop]:
    async with shop() as running:
        yield running


@pytest.fixture
async def server(settings: Settings, served: Shop) -> AsyncIterator[Server]:
    apps = {**all_apps(), "shop": shop_app(served.base)}
    async with open_instance(settings, holder="tests", apps=apps) as instance:
        scope = await create_workspace(
            instance.database, organization="Acme", domain="acme", team="Sales", user="Kim", email="kim@acme.test"
        )
        await instance.connections.add(scope, apps["shop"], "Shop", {"api_key": KEY})
        place = Place(instance, scope, await add_api_key(instance.database, scope, "tests"))
        async with serving(place, free_port()) as running:
            yield running


async def test_options_and_every_reason_for_none(server: Server, served: Shop) -> None:
    async def ask(**form: Any) -> Any:
        return (await server.post(WAREHOUSES, form)).json

    assert (await ask())["state"] == "not_connected"
    assert "connection" in (await ask())["message"]
    missing = await ask(connection="Shop")
    assert (missing["state"], missing["missing"]) == ("parent_missing", ["region"])
    ready = await ask(connection="Shop", inputs={"region": "kr"})
    assert (ready["state"], ready["options"]) == (
        "ready",
        [{"value": 7, "label": "서울"}, {"value": 9, "label": "Busan"}],
    )
    searched = await ask(connection="Shop", inputs={"region": "kr"}, search="busan")
    assert [option["value"] for option in searched["options"]] == [9]
    served.warehouses = []
    none = await ask(connection="Shop", inputs={"region": "kr"})
    assert (none["state"], none["message"]) == ("none_found", "Add a warehouse first.")


async def test_a_list_that_fails_to_load_says_why(server: Server) -> None:
    failed = await server.post(WAREHOUSES, {"connection": "Shop", "inputs": {"region": "moon"}})
    assert (failed.status, failed.code) == (502, "http_status_not_found")
    assert "no such region" in failed.json["title"] + failed.json.get("detail", "")
    unknown = await server.post(WAREHOUSES.replace("warehouse", "name"), {"connection": "Shop"})
    assert (unknown.status, unknown.code) == (404, "choices_unknown")
    other = await server.post(WAREHOUSES, {"connection": "Theirs", "inputs": {"region": "kr"}})
    assert (other.status, other.code) == (404, "connection_unknown")
