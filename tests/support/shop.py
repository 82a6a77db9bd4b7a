"""A shop that takes orders in batches and lists its warehouses: a real server, and the app that is declared for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from outcode.appkit import (
    Action,
    ApiKey,
    App,
    Batch,
    ChoiceField,
    Choices,
    Input,
    NumberField,
    OutputField,
    Outputs,
    Request,
    Success,
    TextField,
    Words,
)

KEY = "shop-k3y-canary"
WORDS = Words(en="Shop", ko="가게")


class Shop:
    """Remembers the batches that it was sent; refuses orders of nothing and callers without the key."""

    def __init__(self) -> None:
        self.base = ""
        self.batches: list[Any] = []
        self.keys: list[str | None] = []
        self.warehouses: list[dict[str, Any]] = [{"id": 7, "name": "서울"}, {"id": 9, "name": "Busan"}]

    async def take(self, request: web.Request) -> web.Response:
        """``POST /orders``: an outcome for each order."""
        if request.headers.get("X-Shop-Key") != KEY:
            return web.json_response({"error": f"unknown key {request.headers.get('X-Shop-Key')}"}, status=401)
        orders = (await request.json())["orders"]
        self.batches.append(orders)
        self.keys.append(request.headers.get("Idempotency-Key"))
        return web.json_response({"results": [_outcome(order) for order in orders]})

    async def list(self, request: web.Request) -> web.Response:
        """``GET /regions/{region}/warehouses``."""
        if request.match_info["region"] == "moon":
            return web.json_response({"error": "no such region"}, status=404)
        return web.json_response({"warehouses": self.warehouses})


def _outcome(order: dict[str, Any]) -> dict[str, Any]:
    return {"ok": False, "error": "no amount"} if order["amount"] == 0 else {"ok": True, "id": f"o-{order['name']}"}


@asynccontextmanager
async def shop() -> AsyncIterator[Shop]:
    """A shop on a free port."""
    served = Shop()
    application = web.Application()
    application.router.add_post("/orders", served.take)
    application.router.add_get("/regions/{region}/warehouses", served.list)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


def shop_app(base: str) -> App:
    """The app of a shop."""
    call = Request(
        method="POST",
        url="/orders",
        body_type="json",
        body={"orders": Input(field="items")},
        idempotency_header="Idempotency-Key",
    )
    order = Action(
        key="order",
        name="Order",
        description=WORDS,
        fields=(
            TextField(key="region", label=WORDS),
            ChoiceField(
                key="warehouse",
                label=WORDS,
                choices=Choices(
                    call=Request(method="GET", url="/regions/{region}/warehouses"),
                    rows="data.warehouses",
                    value="id",
                    label="name",
                    depends_on=("region",),
                    empty=Words(en="Add a warehouse first.", ko="먼저 창고를 추가하세요."),
                ),
            ),
            TextField(key="name", label=WORDS, required=True),
            NumberField(key="amount", label=WORDS, required=True),
        ),
        call=call,
        batch=Batch(
            maximum=3,
            call=call,
            item={"name": Input(field="name"), "amount": Input(field="amount"), "warehouse": Input(field="warehouse")},
            outcomes="data.results",
            success=Success(path="ok", equals=True),
            error="error",
        ),
        outputs=Outputs(result="data", fields=(OutputField(path="id", label=WORDS),)),
        idempotent=False,
    )
    return App(
        slug="shop",
        name="Shop",
        category="Test",
        description=WORDS,
        connections=(
            ApiKey(
                key="key",
                label=WORDS,
                fields=(TextField(key="api_key", label=WORDS, required=True, sensitive=True),),
                place="header",
                name="X-Shop-Key",
                value="{api_key}",
            ),
        ),
        base_url=base,
        actions=(order,),
    )
