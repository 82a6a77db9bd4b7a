"""Page after page from real servers: every style, and every way in which a server could keep us going for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import pytest
from aiohttp import web

from outcode.appkit import Input, Outputs, Paging, Request
from outcode.transport.answer import Answer
from outcode.transport.http import HttpClient, HttpConnection
from outcode.transport.http.decode import Response
from outcode.transport.http.paging import next_link
from outcode.values.json import Json
from outcode.values.problems import InputProblem, VendorRejected
from tests.support.connections import api_connection

Serve = Callable[..., Awaitable[str]]
Page = Callable[[web.Request], web.Response]
ROWS = Outputs(rows="data.items")
COUNTER = count()
PAGES = [[{"n": 1}, {"n": 2}], [{"n": 3}, {"n": 4}], [{"n": 5}]]


class Server:
    """Counts what it is asked and answers by a function of the request."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.tokens: list[str | None] = []

    async def __call__(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        self.tokens.append(request.headers.get("Authorization"))
        return self.page(request)


def items(rows: Json, **around: Json) -> web.Response:
    return web.json_response({"items": rows, **around})


def numbered(request: web.Request) -> web.Response:
    number = int(request.query.get("page", "1"))
    return items(PAGES[number - 1] if 0 < number <= len(PAGES) else [], total=5)


async def read(client: HttpClient, url: str, connection: HttpConnection | None = None, **paging: Any) -> Answer:
    request = Request(method="GET", url=url, paging=Paging(**paging))
    return await client.perform(request, {}, ROWS, connection)


def numbers(answer: Answer) -> list[int]:
    return [row["n"] for row in answer.value]


async def test_page_numbers(client: HttpClient, serve: Serve) -> None:
    server = Server(numbered)
    base = await serve(server)
    answer = await read(client, f"{base}/?size=2", style="page")
    assert numbers(answer) == [1, 2, 3, 4, 5]
    assert server.asked == [f"/?size=2&page={number}" for number in (1, 2, 3, 4)]
    assert answer.meta is not None
    assert (answer.meta["row_count"], answer.meta["pages"], answer.meta["truncated"]) == (5, 4, False)
    assert answer.meta["data"] == {"total": 5}
    assert len(answer.traces) == 4
    assert numbers(await read(client, f"{base}/?page=2", style="page")) == [3, 4, 5]


async def test_most_pages(client: HttpClient, serve: Serve) -> None:
    server = Server(numbered)
    answer = await read(client, await serve(server), style="page", max_pages=2)
    assert (numbers(answer), len(server.asked)) == ([1, 2, 3, 4], 2)
    assert answer.meta is not None
    assert answer.meta["truncated"] is True


@pytest.mark.parametrize("end", [None, "", False, "absent"])
async def test_cursors(client: HttpClient, serve: Serve, end: Json) -> None:
    def page(request: web.Request) -> web.Response:
        at = int(request.query.get("after", "a/b+0=").removeprefix("a/b+").removesuffix("="))
        if at + 1 < len(PAGES):
            return items(PAGES[at], next=f"a/b+{at + 1}=")
        return items(PAGES[at]) if end == "absent" else items(PAGES[at], next=end)

    server = Server(page)
    answer = await read(client, await serve(server), style="cursor", parameter="after", path="data.next")
    assert numbers(answer) == [1, 2, 3, 4, 5]
    assert server.asked == ["/", "/?after=a/b%2B1%3D", "/?after=a/b%2B2%3D"]


async def test_numeric_cursors(client: HttpClient, serve: Serve) -> None:
    def page(request: web.Request) -> web.Response:
        offset = int(request.query.get("offset", "0"))
        return items(PAGES[offset], next=offset + 1 if offset < 2 else None)

    answer = await read(client, await serve(Server(page)), style="cursor", parameter="offset", path="data.next")
    assert numbers(answer) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("absolute", [True, False])
async def test_next_urls(client: HttpClient, serve: Serve, absolute: bool) -> None:
    def page(request: web.Request) -> web.Response:
        at = int(request.query.get("at", "0"))
        following = f"{request.url.origin() if absolute else ''}/more?at={at + 1}"
        return items(PAGES[at], links={"next": following if at < 2 else None})

    answer = await read(client, await serve(Server(page)), style="next_url", path="data.links.next")
    assert numbers(answer) == [1, 2, 3, 4, 5]


async def test_link_headers(client: HttpClient, serve: Serve) -> None:
    def page(request: web.Request) -> web.Response:
        at = int(request.query.get("at", "0"))
        response = items(PAGES[at])
        response.headers.add("Link", '</?at=0>; rel="first"')
        if at < 2:
            response.headers.add("Link", f"</?at={at + 1}>; title=\"a, b\"; rel='x', </?at={at + 1}>; rel=next")
        return response

    assert numbers(await read(client, await serve(Server(page)), style="link_header")) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('<https://x.example/?p=2>; rel="next"', "https://x.example/?p=2"),
        ("<b>; rel=prev, <c>; rel=next", "c"),
        ('<b>; rel="last next"', "b"),
        ('<a,b;c>; REL="NEXT"; title="x"', "a,b;c"),
        ("<b>; title=next", None),
        ("<b>; rel=nextish", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_link_header_grammar(header: str, target: str | None) -> None:
    from yarl import URL  # noqa: PLC0415 - only this test needs a URL

    assert next_link(Response(200, (("Link", header),), b"", URL("http://x.example/"))) == target


@pytest.mark.parametrize(
    ("page", "paging", "asked"),
    [
        pytest.param(lambda _: items(PAGES[0]), {"style": "page"}, 2, id="the parameter is ignored"),
        pytest.param(
            lambda _: items([{"n": next(COUNTER)}], next="same"),
            {"style": "cursor", "parameter": "after", "path": "data.next"},
            2,
            id="the same cursor again",
        ),
        pytest.param(
            lambda request: items([{"n": next(COUNTER)}], next="/a" if request.path == "/b" else "/b"),
            {"style": "next_url", "path": "data.next"},
            3,
            id="two URLs in a circle",
        ),
        pytest.param(
            lambda request: items([], next=request.path + "x"),
            {"style": "next_url", "path": "data.next"},
            1,
            id="an empty page that names a next one",
        ),
        pytest.param(lambda _: items(None), {"style": "page"}, 1, id="null instead of rows"),
    ],
)
async def test_loops_end(client: HttpClient, serve: Serve, page: Page, paging: dict[str, Json], asked: int) -> None:
    server = Server(page)
    answer = await read(client, await serve(server), **paging)
    assert len(server.asked) == asked
    assert answer.meta is not None
    assert answer.meta["truncated"] is False


async def test_repeated_pages_are_taken_once(client: HttpClient, serve: Serve) -> None:
    assert numbers(await read(client, await serve(Server(lambda _: items(PAGES[0]))), style="page")) == [1, 2]


@pytest.mark.parametrize("style", ["next_url", "link_header"])
async def test_pages_on_other_servers_are_not_followed(client: HttpClient, serve: Serve, style: str) -> None:
    outside = Server(numbered)
    elsewhere = (await serve(outside)).replace("127.0.0.1", "localhost")

    def page(_request: web.Request) -> web.Response:
        response = items(PAGES[0], next=f"{elsewhere}/?page=2")
        response.headers["Link"] = f"<{elsewhere}/?page=2>; rel=next"
        return response

    inside = Server(page)
    connection = api_connection("bearer", token="cAnary-s3cret")
    with pytest.raises(VendorRejected) as rejected:
        await read(client, await serve(inside), connection, style=style, path="data.next")
    assert rejected.value.code == "paging_other_origin"
    assert (inside.tokens, outside.asked) == (["Bearer cAnary-s3cret"], [])


async def test_credentials_stay_home_when_pages_move(client: HttpClient, serve: Serve) -> None:
    """The first page redirects to another server, whose next pages are on that server: no credential goes along."""

    def moved(request: web.Request) -> web.Response:
        at = int(request.query.get("at", "0"))
        return items(PAGES[at], next=f"/?at={at + 1}" if at < 2 else None)

    outside = Server(moved)
    elsewhere = (await serve(outside)).replace("127.0.0.1", "localhost")
    inside = Server(lambda _: web.Response(status=302, headers={"Location": f"{elsewhere}/?at=0"}))
    connection = api_connection("bearer", token="cAnary-s3cret")
    request = Request(method="GET", url=await serve(inside), paging=Paging(style="next_url", path="data.next"))
    with pytest.raises(InputProblem) as refused:
        await client.perform(request, {}, ROWS, connection)
    assert refused.value.code == "http_credential_host"
    assert inside.tokens == ["Bearer cAnary-s3cret"]
    assert outside.tokens == [None]


async def test_a_failing_page_fails_the_call(client: HttpClient, serve: Serve) -> None:
    server = Server(lambda request: numbered(request) if request.query["page"] == "1" else web.Response(status=404))
    with pytest.raises(VendorRejected) as rejected:
        await read(client, await serve(server), style="page")
    assert rejected.value.details["status"] == 404


@pytest.mark.parametrize(
    ("inputs", "code", "field"),
    [
        ({"paging": "page"}, "paging_needs_rows", "inputs.paging"),
        ({"paging": "cursor", "rows": "data", "parameter": "p"}, "paging_setting_missing", "inputs.path"),
        ({"paging": "cursor", "rows": "data", "path": "p"}, "paging_setting_missing", "inputs.parameter"),
        ({"paging": "next_url", "rows": "data", "path": ""}, "paging_setting_missing", "inputs.path"),
        ({"paging": "sideways", "rows": "data"}, "http_setting_choice", "inputs.paging"),
        ({"paging": "page", "rows": "data", "most": 0}, "http_setting_range", "inputs.most"),
    ],
)
async def test_settings_that_do_not_fit(client: HttpClient, inputs: dict[str, Json], code: str, field: str) -> None:
    paging = Paging(
        style=Input(field="paging"),
        parameter=Input(field="parameter"),
        path=Input(field="path"),
        max_pages=Input(field="most"),
    )
    request = Request(method="GET", url="http://127.0.0.1:1/", paging=paging)
    with pytest.raises(InputProblem) as caught:
        await client.perform(request, inputs, Outputs(rows=Input(field="rows")), None)
    assert (caught.value.code, caught.value.place.field) == (code, field)
    assert caught.value.message("ko") != caught.value.message()
