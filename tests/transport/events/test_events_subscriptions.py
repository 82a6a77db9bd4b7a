"""A subscription's life at a vendor that is played by a real server, in the manner of Airtable and of Calendly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from outcode.appkit import App, Cursor, Input, Outputs, Request, Subscription, Trigger, Words
from outcode.transport.events import Ask, Subscriber, SubscriptionState
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import HttpClient, HttpConnection
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import Unexpected, VendorRejected

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CALLBACK = "https://outcode.example.com/hooks/1"


class Vendor:
    """Remembers subscriptions; gives two payloads at a time."""

    def __init__(self) -> None:
        self.base = ""
        self.hooks: dict[str, dict[str, Any]] = {}
        self.ended: list[str] = []
        self.payloads = [{"number": number} for number in range(1, 6)]
        self.expires: Any = "2026-11-29T03:00:00.000Z"

    async def create(self, request: web.Request) -> web.Response:
        name = f"ach{len(self.hooks) + 1}"
        self.hooks[name] = json.loads(await request.read())
        said = {"id": name, "macSecretBase64": "c2VjcmV0", "expirationTime": self.expires}
        return web.Response(body=json.dump_bytes(said), content_type="application/json")

    async def refresh(self, request: web.Request) -> web.Response:
        assert request.match_info["id"] in self.hooks
        return web.json_response({"expirationTime": "2026-12-06T03:00:00.000Z"})

    async def remove(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if self.hooks.pop(name, None) is None:
            return web.json_response({"error": "NOT_FOUND"}, status=404)
        self.ended.append(name)
        return web.json_response({})

    async def list(self, request: web.Request) -> web.Response:
        begin = int(request.query.get("cursor", "1")) - 1
        part = self.payloads[begin : begin + 2]
        end = begin + len(part)
        return web.json_response({"payloads": part, "cursor": end + 1, "mightHaveMore": end < len(self.payloads)})


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    known = Vendor()
    application = web.Application()
    application.router.add_post("/webhooks", known.create)
    application.router.add_post("/webhooks/{id}/refresh", known.refresh)
    application.router.add_delete("/webhooks/{id}", known.remove)
    application.router.add_get("/webhooks/{id}/payloads", known.list)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    known.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield known
    await runner.cleanup()


VENDOR = App(slug="vendor", name="Vendor", category="Test", description=Words(en="Vendor", ko="벤더"), actions=())


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    client = HttpClient(EgressGuard(parse_allow_rules("127.0.0.0/8")))

    async def asked(call: Request, inputs: Mapping[str, Json]) -> Json:
        answer = await client.perform(call, inputs, Outputs(result="data"), HttpConnection.of(VENDOR, None), app=VENDOR)
        return answer.value

    yield asked
    await client.close()


def airtable(vendor: Vendor, **subscription: Any) -> Trigger:
    one = vendor.base + "/webhooks/{subscription_id}"
    declared: dict[str, Any] = {
        "create": Request(
            method="POST",
            url=vendor.base + "/webhooks",
            body_type="json",
            body={
                "notificationUrl": Input(field="callback_url"),
                "filter": Input(field="table"),
                "signing_key": SECRET,
            },
        ),
        "id": "id",
        "secret": "macSecretBase64",
        "expires_at": "expirationTime",
        "renew": Request(method="POST", url=one + "/refresh"),
        "remove": Request(method="DELETE", url=one),
    }
    return Trigger(
        key="webhook_trigger",
        name="Webhook Trigger",
        description=Words(en="x", ko="y"),
        fields=(),
        subscription=Subscription(**(declared | subscription)),
        event_id="number",
        cursor=Cursor(
            fetch=Request(method="GET", url=one + "/payloads", query={"cursor": Input(field="cursor")}),
            events="payloads",
            next="cursor",
            more="mightHaveMore",
        ),
        outputs=Outputs(),
    )


SECRET = Input(field="secret")


async def test_a_subscription_from_its_making_to_its_end(vendor: Vendor, ask: Ask) -> None:
    subscriber = Subscriber(airtable(vendor), ask, {"table": "tbl1"}, CALLBACK)
    state = await subscriber.subscribe("ours", NOW)
    assert vendor.hooks == {"ach1": {"notificationUrl": CALLBACK, "filter": "tbl1", "signing_key": "ours"}}
    assert (state.id, state.secret, state.expires_at) == ("ach1", "c2VjcmV0", NOW + timedelta(days=7))
    assert subscriber.renew_at(state) == NOW + timedelta(days=6)
    assert "c2VjcmV0" not in repr(state)
    renewed = await subscriber.renew(SubscriptionState.from_json(state.as_json()), NOW + timedelta(days=6))
    assert (renewed.id, renewed.secret, renewed.expires_at) == (state.id, state.secret, NOW + timedelta(days=14))
    await subscriber.unsubscribe(renewed)
    await subscriber.unsubscribe(renewed)
    assert vendor.hooks == {}


async def test_events_are_fetched_from_where_we_stopped(vendor: Vendor, ask: Ask) -> None:
    subscriber = Subscriber(airtable(vendor), ask, {}, CALLBACK)
    state = await subscriber.subscribe("ours", NOW)
    cursor: Json = None
    seen: list[str | None] = []
    more, rounds = True, 0
    while more:
        fetched = await subscriber.fetch(state, cursor)
        seen += [event.id for event in fetched.events]
        cursor, more, rounds = fetched.cursor, fetched.more, rounds + 1
    assert (seen, cursor, rounds) == (["1", "2", "3", "4", "5"], 6, 3)
    again = await subscriber.fetch(state, cursor)
    assert (again.events, again.cursor, again.more) == ([], 6, False)


async def test_where_nothing_can_be_renewed_a_new_subscription_takes_the_olds_place(vendor: Vendor, ask: Ask) -> None:
    trigger = airtable(vendor, renew=None, secret=None, expires_at=None, lifetime_seconds=3600, renew_before_seconds=60)
    subscriber = Subscriber(trigger, ask, {}, CALLBACK)
    state = await subscriber.subscribe("ours", NOW)
    assert (state.secret, state.expires_at) == ("ours", NOW + timedelta(hours=1))
    renewed = await subscriber.renew(state, NOW + timedelta(minutes=59))
    assert (renewed.id, renewed.secret, vendor.ended, list(vendor.hooks)) == ("ach2", "ours", ["ach1"], ["ach2"])


async def test_a_subscription_without_end_is_never_renewed(vendor: Vendor, ask: Ask) -> None:
    subscriber = Subscriber(airtable(vendor, expires_at=None), ask, {}, CALLBACK)
    assert subscriber.renew_at(await subscriber.subscribe("ours", NOW)) is None


@pytest.mark.parametrize(
    "expires", [1795921200, 1795921200000, "1795921200", "2026-11-29T12:00:00+09:00", "2026-11-29T03:00:00"]
)
async def test_an_end_may_be_written_in_several_ways(vendor: Vendor, ask: Ask, expires: Any) -> None:
    vendor.expires = expires
    state = await Subscriber(airtable(vendor), ask, {}, CALLBACK).subscribe("ours", NOW)
    assert state.expires_at == NOW + timedelta(days=7)


@pytest.mark.parametrize("changed", [{"id": "no"}, {"secret": "no.such"}, {"secret": "$"}, {"expires_at": "id"}])
async def test_an_answer_that_lacks_what_is_needed_is_told(vendor: Vendor, ask: Ask, changed: dict[str, str]) -> None:
    subscriber = Subscriber(airtable(vendor, **changed), ask, {}, CALLBACK)
    with pytest.raises(VendorRejected) as caught:
        await subscriber.subscribe("ours", NOW)
    assert caught.value.code == "subscription_unclear"
    assert caught.value.details["path"] == next(iter(changed.values()))


@pytest.mark.parametrize("expires", [True, {}, [1], "soon", -5])
async def test_an_end_that_is_no_time_is_told(vendor: Vendor, ask: Ask, expires: Any) -> None:
    vendor.expires = expires
    with pytest.raises(VendorRejected):
        await Subscriber(airtable(vendor), ask, {}, CALLBACK).subscribe("ours", NOW)


async def test_only_what_has_a_cursor_is_fetched(vendor: Vendor, ask: Ask) -> None:
    trigger = airtable(vendor).model_copy(update={"cursor": None})
    with pytest.raises(Unexpected):
        await Subscriber(trigger, ask, {}, CALLBACK).fetch(SubscriptionState("a", "b"), None)


async def test_a_cursor_that_does_not_move_is_not_followed_for_ever(vendor: Vendor) -> None:
    async def stuck(_call: Request, _inputs: Mapping[str, Json]) -> Json:
        return {"payloads": [], "cursor": 4, "mightHaveMore": True}

    subscriber = Subscriber(airtable(vendor), stuck, {}, CALLBACK)
    assert (await subscriber.fetch(SubscriptionState("a", "b"), 3)).more
    assert not (await subscriber.fetch(SubscriptionState("a", "b"), 4)).more
