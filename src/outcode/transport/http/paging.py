"""Reading page after page until there is none, with the guards that keep a server's mistake from becoming a loop."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from yarl import URL

from outcode.appkit.calls import Paging
from outcode.appkit.template import Input
from outcode.transport.answer import optional_at
from outcode.transport.http.auth import origin_of, same_origin
from outcode.transport.http.decode import Response
from outcode.transport.http.prepare import PreparedRequest, callable_url
from outcode.transport.http.settings import Settings, place_of
from outcode.values.json import Json
from outcode.values.problems import InputProblem, VendorRejected
from outcode.values.references.rendering import render

STYLES = ("none", "page", "next_url", "cursor", "link_header")
MOST_PAGES = 10_000
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
    parameter = render(settings.value(paging.parameter, "page" if style == "page" else ""))
    path = render(settings.value(paging.path, ""))
    for name, source, value, styles in (
        ("parameter", paging.parameter, parameter, {"cursor"}),
        ("path", paging.path, path, {"cursor", "next_url"}),
    ):
        if style in styles and not value:
            field = source.field if isinstance(source, Input) else name
            raise InputProblem("paging_setting_missing", place_of(source), style=style, field=field)
    return PagePlan(style, parameter, path, settings.whole(paging.max_pages, 100, 1, MOST_PAGES))


async def all_pages(
    request: PreparedRequest, plan: PagePlan, fetch: Callable[[PreparedRequest], Awaitable[Page]]
) -> Pages:
    """Fetch pages until one is empty, says that it is the last, or repeats what was there.

    ``fetch`` sends one request and answers its page. Raises VendorRejected ``paging_other_origin`` and what ``fetch``
    raises.
    """
    home = request.url
    rows: list[Json] = []
    seen = {str(request.url)}
    previous: list[Json] | None = None
    count = size = elapsed = 0
    while True:
        page = await fetch(request)
        count, size, elapsed = count + 1, size + len(page.response.body), elapsed + page.response.elapsed_ms
        repeated = bool(page.rows) and page.rows == previous
        if not repeated:
            rows += page.rows
        previous = page.rows
        following = None if repeated or not page.rows else _next_url(plan, request.url, page, home)
        if following is None or str(following) in seen:
            return Pages(rows, page, count, elapsed, truncated=False)
        if count >= plan.max_pages or size > MOST_BYTES:
            return Pages(rows, page, count, elapsed, truncated=True)
        seen.add(str(following))
        request = replace(request, url=following)


def _next_url(plan: PagePlan, current: URL, page: Page, home: URL) -> URL | None:
    match plan.style:
        case "page":
            number = current.query.get(plan.parameter, "1")
            return current.update_query({plan.parameter: str(int(number) + 1)}) if _is_number(number) else None
        case "cursor":
            cursor = optional_at(page.whole, plan.path)
            return None if _is_end(cursor) else current.update_query({plan.parameter: render(cursor)})
        case "next_url":
            link = optional_at(page.whole, plan.path)
            return None if _is_end(link) else _followed(render(link), page.response.url, home)
        case _:
            link = next_link(page.response)
            return _followed(link, page.response.url, home) if link else None


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


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
