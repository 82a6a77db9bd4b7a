"""Spreadsheets behind links: read anew by every task, tried before they are stored, their secrets kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from outcode.values.problems import VendorRejected
from tests.conftest import Place
from tests.support.flows import run

EXCEL = "microsoft-excel-xlsx-file"


class Drive:
    """Serves one file to those who bring the token."""

    def __init__(self) -> None:
        self.base = ""
        self.content = "name,amount\nKim,3\n"

    async def get(self, request: web.Request) -> web.Response:
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
