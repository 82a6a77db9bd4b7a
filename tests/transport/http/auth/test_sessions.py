"""Logins at a server that locks accounts: one for all, never again after a refusal, anew when a session is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web

from outcode.appkit import Request
from outcode.transport.http import HttpClient, HttpConnection
from outcode.values.problems import Problem, VendorDown, VendorRejected
from tests.support.connections import performed
from tests.support.vendors import CANARY, ECOUNT

Serve = Callable[..., Awaitable[str]]


class Erp:
    """An ERP with a login of two steps; every session is good for ``calls`` calls."""

    def __init__(self, *, password: str = CANARY, calls: int = 1000) -> None:
        self.password = password
        self.calls = calls
        self.zones = 0
        self.logins = 0
        self.used = 0
        self.status = 200

    async def __call__(self, request: web.Request) -> web.Response:
        await asyncio.sleep(0.01)
        body = await request.json()
        match request.path:
            case "/OAPI/V2/Zone":
                self.zones += 1
                return web.json_response({"Data": {"ZONE": "AB"}}, status=self.status)
            case "/OAPI/V2/OAPILogin":
                self.logins += 1
                if body["API_CERT_KEY"] != self.password:
                    return web.json_response({"Data": {"Code": "20", "Message": "wrong password"}})
                self.used = 0
                return web.json_response({"Data": {"Code": "00", "Datas": {"SESSION_ID": f"s{self.logins}"}}})
            case _:
                self.used += 1
                if request.query["SESSION_ID"] != f"s{self.logins}" or self.used > self.calls:
                    return web.json_response({"Status": "500", "Error": {"Code": 99, "Message": "session is over"}})
                return web.json_response({"Status": "200"})


async def call(client: HttpClient, base: str, connection: HttpConnection) -> str:
    asked = Request(method="POST", url=f"{base}/OAPI/V2/Sale", body_type="json", body={"n": 1})
    answer = await performed(client, asked, connection)
    return str(answer.value["data"]["Status"])


async def test_one_login_for_all(client: HttpClient, serve: Serve) -> None:
    erp = Erp()
    base = await serve(erp)
    connection = ECOUNT.connection(base)
    results = await asyncio.gather(*(call(client, base, connection) for _ in range(50)))
    assert (set(results), erp.zones, erp.logins) == ({"200"}, 1, 1)
    assert await call(client, base, connection) == "200"
    assert erp.logins == 1


async def test_a_session_that_is_over_is_got_anew(client: HttpClient, serve: Serve) -> None:
    erp = Erp(calls=2)
    base = await serve(erp)
    connection = ECOUNT.connection(base)
    assert [await call(client, base, connection) for _ in range(5)] == ["200"] * 5
    assert erp.logins == 3


async def test_a_refused_login_is_not_repeated(client: HttpClient, serve: Serve) -> None:
    erp = Erp(password="another")
    base = await serve(erp)
    connection = ECOUNT.connection(base)
    results = await asyncio.gather(*(call(client, base, connection) for _ in range(50)), return_exceptions=True)
    assert {getattr(result, "code", result) for result in results} == {"connection_needs_reconnect"}
    with pytest.raises(VendorRejected) as rejected:
        await call(client, base, connection)
    assert erp.logins == 1
    assert "wrong password" in rejected.value.message()
    assert "nothing is tried by itself" in rejected.value.hint()
    # Somebody corrects the key: the connection has another version.
    erp.password = CANARY
    changed = replace(connection, version=2)
    assert await call(client, base, changed) == "200"
    assert erp.logins == 2


async def test_a_server_that_is_down_says_nothing_of_the_account(client: HttpClient, serve: Serve) -> None:
    erp = Erp()
    erp.status = 503
    base = await serve(erp)
    connection = ECOUNT.connection(base)
    results = await asyncio.gather(*(call(client, base, connection) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(result, VendorDown) for result in results)
    assert erp.zones == 1
    erp.status = 200
    assert await call(client, base, connection) == "200"


async def test_sessions_that_are_never_taken_are_not_got_for_ever(client: HttpClient, serve: Serve) -> None:
    erp = Erp(calls=0)
    base = await serve(erp)
    connection = ECOUNT.connection(base)
    for _ in range(10):
        with pytest.raises(Problem) as caught:
            await call(client, base, connection)
        assert caught.value.code == "connection_refused_credentials"
        assert "session is over" in caught.value.message()
    assert erp.logins == 2
