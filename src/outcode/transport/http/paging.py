"""Reading page after page until there is none, with the guards that keep a server's mistake from becoming a loop."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from yarl import URL

from outcode.appkit.calls import Paging
from outcode.appkit.template import Input
from outcode.transport.answer import optional_at, steps_of
from outcode.transport.http.auth import origin_of, same_origin
from outcode.transport.http.decode import Response
from outcode.transport.http.prepare import PreparedRequest, callable_url
from outcode.transport.http.settings import Settings, place_of
from outcode.values.json import Json, dump_bytes, loads
from outcode.values.problems import InputProblem, VendorRejected
from outcode.values.references.rendering import render

STYLES = ("none", "page", "offset", "next_url", "cursor", "link_header")
MOST_PAGES = 10_000
MOST_ROWS = 1_000_000
LARGEST_PAGE = 100_000
# All pages of one call are held in memory together.
MOST_BYTES = 64 * 1024 * 1024
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s\",;]+))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PagePlan:
    """How the next page is reached, its settings checked; see :class:`outcode.appkit.calls.Paging`."""

    style: str
    parameter: str
    path: str
    max_pages: int
    place: Literal["query", "body"] = "query"
    more: str | None = None
    start: int = 1
    size: tuple[str, int] | None = None
    max_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it came: everything the answer holds, and its rows."""

    response: Response
    whole: dict[str, Json]
    rows: list[Json]


@dataclass(frozen=True, slots=True)
class Pages:
    """The rows of all pages in order; ``last`` is the page that came last; ``truncated``: there may be more."""

    rows: list[Json]
    last: Page
    count: int
    elapsed_ms: int
    truncated: bool


def page_plan(paging: Paging, settings: Settings, *, has_rows: bool) -> PagePlan | None:
    """The plan, or None without paging.

    Raises InputProblem ``paging_needs_rows``, ``paging_setting_missing`` or a setting's own.
    """
    style = settings.choice(paging.style, "none", STYLES)
    if style == "none":
        return None
    if not has_rows:
        raise InputProblem("paging_needs_rows", place_of(paging.style))
    parameter = render(settings.value(paging.parameter, style if style in {"page", "offset"} else ""))
    path = render(settings.value(paging.path, ""))
    for name, source, value, styles in (
        ("parameter", paging.parameter, parameter, {"cursor"}),
        ("path", paging.path, path, {"cursor", "next_url"}),
    ):
        if style in styles and not value:
            field = source.field if isinstance(source, Input) else name
            raise InputProblem("paging_setting_missing", place_of(source), style=style, field=field)
    size = settings.optional_whole(paging.size, 1, LARGEST_PAGE)
    return PagePlan(
        style=style,
        parameter=parameter,
        path=path,
        max_pages=settings.whole(paging.max_pages, 100, 1, MOST_PAGES),
        place=paging.place,
        more=paging.more,
        start=paging.start,
        size=(paging.size_parameter, size) if paging.size_parameter is not None and size is not None else None,
        max_rows=settings.optional_whole(paging.max_rows, 1, MOST_ROWS),
    )


def first_page(request: PreparedRequest, plan: PagePlan) -> PreparedRequest:
    """The request of the first page: what it does not say itself about size and beginning, the plan says.

    Raises InputProblem ``paging_body_not_json``.
    """
    begin = {"page": plan.start, "offset": 0}.get(plan.style)
    for name, value in ((plan.parameter, begin), plan.size or ("", None)):
        if value is not None and _sent(request, plan, name) is None:
            request = _sending(request, plan, name, value)
    return request


async def all_pages(
    request: PreparedRequest, plan: PagePlan, fetch: Callable[[PreparedRequest], Awaitable[Page]]
) -> Pages:
    """Fetch pages until one is empty, says that it is the last, or repeats what was there.

    ``fetch`` sends one request and answers its page. Raises VendorRejected ``paging_other_origin`` and what ``fetch``
    raises.
    """
    home = request.url
    rows: list[Json] = []
    seen = {_identity(request)}
    previous: list[Json] | None = None
    count = size = elapsed = 0
    while True:
        page = await fetch(request)
        count, size, elapsed = count + 1, size + len(page.response.body), elapsed + page.response.elapsed_ms
        repeated = bool(page.rows) and page.rows == previous
        if not repeated:
            rows += page.rows
        previous = page.rows
        following = None if repeated or not page.rows else _next_request(plan, request, page, home)
        ended = following is None or _identity(following) in seen
        if plan.max_rows is not None and len(rows) >= plan.max_rows:
            cut = len(rows) > plan.max_rows
            return Pages(rows[: plan.max_rows], page, count, elapsed, truncated=cut or not ended)
        if following is None or ended:
            return Pages(rows, page, count, elapsed, truncated=False)
        if count >= plan.max_pages or size > MOST_BYTES:
            return Pages(rows, page, count, elapsed, truncated=True)
        seen.add(_identity(following))
        request = following


def _identity(request: PreparedRequest) -> tuple[str, bytes | None]:
    return str(request.url), request.body


def _next_request(plan: PagePlan, current: PreparedRequest, page: Page, home: URL) -> PreparedRequest | None:
    if plan.more is not None and not _is_yes(optional_at(page.whole, plan.more)):
        return None
    match plan.style:
        case "page" | "offset":
            number = render(_sent(current, plan, plan.parameter))
            step = 1 if plan.style == "page" else len(page.rows)
            return _sending(current, plan, plan.parameter, int(number) + step) if _is_number(number) else None
        case "cursor":
            cursor = optional_at(page.whole, plan.path)
            return None if _is_end(cursor) else _sending(current, plan, plan.parameter, cursor)
        case "next_url":
            link = optional_at(page.whole, plan.path)
            target = None if _is_end(link) else render(link)
        case _:
            target = next_link(page.response)
    return replace(current, url=_followed(target, page.response.url, home)) if target else None


def _sent(request: PreparedRequest, plan: PagePlan, name: str) -> Json:
    """What the request says under a name, in the plan's place."""
    return request.url.query.get(name) if plan.place == "query" else optional_at(_json_body(request), name)


def _sending(request: PreparedRequest, plan: PagePlan, name: str, value: Json) -> PreparedRequest:
    """The request with another value under a name (in a body: at a path), in the plan's place."""
    if plan.place == "query":
        return replace(request, url=request.url.update_query({name: render(value)}))
    headers = request.headers
    if request.header("content-type") is None:
        headers = (*headers, ("Content-Type", "application/json"))
    body = dump_bytes(_with(_json_body(request), steps_of(name) or (name,), value))
    return replace(request, body=body, headers=headers)


def _json_body(request: PreparedRequest) -> dict[str, Json]:
    try:
        body = loads(request.body) if request.body else {}
    except InputProblem as problem:
        raise InputProblem("paging_body_not_json") from problem
    if not isinstance(body, dict):
        raise InputProblem("paging_body_not_json")
    return body


def _with(body: Json, steps: tuple[str | int, ...], value: Json) -> Json:
    if not steps:
        return value
    members = body if isinstance(body, dict) else {}
    return {**members, str(steps[0]): _with(members.get(str(steps[0])), steps[1:], value)}


def next_link(response: Response) -> str | None:
    """The target of ``rel="next"`` in the ``Link`` headers (RFC 8288), or None.

    >>> next_link(Response(200, (("Link", '</?page=2>; rel="next", </?page=9>; rel="last"'),), b"", URL("http://x")))
    '/?page=2'
    """
    for target, parameters in _LINK.findall(response.all_headers().get("link", "")):
        rel = _REL.search(parameters)
        if rel is not None and "next" in (rel[1] or rel[2] or "").lower().split():
            return str(target)
    return None


def _followed(link: str, base: URL, home: URL) -> URL:
    try:
        url = callable_url(str(base.join(URL(link.strip()))))
    except (ValueError, InputProblem) as error:
        raise VendorRejected("http_bad_redirect", host=base.host or "") from error
    origin = origin_of(url)
    if not (same_origin(origin, origin_of(home)) or origin == origin_of(base)):
        raise VendorRejected("paging_other_origin", host=base.host or "", other=url.host or "")
    return url


def _is_end(value: Json) -> bool:
    return value is None or value is False or value == "" or isinstance(value, dict | list)


def _is_yes(value: Json) -> bool:
    """Whether a switch says that there is more; a number is how much more."""
    if isinstance(value, str):
        return value.strip().lower() in {"true", "yes", "y", "1"}
    return isinstance(value, bool | int | Decimal) and value > 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
