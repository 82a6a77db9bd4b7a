"""Drafts and published versions: what triggers run, who follows a publishing, and what a late change is told."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from outcode.flows.dataflow import Dataflow
from outcode.flows.plain import parse_flow
from outcode.values.problems import Conflict, NotFound, ProblemList
from outcode.workspace.deliveries import Address, Deliveries, Unreached
from outcode.workspace.flows import FlowStore, LiveFlow, StoredFlow
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import Scope, new_id
from tests.conftest import Place


def document(name: str = "Flow", hook: str | None = None, code: str = "return 1") -> Dataflow:
    task = {"app": "javascript", "action": "function_execution", "inputs": {"code": code}}
    trigger: dict[str, Any] = {"kind": "webhook", "name": hook} if hook else {"kind": "manual"}
    return parse_flow({"outcode": 1, "kind": "dataflow", "name": name, "trigger": trigger, "tasks": {"a": task}})


async def saved(place: Place, flow: StoredFlow | None, new: Dataflow, **more: Any) -> StoredFlow:
    flows = place.instance.flows
    if flow is None:
        return await flows.create(place.scope, new.as_json(), new.webhook_name, **more)
    return await flows.change(
        place.scope, flow.id, new.as_json(), new.webhook_name, edited_version=flow.version, **more
    )


async def reached(place: Place, hook: str) -> str:
    """The version that a delivery to a webhook would run."""
    found = await Deliveries(place.instance.database).find(Address.of("acme", hook, place.key))
    if isinstance(found, Unreached):
        raise found.problem
    return found.version.version_id


async def test_a_webhook_runs_the_published_version_while_drafts_go_on(place: Place) -> None:
    first = await saved(place, None, document(hook="orders"))
    assert first.published is None
    with pytest.raises(NotFound):
        await reached(place, "orders")
    live = await place.instance.publisher.publish(place.scope, first.id, None)
    assert (live.published, live.published_number) == (live.draft, 1)
    second = await saved(place, live, document(hook="orders", code="return 2"))
    assert (second.version, second.published_number) == (2, 1)
    assert await reached(place, "orders") == first.version_id
    await place.instance.publisher.publish(place.scope, first.id, 2)
    assert await reached(place, "orders") == second.version_id
    await place.instance.publisher.publish(place.scope, first.id, 1)
    assert await reached(place, "orders") == first.version_id


async def test_a_flow_that_is_off_is_not_reached(place: Place) -> None:
    made = await saved(place, None, document(hook="orders"))
    await place.instance.publisher.publish(place.scope, made.id, None)
    assert not (await place.instance.flows.switch(place.scope, made.id, active=False)).active
    with pytest.raises(NotFound):
        await reached(place, "orders")
    await place.instance.flows.switch(place.scope, made.id, active=True)
    assert await reached(place, "orders") == made.version_id


async def test_a_webhook_name_follows_the_publishing(place: Place) -> None:
    made = await saved(place, None, document(hook="old"))
    live = await place.instance.publisher.publish(place.scope, made.id, None)
    changed = await saved(place, live, document(hook="new"))
    assert (changed.webhook_name, await reached(place, "old")) == ("old", made.version_id)
    await place.instance.publisher.publish(place.scope, made.id, None)
    assert await reached(place, "new") == changed.version_id
    assert await reached(place, "old") == changed.version_id
    by_hand = await saved(place, await place.instance.flows.find(place.scope, made.id), document())
    assert (await place.instance.publisher.publish(place.scope, by_hand.id, None)).webhook_name is None


async def test_a_draft_may_not_claim_the_webhook_of_another_flow(place: Place) -> None:
    await saved(place, None, document("A", hook="orders"))
    other = await saved(place, None, document("B", hook="other"))
    live = await place.instance.publisher.publish(place.scope, other.id, None)
    with pytest.raises(Conflict) as refused:
        await saved(place, live, document("B", hook="orders"))
    assert refused.value.code == "webhook_name_taken"
    assert await place.instance.flows.find(place.scope, other.id) == live


async def test_of_two_drafts_with_one_name_the_first_published_has_it(place: Place) -> None:
    first = await saved(place, None, document("A"))
    second = await saved(place, None, document("B"))
    for flow in (first, second):
        await place.instance.publisher.publish(place.scope, flow.id, None)
    drafts = [await saved(place, flow, document(flow.name, hook="orders")) for flow in (first, second)]
    await place.instance.publisher.publish(place.scope, first.id, None)
    with pytest.raises(Conflict) as refused:
        await place.instance.publisher.publish(place.scope, second.id, None)
    assert refused.value.code == "webhook_name_taken"
    assert (await place.instance.flows.find(place.scope, second.id)).published_number == 1
    assert await reached(place, "orders") == drafts[0].version_id


async def test_what_is_wrong_by_now_is_not_published(place: Place) -> None:
    await place.instance.connections.add(
        place.scope, place.instance.apps["api"], "Shop", {"token": "x", "allowed_hosts": ["shop.test"]}
    )
    inputs = {"method": "GET", "url": "https://shop.test/"}
    task = {"app": "api", "action": "http_request", "connection": "Shop", "inputs": inputs}
    new = parse_flow({"outcode": 1, "kind": "dataflow", "name": "F", "tasks": {"a": task}})
    assert await place.instance.publisher.problems(place.scope, new) == []
    made = await saved(place, None, new)
    await place.instance.connections.remove(place.scope, "Shop", used=True)
    with pytest.raises(ProblemList) as refused:
        await place.instance.publisher.publish(place.scope, made.id, None)
    assert [problem.code for problem in refused.value.problems] == ["task_connection_none"]
    assert (await place.instance.flows.find(place.scope, made.id)).published is None


async def test_followers_see_what_goes_live_and_may_refuse_it(place: Place) -> None:
    seen: list[LiveFlow] = []

    async def follow(connection: AsyncConnection, scope: Scope, flow: LiveFlow) -> None:
        seen.append(flow)
        if flow.document["name"] == "Refused":
            raise Conflict("flow_name_taken", name="x")

    flows = FlowStore(place.instance.database, [follow])
    new = document()
    made = await flows.create(place.scope, new.as_json(), None)
    await flows.switch(place.scope, made.id, active=False)
    assert seen == []  # nothing is published yet
    await flows.publish(place.scope, made.id, 1, None)
    await flows.switch(place.scope, made.id, active=True)
    assert [(flow.version_id, flow.active) for flow in seen] == [(made.version_id, False), (made.version_id, True)]
    assert Dataflow.model_validate(seen[0].document) == new
    refused = document("Refused")
    await flows.change(place.scope, made.id, refused.as_json(), None, edited_version=1)
    with pytest.raises(Conflict):
        await flows.publish(place.scope, made.id, 2, None)
    assert (await flows.find(place.scope, made.id)).published_number == 1


async def test_a_late_change_is_told_by_whom_and_when(place: Place) -> None:
    made = await saved(place, None, document())
    changed = await saved(place, made, document(code="return 2"))
    with pytest.raises(Conflict) as late:
        await saved(place, made, document(code="return 3"))
    details = late.value.details
    assert (late.value.code, details["current"], details["edited"], details["by"]) == ("flow_changed", 2, 1, "Kim")
    (newest, _) = await place.instance.versions.page(place.scope, made.id, limit=9)
    assert details["at"] == newest.created_at.isoformat()
    assert await place.instance.flows.find(place.scope, made.id) == changed


async def test_history_marks_what_was_published_and_restored(place: Place) -> None:
    made = await saved(place, None, document(code="return 1"), note="first")
    await place.instance.publisher.publish(place.scope, made.id, None, note="went live")
    second = await saved(place, made, document(code="return 2"))
    restored = await place.instance.publisher.restore(place.scope, made.id, 1, edited_version=2)
    assert (restored.version, restored.document, restored.published_number) == (3, made.document, 1)
    third, second_info, first = await place.instance.versions.page(place.scope, made.id, limit=9)
    assert [each.number for each in (third, second_info, first)] == [3, 2, 1]
    assert (first.note, first.published, first.published_by, third.restored_from) == ("went live", True, "Kim", 1)
    assert (second_info.published, second_info.published_at) == (False, None)
    found = await place.instance.versions.find(place.scope, made.id, 2)
    assert (found.info.id, found.document) == (second.version_id, second.document)
    with pytest.raises(Conflict) as late:
        await place.instance.publisher.restore(place.scope, made.id, 1, edited_version=2)
    assert late.value.code == "flow_changed"


async def test_pages_of_versions_follow_each_other(place: Place) -> None:
    flow = await saved(place, None, document())
    for number in range(2, 8):
        flow = await saved(place, flow, document(code=f"return {number}"))
    for limit in (1, 3, 7):
        seen: list[int] = []
        before: str | None = None
        while page := await place.instance.versions.page(place.scope, flow.id, limit=limit, before=before):
            seen += [each.number for each in page]
            before = page[-1].id
        assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert await place.instance.versions.page(place.scope, flow.id, limit=5, before=new_id()) == []


async def test_another_team_sees_publishes_and_switches_nothing(place: Place) -> None:
    made = await saved(place, None, document())
    foreign = await create_workspace(
        place.instance.database, organization="B", domain="b", team="B", user="B", email="b@b.test"
    )
    for attempt in (
        place.instance.versions.page(foreign, made.id, limit=5),
        place.instance.versions.find(foreign, made.id, 1),
        place.instance.flows.publish(foreign, made.id, 1, None),
        place.instance.flows.switch(foreign, made.id, active=False),
        place.instance.publisher.restore(foreign, made.id, 1, edited_version=1),
        place.instance.flows.publish(place.scope, made.id, 2, None),
        place.instance.versions.find(place.scope, made.id, 2),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await place.instance.flows.find(place.scope, made.id) == made


async def test_a_renamed_connection_is_renamed_in_what_is_published_and_in_the_draft(place: Place) -> None:
    instance, scope = place.instance, place.scope
    answers = {"token": "x", "allowed_hosts": ["shop.test"]}
    await instance.connections.add(scope, instance.apps["api"], "Shop", answers)

    def asking(connection: str | None, name: str) -> Dataflow:
        task = {"app": "api", "action": "http_request", "inputs": {"method": "GET", "url": "https://shop.test/"}}
        named = {"connection": connection} if connection else {}
        return parse_flow({"outcode": 1, "kind": "dataflow", "name": name, "tasks": {"a": {**task, **named}}})

    only_draft = await saved(place, None, asking("Shop", "only draft"))
    same = await saved(place, None, asking("Shop", "same"))
    await instance.publisher.publish(scope, same.id, None)
    apart = await saved(place, None, asking("Shop", "apart"))
    await instance.publisher.publish(scope, apart.id, None)
    await saved(place, apart, asking("Shop", "apart"))
    left = await saved(place, None, asking("Shop", "left"))
    await instance.publisher.publish(scope, left.id, None)
    await saved(place, left, asking(None, "left"))
    (shop,) = await instance.connections.list(scope)
    assert shop.used_by == ("apart", "left", "only draft", "same")
    await instance.connections.rename(scope, "Shop", "Store")

    async def connections_of(flow: StoredFlow) -> list[tuple[str, int, str | None]]:
        found = await instance.flows.find(scope, flow.id)
        kinds: list[Literal["draft", "published"]] = ["draft"] if found.published is None else ["draft", "published"]
        versions = [(kind, await instance.versions.wanted(scope, found, kind)) for kind in kinds]
        return [(kind, each.info.number, each.document["tasks"]["a"]["connection"]) for kind, each in versions]

    assert await connections_of(only_draft) == [("draft", 2, "Store")]
    assert await connections_of(same) == [("draft", 2, "Store"), ("published", 2, "Store")]
    assert await connections_of(apart) == [("draft", 4, "Store"), ("published", 3, "Store")]
    assert await connections_of(left) == [("draft", 4, None), ("published", 3, "Store")]
