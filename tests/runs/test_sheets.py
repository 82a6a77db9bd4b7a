"""Spreadsheets behind links: read anew by every task, tried before they are stored, their secrets kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from outcode.runs.call_log import curl_of
from outcode.values.problems import VendorRejected
from tests.conftest import Place
from tests.support.flows import run

EXCEL = "microsoft-excel-xlsx-file"


class Drive:
    """Serves one file to those who bring the token."""

    def __init__(self) -> None:
        self.base = ""
        self.content = "name,amount\nKim,3\n"
        self.moved_to = ""

    async def get(self, request: web.Request) -> web.Response:
        if self.moved_to and request.path != self.moved_to.partition("?")[0]:
            raise web.HTTPFound(self.moved_to)
        if request.headers.get("X-Token") != "t0ken-canary":
            return web.Response(status=403, text=f"not you, {request.headers.get('X-Token')}")
        return web.Response(text=self.content, content_type="text/csv")


@asynccontextmanager
async def drive() -> AsyncIterator[Drive]:
    served = Drive()
    application = web.Application()
    application.router.add_get("/{path:.*}", served.get)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


async def test_a_link_is_read_anew_by_every_task(place: Place) -> None:
    app = place.instance.apps[EXCEL]
    async with drive() as served:
        fields = {"url": f"{served.base}/download?sig=s3cret-canary", "headers": {"X-Token": "t0ken-canary"}}
        added = await place.instance.connector.add(place.scope, app, "Orders", fields, kind="link")
        assert (added.state, added.settings) == ("working", {})
        task = {"app": EXCEL, "action": "get_rows", "connection": "Orders", "inputs": {}}
        first = await run(place, {"a": task})
        served.content = "name,amount\nKim,3\n이,4\n"
        second = await run(place, {"a": task})
    assert (first.state, second.state) == ("done", "done"), first
    rows = [(await place.instance.history.result(place.scope, each.id, "a")).value for each in (first, second)]
    assert [[row["name"] for row in table] for table in rows] == [["Kim"], ["Kim", "이"]]


async def test_a_link_that_does_not_open_is_not_stored(place: Place) -> None:
    app = place.instance.apps[EXCEL]
    async with drive() as served:
        fields = {"url": f"{served.base}/a.csv?sig=s3cret-canary", "headers": {"X-Token": "wr0ng-canary"}}
        with pytest.raises(VendorRejected) as refused:
            await place.instance.connector.add(place.scope, app, "Orders", fields, kind="link")
    assert refused.value.code == "http_status_permission"
    told = refused.value.message() + str(refused.value.as_json())
    assert "s3cret-canary" not in told
    assert "wr0ng-canary" not in told
    assert await place.instance.connections.list(place.scope) == []


async def test_a_link_leaves_a_trace_that_shows_only_its_host(place: Place) -> None:
    app = place.instance.apps[EXCEL]
    task = {"app": EXCEL, "action": "get_rows", "connection": "Orders", "inputs": {}}
    async with drive() as served:
        fields = {"url": f"{served.base}/s3cret-path/a b.csv?k=s3cret-query#x", "headers": {"X-Token": "t0ken-canary"}}
        await place.instance.connector.add(place.scope, app, "Orders", fields, kind="link")
        served.moved_to = "/s3cret-place/a.csv?X-Amz-Signature=s3cret-signature"
        done = await run(place, {"a": task})
        served.moved_to, served.content = "", ""
        fields = {"url": f"{served.base}/s3cret-path", "headers": {"X-Token": "no"}}
        await place.instance.connector.update(place.scope, app, "Orders", fields, kind="link", test=False)
        refused = await run(place, {"a": task})
    assert (done.state, refused.state) == ("done", "failed")
    kept = [(await place.instance.history.calls(place.scope, each.id, "a"))["calls"] for each in (done, refused)]
    assert [[call["status"] for call in calls] for calls in kept] == [[302, 200], [403]]
    for call in (call for calls in kept for call in calls):
        assert str(curl_of(call)).startswith(f"curl '{served.base}/***' -H 'X-Token: ***' -H 'User-Agent: ")
    assert "s3cret" not in str(kept)
    assert "canary" not in str(kept)


async def test_a_link_to_a_web_page_is_told_as_one(place: Place) -> None:
    app = place.instance.apps[EXCEL]
    async with drive() as served:
        served.content = "\ufeff\n<!DOCTYPE html><title>orders.xlsx - Drive</title>"
        fields = {"url": f"{served.base}/orders.xlsx", "headers": {"X-Token": "t0ken-canary"}}
        with pytest.raises(VendorRejected) as refused:
            await place.instance.connector.add(place.scope, app, "Orders", fields, kind="link")
    assert (refused.value.code, refused.value.details) == ("sheet_link_page", {"host": "127.0.0.1"})
