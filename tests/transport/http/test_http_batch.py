"""Many elements in one call, and what becomes of each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from outcode.appkit import Batch, FromConnection, Input, Outputs, Request, Success
from outcode.transport.answer import Answer
from outcode.transport.http import HttpClient, chunks, perform_batch
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, Problem, VendorDown, VendorRejected
from tests.support.http_calls import APP, BEARER_APP, TOKEN, UNCONNECTED, action, connected

Serve = Callable[..., Awaitable[str]]
ITEM = {"email": Input(field="email"), "note": Input(field="note")}


def batch(url: str = "https://x.example/", **settings: Any) -> Batch:
    call = Request(
        method="POST",
        url=url + "/lists/{list}",
        body_type="json",
        body={"records": Input(field="items"), "by": FromConnection(field="account")},
        retries=0,
    )
    defaults: dict[str, Any] = {
        "maximum": 2,
        "call": call,
        "item": ITEM,
        "outcomes": "data.results",
        "success": Success(path="ok", equals=True),
        "error": "reason",
        "shared": ("list",),
    }
    return Batch(**{**defaults, **settings})


def elements(*emails: str, to: str = "a") -> list[dict[str, Json]]:
    return [{"email": email, "list": to} for email in emails]


class Vendor:
    """Takes records; refuses those whose address starts with ``bad``; fails calls for a list named ``down``."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str], str | None]] = []

    async def __call__(self, request: web.Request) -> web.Response:
        emails = [record["email"] for record in loads(await request.read())["records"]]
        self.calls.append((request.path, emails, request.headers.get("X-Key")))
        if request.path == "/lists/down":
            return web.Response(status=503, text="later")
        results = [
            {"ok": False, "reason": f"{email} {TOKEN}"} if email.startswith("bad") else {"ok": True, "id": email}
            for email in emails
        ]
        return web.json_response({"results": results[:1] if request.path == "/lists/short" else results})


async def perform(client: HttpClient, declared: Batch, items: list[dict[str, Json]], **settings: Any) -> list[Json]:
    act = action(declared.call, batch=declared, **{"idempotent": False, **settings})
    outcomes = await perform_batch(client, act, items, UNCONNECTED, app=APP)
    return [outcome.value if isinstance(outcome, Answer) else outcome for outcome in outcomes]


async def test_each_element_has_its_outcome_in_its_place(client: HttpClient, serve: Serve) -> None:
    vendor = Vendor()
    declared = batch(await serve(vendor))
    items = [*elements("1", "bad2"), *elements("3", to="b"), *elements("4", "5")]
    outcomes = await perform(client, declared, items)
    assert [call[:2] for call in vendor.calls] == [
        ("/lists/a", ["1", "bad2"]),
        ("/lists/a", ["4", "5"]),
        ("/lists/b", ["3"]),
    ]
    refused = outcomes.pop(1)
    assert outcomes == [{"ok": True, "id": each} for each in ("1", "3", "4", "5")]
    assert isinstance(refused, VendorRejected)
    assert (refused.code, refused.details["host"]) == ("batch_item_refused", "127.0.0.1")
    assert "bad2" in refused.message("ko")


async def test_reasons_hold_no_secret(client: HttpClient, serve: Serve) -> None:
    declared = batch(await serve(Vendor()))
    act = action(declared.call, batch=declared)
    (refused,) = await perform_batch(client, act, elements("bad"), connected(), app=BEARER_APP)
    assert isinstance(refused, Problem)
    assert refused.details["excerpt"] == "bad ***"


async def test_a_failing_call_fails_its_own_elements_only(client: HttpClient, serve: Serve) -> None:
    items = [*elements("1", "2", to="down"), *elements("3")]
    first, second, third = await perform(client, batch(await serve(Vendor())), items)
    assert isinstance(first, VendorDown)
    assert isinstance(second, VendorDown)
    assert third == {"ok": True, "id": "3"}
    assert first is not second
    first.at(row=1)
    assert (first.place.row, second.place.row) == (1, None)
    assert first.details["uncertain"] is True
    assert first.details is not second.details


async def test_a_lost_answer_leaves_all_of_its_elements_open(client: HttpClient, serve: Serve) -> None:
    async def hang_up(request: web.Request) -> web.Response:
        await request.read()
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    declared = batch(await serve(hang_up))
    for idempotent, uncertain in ((False, True), (True, None)):
        outcomes = await perform(client, declared, elements("1", "2"), idempotent=idempotent)
        assert [(each.code, each.details.get("uncertain")) for each in outcomes] == [
            ("http_connection_lost", uncertain)
        ] * 2


async def test_an_answer_that_tells_of_fewer(client: HttpClient, serve: Serve) -> None:
    outcomes = await perform(client, batch(await serve(Vendor())), elements("1", "2", to="short"))
    assert [(each.code, each.details["uncertain"]) for each in outcomes] == [("batch_outcomes_differ", True)] * 2


async def test_without_outcomes_the_answer_is_everybodys(client: HttpClient, serve: Serve) -> None:
    declared = batch(await serve(Vendor()), outcomes=None)
    whole = {"results": [{"ok": True, "id": "1"}, {"ok": False, "reason": f"bad {TOKEN}"}]}
    assert await perform(client, declared, elements("1", "bad")) == [whole, whole]


async def test_results_are_shaped_as_declared(client: HttpClient, serve: Serve) -> None:
    url = await serve(Vendor())
    items = elements("1", "2")
    assert await perform(client, batch(url), items, outputs=Outputs(result="data.id")) == ["1", "2"]
    broken = await perform(client, batch(url), items, outputs=Outputs(result="data.nothing"))
    assert [each.code for each in broken] == ["rows_path_missing"] * 2


async def test_the_hook_sees_every_element(client: HttpClient, serve: Serve) -> None:
    def before(inputs: Mapping[str, Json]) -> dict[str, Json]:
        if inputs["email"] == "odd":
            raise InputProblem("field_required", label="Email")
        return {**inputs, "email": f"<{inputs['email']}>"}

    vendor = Vendor()
    outcomes = await perform(client, batch(await serve(vendor)), elements("1", "odd", "2"), before=before)
    assert [call[1] for call in vendor.calls] == [["<1>", "<2>"]]
    assert isinstance(outcomes[1], InputProblem)
    assert outcomes[2] == {"ok": True, "id": "<2>"}


async def test_the_same_elements_have_the_same_key(client: HttpClient, serve: Serve) -> None:
    vendor = Vendor()
    declared = batch(await serve(vendor))
    keyed = declared.model_copy(
        update={"call": declared.call.model_copy(update={"idempotency_header": "X-Key", "retries": 1})}
    )
    act = action(keyed.call, batch=keyed, idempotent=False)
    for keys in (["k1", "k2"], ["k1", "k2"], ["k1", "k3"]):
        await perform_batch(client, act, elements("1", "2"), UNCONNECTED, app=APP, keys=keys)
    first, second, third = (key for _, _, key in vendor.calls)
    assert first == second != third
    assert first is not None


async def test_no_elements_no_call(client: HttpClient) -> None:
    assert await perform(client, batch(), []) == []


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(1, 7))
def test_every_element_is_in_one_chunk(lists: list[str], maximum: int) -> None:
    items = [{"list": name} for name in lists]
    made = chunks(batch(maximum=maximum), items)
    assert sorted(position for chunk in made for position in chunk) == list(range(len(items)))
    for chunk in made:
        assert 1 <= len(chunk) <= maximum
        assert len({lists[position] for position in chunk}) == 1
        assert chunk == sorted(chunk)


async def test_an_action_without_batch(client: HttpClient) -> None:
    with pytest.raises(Problem) as fault:
        await perform_batch(client, action(batch().call), elements("1"), UNCONNECTED, app=APP)
    assert fault.value.kind == "unexpected"
