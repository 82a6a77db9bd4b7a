"""Two pages, then the end: the second page is made of a sample's by the paging declaration."""

from __future__ import annotations

from typing import Any

from outcode.appkit import Action, Input, Paging, Request
from outcode.appkit.samples import Sample, SampleResponse
from outcode.values.references.rendering import render
from tests.apps.contract.findings import Findings
from tests.apps.contract.paths import MISSING, at, put
from tests.apps.contract.player import Seen
from tests.apps.contract.stage import Stage, staged
from tests.apps.contract.subjects import Subject

_CURSOR = "cursor-of-page-2"
_DATA = "data"


async def paging(subject: Subject) -> Findings:
    """Actions that page ask for the second page by the right means and stop after the last."""
    found = Findings()
    async with staged(subject) as stage:
        for name, action, call, sample in subject.first_http_cases():
            if not pages(call.paging):
                continue
            if any(len(each.exchanges) > 1 for each in subject.good(action)):
                found.of(name, ())  # a sample of several pages has been played word for word
            elif call.after is not None or not isinstance(action.outputs.rows, str):
                found.of(name, ["pages are read by code, so a sample shows two of them"])
            else:
                found.of(name, await _two_pages(stage, action, call, sample))
    return found


def pages(paging: Paging) -> bool:
    """Whether the app, and not its user, says how to come to the next page."""
    return paging.style != "none" and not isinstance(paging.style, Input)


async def _two_pages(stage: Stage, action: Action, call: Request, sample: Sample) -> list[str]:
    response = sample.exchanges[-1].response
    path = _inside(str(action.outputs.rows))
    rows = at(response.body, path) if path else response.body
    if not isinstance(rows, list) or not rows:
        return ["the sample has no rows to make two pages of"]
    url = f"{sample.exchanges[0].request.url}?page=2"
    first = _page(response, call.paging, path, rows, more=True, url=url)
    second = _page(response, call.paging, path, [*rows, rows[0]], more=False, url=url)
    empty = _page(response, call.paging, path, [], more=False, url=url)
    outcome = await stage.perform(action, sample, first, second, empty)
    if outcome.answer is None:
        return [f"two pages end in {outcome.problem.code if outcome.problem else 'nothing'}"]
    seen, limit = stage.player.seen, call.paging.max_rows
    counted = call.paging.style in {"page", "offset"} and call.paging.more is None
    wanted = 2 + (1 if counted else 0)
    found: list[str] = []
    if len(seen) != wanted and limit is None:
        found.append(f"two pages take {len(seen)} requests instead of {wanted}")
    if limit is None and len(outcome.answer.value) != 2 * len(rows) + 1:
        found.append(f"two pages of {len(rows)} and {len(rows) + 1} rows give {len(outcome.answer.value)}")
    if len(seen) > 1 and not _asks(seen[0], seen[1], call.paging, len(rows), stage.player.places.real(url)):
        found.append(f"the second page is not asked for by its {call.paging.style}")
    return found


def _page(
    response: SampleResponse, paging: Paging, path: str, rows: list[Any], *, more: bool, url: str
) -> SampleResponse:
    body = put(response.body, path, rows)
    headers = {name: value for name, value in response.headers.items() if name.lower() != "link"}
    if paging.style in {"cursor", "next_url"}:
        following = _CURSOR if paging.style == "cursor" else url
        body = put(body, _inside(str(paging.path)), following if more else None)
    if paging.style == "link_header" and more:
        headers["Link"] = f'<{url}>; rel="next"'
    if paging.more is not None:
        body = put(body, _inside(paging.more), more)
    return response.model_copy(update={"body": body, "headers": headers})


def _inside(path: str) -> str:
    """The path inside the body of what stands at a path of the whole answer."""
    return path.removeprefix(_DATA).lstrip(".")


def _asks(first: Seen, second: Seen, paging: Paging, count: int, url: str) -> bool:
    if paging.style in {"next_url", "link_header"}:
        return second.url == url.partition("?")[0] and second.query.get("page") == "2"
    parameter = str(paging.parameter)
    before, after = (_sent(each, paging, parameter) for each in (first, second))
    if paging.style == "cursor":
        return bool(after == _CURSOR)
    step = 1 if paging.style == "page" else count
    return MISSING not in (before, after) and bool(int(after) == int(before) + step)


def _sent(seen: Seen, paging: Paging, parameter: str) -> Any:
    value = seen.query.get(parameter, MISSING) if paging.place == "query" else at(seen.body, parameter)
    return value if value is MISSING else render(value)
