"""The options behind pick fields: ready, the three empty states, and lists that fail to load."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from outcode.appkit import ChoiceField, Choices, FromConnection, Input, Paging, Request, Words
from outcode.transport.http import HttpClient, load_choices
from outcode.transport.http.choices import MOST_OPTIONS
from outcode.values.json import Json
from outcode.values.problems import VendorRejected
from tests.support.http_calls import APP, BEARER_APP, TOKEN, WORDS, connected

Serve = Callable[..., Awaitable[str]]
EMPTY = Words(en="This base has no tables.", ko="이 베이스에는 테이블이 없습니다.")


def field(url: str, **settings: Any) -> ChoiceField:
    call = Request(
        method="GET",
        url=url + "/bases/{base}/tables",
        query={"view": Input(field="view"), "team": FromConnection(field="team")},
        retries=0,
        paging=settings.pop("paging", Paging()),
    )
    choices = Choices(
        call=call, rows="data.tables", value="id", label="names.title", depends_on=("base",), empty=EMPTY, **settings
    )
    return ChoiceField(key="table", label=WORDS, choices=choices)


def tables(*rows: Json) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        assert request.path == "/bases/b%2F1/tables" or request.path == "/bases/b/1/tables"
        assert request.query_string == "team=7"
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        return web.json_response({"tables": list(rows)})

    return handler


CONNECTION = connected(token=TOKEN, team=7)
ANSWERS: dict[str, Json] = {"base": "b/1", "view": None}


async def test_options(client: HttpClient, serve: Serve) -> None:
    rows: list[Json] = [
        {"id": "t1", "names": {"title": "Straße"}},
        {"id": 2, "names": {"title": "주문"}},
        {"id": "t3", "names": {}},
        {"id": None, "names": {"title": "no id"}},
        {"id": "t1", "names": {"title": "Straße"}},
        "odd",
    ]
    declared = field(await serve(tables(*rows)))
    found = await load_choices(client, declared, ANSWERS, CONNECTION, app=BEARER_APP)
    assert (found.state, found.message, found.more) == ("ready", None, False)
    assert found.options == (("t1", "Straße"), (2, "주문"), ("t3", "t3"))
    for search, values in (("STRASSE", ["t1"]), (" 주 ", [2]), ("t3", ["t3"]), ("nothing", [])):
        searched = await load_choices(client, declared, ANSWERS, CONNECTION, app=BEARER_APP, search=search)
        assert (searched.state, [value for value, _ in searched.options]) == ("ready", values)


async def test_the_three_empty_states(client: HttpClient, serve: Serve) -> None:
    nowhere = field("http://127.0.0.1:1")
    unconnected = await load_choices(client, nowhere, ANSWERS, None, app=BEARER_APP)
    assert unconnected.state == "not_connected"
    for missing in ({}, {"base": ""}, {"base": None}):
        waiting = await load_choices(client, nowhere, missing, CONNECTION, app=BEARER_APP)
        assert (waiting.state, waiting.missing) == ("parent_missing", ("base",))
        assert waiting.message is not None
    none = await load_choices(client, field(await serve(tables())), ANSWERS, CONNECTION, app=BEARER_APP)
    assert (none.state, none.message, none.options) == ("none_found", EMPTY, ())
    assert unconnected.message is not None
    assert unconnected.message.en != unconnected.message.ko


async def test_apps_without_connections_have_options_too(client: HttpClient, serve: Serve) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.json_response({"tables": [{"id": "t1"}]})

    found = await load_choices(client, field(await serve(handler)), ANSWERS, None, app=APP)
    assert found.options == (("t1", "t1"),)


async def test_a_list_that_fails_to_load_says_why(client: HttpClient, serve: Serve) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=403, text="no access")

    with pytest.raises(VendorRejected) as rejected:
        await load_choices(client, field(await serve(handler)), ANSWERS, CONNECTION, app=BEARER_APP)
    assert rejected.value.code == "http_status_permission"


@pytest.mark.parametrize("style", ["none", "offset"])
async def test_long_lists_stop_at_the_cap(client: HttpClient, serve: Serve, style: str) -> None:
    pages = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal pages
        pages += 1
        start, size = int(request.query.get("offset", "0")), 400 if style == "offset" else 1200
        return web.json_response({"tables": [{"id": str(number)} for number in range(start, start + size)]})

    declared = field(await serve(handler), paging=Paging(style=style))
    found = await load_choices(client, declared, ANSWERS, CONNECTION, app=BEARER_APP)
    assert (len(found.options), found.more) == (MOST_OPTIONS, True)
    assert pages == (3 if style == "offset" else 1)
