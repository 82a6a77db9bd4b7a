"""Page after page from real servers: every style, and every way in which a server could keep us going for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from outcode.appkit import Input, Outputs, Paging, Request
from outcode.transport.answer import Answer
from outcode.transport.http import HttpClient, HttpConnection
from outcode.transport.http.decode import Response
from outcode.transport.http.paging import Page as FetchedPage
from outcode.transport.http.paging import PagePlan, all_pages, first_page, next_link
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, VendorRejected
from tests.support.http_calls import APP, TOKEN, UNCONNECTED, connected

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
    return await client.perform(request, {}, ROWS, connection or UNCONNECTED, app=APP)


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
    connection = connected()
    with pytest.raises(VendorRejected) as rejected:
        await read(client, await serve(inside), connection, style=style, path="data.next")
    assert rejected.value.code == "paging_other_origin"
    assert (inside.tokens, outside.asked) == ([f"Bearer {TOKEN}"], [])


async def test_credentials_stay_home_when_pages_move(client: HttpClient, serve: Serve) -> None:
    """The first page redirects to another server, whose next pages are on that server: no credential goes along."""

    def moved(request: web.Request) -> web.Response:
        at = int(request.query.get("at", "0"))
        return items(PAGES[at], next=f"/?at={at + 1}" if at < 2 else None)

    outside = Server(moved)
    elsewhere = (await serve(outside)).replace("127.0.0.1", "localhost")
    inside = Server(lambda _: web.Response(status=302, headers={"Location": f"{elsewhere}/?at=0"}))
    connection = connected()
    request = Request(method="GET", url=await serve(inside), paging=Paging(style="next_url", path="data.next"))
    with pytest.raises(InputProblem) as refused:
        await client.perform(request, {}, ROWS, connection or UNCONNECTED, app=APP)
    assert refused.value.code == "http_credential_host"
    assert inside.tokens == [f"Bearer {TOKEN}"]
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
        await client.perform(request, inputs, Outputs(rows=Input(field="rows")), UNCONNECTED, app=APP)
    assert (caught.value.code, caught.value.place.field) == (code, field)
    assert caught.value.message("ko") != caught.value.message()


def listed(request: web.Request) -> web.Response:
    """Five rows, in pages of as many as asked for, from the offset asked for."""
    start, size = int(request.query.get("offset", "0")), int(request.query.get("limit", "2"))
    return items([{"n": number} for number in range(1, 6)][start : start + size], more=start + size < 5)


async def test_offsets(client: HttpClient, serve: Serve) -> None:
    server = Server(listed)
    base = await serve(server)
    answer = await read(client, f"{base}/", style="offset", size_parameter="limit", size=3)
    assert numbers(answer) == [1, 2, 3, 4, 5]
    assert server.asked == [f"/?offset={start}&limit=3" for start in (0, 3, 5)]
    server.asked.clear()
    assert numbers(await read(client, f"{base}/?offset=2&limit=1", style="offset", size_parameter="limit", size=3)) == [3, 4, 5]  # fmt: skip # noqa: E501
    server.asked.clear()
    assert numbers(await read(client, base, style="offset", more="data.more")) == [1, 2, 3, 4, 5]
    assert server.asked == [f"/?offset={start}" for start in (0, 2, 4)]


async def test_pages_that_count_from_zero(client: HttpClient, serve: Serve) -> None:
    def page(request: web.Request) -> web.Response:
        number = int(request.query["p"])
        return items(PAGES[number] if number < len(PAGES) else [])

    server = Server(page)
    assert numbers(await read(client, await serve(server), style="page", parameter="p", start=0)) == [1, 2, 3, 4, 5]
    assert server.asked[0] == "/?p=0"


@pytest.mark.parametrize(
    ("switches", "asked"),
    [
        ([True, True, True], 3),
        ([True, False, True], 2),
        ([3, 1, 0], 3),
        (["Y", "N", "Y"], 2),
        ([None, True, True], 1),
    ],
)
async def test_switches_that_say_more(client: HttpClient, serve: Serve, switches: list[Json], asked: int) -> None:
    def page(request: web.Request) -> web.Response:
        at = int(request.query.get("after", "0"))
        return items(PAGES[at], next=at + 1 if at < 2 else None, more=switches[at])

    server = Server(page)
    url = await serve(server)
    answer = await read(client, url, style="cursor", parameter="after", path="data.next", more="data.more")
    assert len(server.asked) == asked
    assert answer.meta is not None
    assert answer.meta["truncated"] is False


@pytest.mark.parametrize(("most", "rows", "truncated", "asked"), [(3, 3, True, 2), (4, 4, True, 2), (5, 5, False, 3)])
async def test_most_rows(client: HttpClient, serve: Serve, most: int, rows: int, truncated: bool, asked: int) -> None:
    server = Server(listed)
    answer = await read(client, await serve(server), style="offset", more="data.more", max_rows=most)
    assert (len(answer.value), len(server.asked)) == (rows, asked)
    assert answer.meta is not None
    assert (answer.meta["truncated"], answer.meta["row_count"]) == (truncated, rows)


@pytest.mark.parametrize("parameter", ["cursor", "page.cursor"])
async def test_parameters_inside_the_body(client: HttpClient, serve: Serve, parameter: str) -> None:
    seen: list[Json] = []

    async def handler(request: web.Request) -> web.Response:
        body = loads(await request.read())
        seen.append(body)
        page = body.get("page", body)
        at = page.get("cursor", {"at": 0}) if isinstance(page, dict) else {"at": 0}
        at = at if isinstance(at, int) else 0
        return items(PAGES[at], next=at + 1 if at < 2 else None)

    request = Request(
        method="POST",
        url=await serve(handler),
        body_type="json",
        body={"filter": {"price": Input(field="price")}},
        paging=Paging(
            style="cursor", place="body", parameter=parameter, path="data.next", size_parameter="page_size", size=2
        ),
    )
    answer = await client.perform(request, {"price": Decimal("19.90")}, ROWS, UNCONNECTED, app=APP)
    assert numbers(answer) == [1, 2, 3, 4, 5]
    first = {"filter": {"price": Decimal("19.90")}, "page_size": 2}
    members = [{parameter: at} if parameter == "cursor" else {"page": {"cursor": at}} for at in (1, 2)]
    assert seen == [first, *({**first, **member} for member in members)]
    assert str(seen[2]["filter"]["price"]) == "19.90"


async def test_page_numbers_inside_the_body_need_no_other_body(client: HttpClient, serve: Serve) -> None:
    seen: list[tuple[str | None, bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.headers.get("Content-Type"), await request.read()))
        number = loads(seen[-1][1])["page"]
        return items(PAGES[number - 1] if number <= 3 else [])

    request = Request(method="POST", url=await serve(handler), paging=Paging(style="page", place="body"))
    assert numbers(await client.perform(request, {}, ROWS, UNCONNECTED, app=APP)) == [1, 2, 3, 4, 5]
    assert seen == [("application/json", b'{"page":%d}' % number) for number in (1, 2, 3, 4)]
    for body in ("a=1", "[]"):
        text = Request(method="POST", url=request.url, body_type="text", body=body, paging=request.paging)
        with pytest.raises(InputProblem) as wrong:
            await client.perform(text, {}, ROWS, UNCONNECTED, app=APP)
        assert wrong.value.code == "paging_body_not_json"


CELLS = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["", "a", "/p", "?page=1", "http://"]))
ANSWERS = st.fixed_dictionaries({"items": st.lists(st.integers(0, 2), max_size=3), "next": CELLS, "more": CELLS})


@given(
    style=st.sampled_from(["page", "offset", "cursor", "next_url", "link_header"]),
    place=st.sampled_from(["query", "body"]),
    more=st.sampled_from([None, "data.more"]),
    most=st.integers(1, 12),
    max_rows=st.one_of(st.none(), st.integers(1, 10)),
    answers=st.lists(ANSWERS, min_size=1, max_size=6),
    drawn=st.data(),
)
def test_any_server_comes_to_an_end(
    style: str,
    place: Any,
    more: str | None,
    most: int,
    max_rows: int | None,
    answers: list[Json],
    drawn: st.DataObject,
) -> None:
    """Whatever the answers say: no request goes out twice, none elsewhere, and caps hold."""
    plan = PagePlan(style, "p", "data.next", most, place, more, 1, ("size", 2), max_rows)
    asked: list[tuple[str, bytes | None]] = []

    async def fetch(request: PreparedRequest) -> FetchedPage:
        asked.append((str(request.url), request.body))
        body = drawn.draw(st.sampled_from(answers))
        link = (("Link", f"<{body['next']}>; rel=next"),) if body["next"] is not None else ()
        return FetchedPage(Response(200, link, b"", request.url), {"data": body}, list(body["items"]))

    first = first_page(PreparedRequest("POST", URL("https://x.example/")), plan)
    pages = None
    with suppress(VendorRejected):  # a next URL that is none
        pages = asyncio.run(all_pages(first, plan, fetch))
    assert len(asked) == len(set(asked)) <= most
    assert all(url.startswith("https://x.example/") for url, _ in asked)
    if pages is not None:
        assert pages.count == len(asked)
        assert max_rows is None or len(pages.rows) <= max_rows
