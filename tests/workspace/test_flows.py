"""Flows and their versions: one changer wins, names are unique, a deleted flow leaves its runs their documents."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sql

from outcode.database import schema
from outcode.flows.dataflow import Dataflow
from outcode.flows.plain import parse_flow
from outcode.values.problems import Conflict, NotFound
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import new_id
from tests.conftest import Place


def document(name: str = "Flow") -> Dataflow:
    task = {"app": "javascript", "action": "function_execution", "inputs": {"code": "return 1"}}
    return parse_flow({"outcode": 1, "kind": "dataflow", "name": name, "tasks": {"a": task}})


async def test_of_many_changes_of_one_version_one_is_made(place: Place) -> None:
    flows = place.instance.flows
    made = await flows.create(place.scope, document().as_json(), None)
    changes = [
        flows.change(place.scope, made.id, document(f"Flow {number}").as_json(), None, edited_version=1)
        for number in range(8)
    ]
    results = await asyncio.gather(*changes, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 7 + ["StoredFlow"]
    versions = schema.flow_versions
    async with place.instance.database.begin() as connection:
        found = await connection.execute(sql.select(versions.c.number).order_by(versions.c.number))
    assert list(found.scalars()) == [1, 2]


async def test_a_name_is_taken_in_its_team_and_a_webhook_name_in_its_organization(place: Place) -> None:
    flows = place.instance.flows
    await flows.create(place.scope, document("A").as_json(), "주문")
    with pytest.raises(Conflict) as same_name:
        await flows.create(place.scope, document("A").as_json(), None)
    with pytest.raises(Conflict) as same_webhook:
        await flows.create(place.scope, document("B").as_json(), "\u110c\u116e\u1106\u116e\u11ab")
    assert (same_name.value.code, same_webhook.value.code) == ("flow_name_taken", "webhook_name_taken")
    foreign = await create_workspace(
        place.instance.database, organization="B", domain="b", team="B", user="B", email="b@b.test"
    )
    assert (await flows.create(foreign, document("A").as_json(), "주문")).version == 1


async def test_another_team_finds_changes_and_deletes_nothing(place: Place) -> None:
    flows = place.instance.flows
    made = await flows.create(place.scope, document().as_json(), None)
    foreign = await create_workspace(
        place.instance.database, organization="B", domain="b", team="B", user="B", email="b@b.test"
    )
    for attempt in (
        flows.find(foreign, made.id),
        flows.change(foreign, made.id, document("Theirs").as_json(), None, edited_version=1),
        flows.remove(foreign, made.id),
        flows.remove(place.scope, new_id()),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await flows.find(place.scope, made.id) == made


async def test_saving_by_name_makes_or_changes(place: Place) -> None:
    flows = place.instance.flows
    first = await flows.save_by_name(place.scope, document().as_json(), None)
    second = await flows.save_by_name(place.scope, document().as_json(), "hook")
    assert (second.id, second.version, second.webhook_name) == (first.id, 2, "hook")
    assert await flows.find_by_name(place.scope, "Flow") == second
    assert await flows.find_by_name(place.scope, "None") is None


async def test_a_deleted_flow_keeps_only_the_versions_that_runs_are_made_of(place: Place) -> None:
    flows = place.instance.flows
    first = await flows.create(place.scope, document().as_json(), None)
    accepted = await place.instance.starter.start(place.scope, first.draft, "api", {"body": {}})
    await flows.change(place.scope, first.id, document("Newer").as_json(), None, edited_version=1)
    await flows.remove(place.scope, first.id)
    versions = schema.flow_versions
    async with place.instance.database.begin() as connection:
        found = await connection.execute(sql.select(versions.c.id))
    assert list(found.scalars()) == [first.version_id]
    run = await place.instance.history.find(place.scope, accepted.run_id)
    assert [task.letter for task in run.tasks] == ["a"]
