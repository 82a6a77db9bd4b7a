"""The receiver that the example flows talk to: takes orders, lists products page by page, shows what arrived.

It listens on loopback only, keeps the last thousand orders in memory, and is the one address that ``--example`` opens.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from outcode.server.listening import Listening
from outcode.values import json
from outcode.values.problems import InputProblem

DEMO_HOST = "127.0.0.1"
DEMO_PORT = 8601
_KEPT = 1000
_PRODUCTS = 57
_PAGE = 20


class DemoReceiver:
    """A small HTTP server; ``received`` counts the orders posted to it."""

    def __init__(self, port: int) -> None:
        self.host = DEMO_HOST
        self.port = port
        self.received = 0
        self._orders: deque[Any] = deque(maxlen=_KEPT)

    @property
    def base(self) -> str:
        """Its address, such as ``http://127.0.0.1:8601``."""
        return f"http://{self.host}:{self.port}"

    @classmethod
    @asynccontextmanager
    async def start(cls, port: int = DEMO_PORT) -> AsyncIterator[DemoReceiver]:
        """Listen on a port, or on a free one when it is taken, until the end of the block."""
        receiver = cls(port)
        routes = [
            Route("/orders", receiver.take_order, methods=["POST"]),
            Route("/orders", receiver.show_orders),
            Route("/products", receiver.list_products),
        ]
        app = Starlette(routes=routes)
        server = Listening(uvicorn.Config(app, lifespan="off", log_config=None, log_level="warning", access_log=False))
        with _listener(port) as listener:
            receiver.port = listener.getsockname()[1]
            serving = asyncio.create_task(server.serve([listener]))
            try:
                yield receiver
            finally:
                server.should_exit = True
                await serving

    async def take_order(self, request: Request) -> Response:
        """``POST /orders``: keeps any JSON and answers its number; 400 for what is none."""
        try:
            order = json.loads(await request.body())
        except InputProblem as problem:
            return _answer({"error": problem.message()}, 400)
        self._orders.append(order)
        self.received += 1
        return _answer({"number": self.received}, 201)

    async def show_orders(self, _request: Request) -> Response:
        """``GET /orders``: how many came, and the newest ten."""
        return _answer({"count": self.received, "newest": list(self._orders)[-10:]})

    async def list_products(self, request: Request) -> Response:
        """``GET /products?page=1``: twenty products a page, 57 in all."""
        page = request.query_params.get("page", "1")
        first = (int(page) - 1) * _PAGE if re.fullmatch("[1-9][0-9]{0,5}", page) else 0
        numbers = range(first + 1, min(first + _PAGE, _PRODUCTS) + 1)
        items = [{"id": number, "name": f"Product {number}", "price": 1000 + 250 * number} for number in numbers]
        return _answer({"items": items, "total": _PRODUCTS})


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server((DEMO_HOST, port))
    except OSError:
        return socket.create_server((DEMO_HOST, 0))


def _answer(value: Any, status: int = 200) -> Response:
    return Response(json.dump_bytes(value), status, media_type="application/json")
