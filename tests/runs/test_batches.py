"""Actions that take many rows in one call, in a run: chunks, an outcome for each row, and what a row cannot spoil."""

from __future__ import annotations

from typing import Any

from outcode.apps.registry import all_apps
from outcode.runs.instance import open_instance
from outcode.workspace.people import create_workspace
from outcode.workspace.settings import Settings
from tests.conftest import Place
from tests.support.flows import run, script
from tests.support.shop import KEY, Shop, shop, shop_app

ROWS = "return [5, 3, 0, 8, null, 4, 2].map((amount, n) => amount === null ? {name: 'n' + n} : {name: 'n' + n, amount})"


async def ordered(settings: Settings, served: Shop, key: str) -> tuple[Any, Any, Any]:
    apps = {**all_apps(), "shop": shop_app(served.base)}
    async with open_instance(settings, holder="tests", apps=apps) as instance:
        scope = await create_workspace(
            instance.database, organization="Acme", domain="acme", team="Sales", user="Kim", email="kim@acme.test"
        )
        instance.worker.start(consume=True)
        place = Place(instance, scope, "")
        await instance.connections.add(scope, apps["shop"], "Shop", {"api_key": key})
        order = {"name": "{{a.name}}", "amount": "{{a.amount}}", "warehouse": 7}
        tasks = {
            "a": script(ROWS),
            "b": {"app": "shop", "action": "order", "connection": "Shop", "at_once": 1, "inputs": order},
        }
        found = await run(place, tasks)
        result = await instance.history.result(scope, found.id, "b")
        calls = await instance.history.calls(scope, found.id, "b")
        await instance.worker.stop()
    return found, result, calls


async def test_rows_go_together_and_each_has_its_outcome(settings: Settings) -> None:
    async with shop() as served:
        found, result, calls = await ordered(settings, served, KEY)
    assert [[order["name"] for order in batch] for batch in served.batches] == [["n0", "n1", "n2"], ["n3", "n5", "n6"]]
    assert served.batches[0][0] == {"name": "n0", "amount": 5, "warehouse": 7}
    assert len(set(served.keys)) == 2
    assert None not in served.keys
    values = [value and value["id"] for value in result.value]
    assert values == ["o-n0", "o-n1", None, "o-n3", None, "o-n5", "o-n6"]
    assert [(failure.row, failure.error["code"]) for failure in result.failures] == [
        (3, "batch_item_refused"),
        (5, "reference_key_missing"),
    ]
    assert (found.state, found.tasks[1].rows_done, found.tasks[1].rows_failed) == ("failed", 5, 2)
    assert calls["count"] == 2


async def test_a_refused_call_fails_its_rows_and_marks_the_connection(settings: Settings) -> None:
    async with shop() as served:
        _, result, calls = await ordered(settings, served, "wrong-k3y-canary")
    assert served.batches == []
    codes = {failure.row: failure.error["code"] for failure in result.failures}
    assert codes.pop(5) == "reference_key_missing"
    assert set(codes.values()) == {"connection_refused_credentials"}
    assert "wrong-k3y-canary" not in str(result.failures) + str(calls)
