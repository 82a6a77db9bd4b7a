"""The whole way against a real authorization server: codes, renewal, rotation, machines, assertions, misbehaviour."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from yarl import URL

from outcode.appkit import ClientCredentials, OAuth2Code, Request, ServiceAccount
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import HttpClient, HttpConnection, Trace
from outcode.transport.http.auth import (
    MemoryTokens,
    Tokens,
    authorization_url,
    exchanged,
    new_verifier,
    revoked,
    token_endpoint,
)
from outcode.values.problems import EgressRefused, Problem, TooLarge, VendorDown, VendorRejected
from tests.support.authorization import Authorization, Behaviour
from tests.support.connections import app_of, connected, performed
from tests.support.vendors import CLIENT, FIREBASE, LABEL, RSA_KEY, RSA_PEM, plain, public_pem, secret

Serve = Callable[..., Awaitable[str]]
BACK = "https://outcode.example/callback"


@pytest.fixture
def keeper() -> MemoryTokens:
    return MemoryTokens()


@pytest.fixture
async def client(keeper: MemoryTokens) -> AsyncIterator[HttpClient]:
    http = HttpClient(EgressGuard(parse_allow_rules("127.0.0.0/8")), tokens=keeper)
    yield http
    await http.close()


def person(vendor: Authorization, **said: object) -> HttpConnection:
    kind = OAuth2Code.model_validate(
        {"key": "oauth", "label": LABEL, "authorize_url": "/authorize", "token_url": "/token", "revoke_url": "/revoke",
         "scopes": ("mail", "profile"), "kept": {"granted": "scope"}, **said},
    )  # fmt: skip
    return connected(app_of(kind, base_url=vendor.base), "oauth", {}, client=CLIENT)


def machine(vendor: Authorization, authentication: str = "basic", **fields: str) -> HttpConnection:
    kind = ClientCredentials.model_validate(
        {"key": "client", "label": LABEL, "fields": (plain("client_id"), secret("client_secret")),
         "token_url": "/token", "client_authentication": authentication, "scope": "read"},
    )  # fmt: skip
    given = {"client_id": CLIENT.client_id, "client_secret": CLIENT.client_secret, **fields}
    return connected(app_of(kind, base_url=vendor.base), "client", given)


async def agreed(vendor: Authorization, client: HttpClient, connection: HttpConnection) -> Tokens:
    """What a person's consent brings: away to the vendor, back with a code, the code exchanged."""
    assert isinstance(connection.kind, OAuth2Code)
    verifier = new_verifier()
    away = authorization_url(connection, connection.kind, redirect_uri=BACK, state="st4te", verifier=verifier)
    async with aiohttp.ClientSession() as browser, browser.get(away, allow_redirects=False) as answer:
        back = URL(answer.headers["Location"])
    assert back.query["state"] == "st4te"
    code = back.query["code"]
    steps = exchanged(connection, connection.kind, code, redirect_uri=BACK, verifier=verifier, now=datetime.now(UTC))
    return await client.run(steps, connection, None)


async def me(client: HttpClient, vendor: Authorization, connection: HttpConnection, **said: object) -> list[Trace]:
    traces: list[Trace] = []
    call = Request.model_validate({"method": "GET", "url": vendor.protected_url, **said})
    answer = await performed(client, call, connection, record=traces.append)
    assert answer.value["data"] == {"email": "kim@example.com"}
    return traces


def ending(tokens: Tokens, seconds: float) -> Tokens:
    return replace(tokens, expires_at=datetime.now(UTC) + timedelta(seconds=seconds))


async def test_a_person_connects_and_calls_work(
    vendor: Authorization, client: HttpClient, keeper: MemoryTokens
) -> None:
    connection = person(vendor)
    tokens = await agreed(vendor, client, connection)
    assert vendor.asked[0]["code_challenge_method"] == "S256"
    assert tokens.values["granted"] == "mail profile"
    keeper.put(connection, tokens)
    (trace,) = await me(client, vendor, connection)
    assert (trace.status, dict(trace.request_headers)["Authorization"]) == (200, "***")
    assert vendor.grants() == ["authorization_code"]


async def test_a_stolen_code_is_worth_nothing(vendor: Authorization, client: HttpClient) -> None:
    connection = person(vendor)
    assert isinstance(connection.kind, OAuth2Code)
    away = authorization_url(connection, connection.kind, redirect_uri=BACK, state="s", verifier=new_verifier())
    async with aiohttp.ClientSession() as browser, browser.get(away, allow_redirects=False) as answer:
        code = URL(answer.headers["Location"]).query["code"]
    steps = exchanged(
        connection, connection.kind, code, redirect_uri=BACK, verifier=new_verifier(), now=datetime.now(UTC)
    )
    with pytest.raises(VendorRejected) as rejected:
        await client.run(steps, connection, None)
    assert (rejected.value.code, vendor.issued) == ("connection_needs_reconnect", [])


async def test_tokens_are_renewed_a_minute_early_and_rotate(
    vendor: Authorization, client: HttpClient, keeper: MemoryTokens
) -> None:
    connection = person(vendor)
    first = await agreed(vendor, client, connection)
    keeper.put(connection, ending(first, 90))
    await me(client, vendor, connection)
    assert len(vendor.issued) == 1
    keeper.put(connection, ending(first, 59))
    renewal, call = await me(client, vendor, connection)
    assert (renewal.url, call.url) == (vendor.token_url, vendor.protected_url)
    second = await keeper.kept(connection)
    assert second is not None
    assert second.values["refresh_token"] != first.values["refresh_token"]
    assert second.values["granted"] == "mail profile"
    keeper.put(connection, ending(second, 1))
    await me(client, vendor, connection)
    assert vendor.grants() == ["authorization_code", "refresh_token", "refresh_token"]


async def test_a_vendor_that_does_not_rotate(vendor: Authorization, client: HttpClient, keeper: MemoryTokens) -> None:
    connection = person(vendor)
    first = await agreed(vendor, client, connection)
    vendor.behave = "keeps_refresh_token"
    for _ in range(2):
        keeper.put(connection, ending(first, 1))
        await me(client, vendor, connection)
        kept = await keeper.kept(connection)
        assert kept is not None
        assert kept.values["refresh_token"] == first.values["refresh_token"]


async def test_tokens_taken_back_before_their_time(
    vendor: Authorization, client: HttpClient, keeper: MemoryTokens
) -> None:
    connection = person(vendor)
    keeper.put(connection, await agreed(vendor, client, connection))
    vendor.end_access()
    refused, renewal, again = await me(client, vendor, connection)
    assert (refused.status, renewal.url, again.status) == (401, vendor.token_url, 200)


async def test_fifty_calls_renew_once(vendor: Authorization, client: HttpClient, keeper: MemoryTokens) -> None:
    connection = person(vendor)
    first = await agreed(vendor, client, connection)
    for tokens in (ending(first, 1), None):
        if tokens is not None:
            keeper.put(connection, tokens)
        before = len(vendor.forms)
        await asyncio.gather(*(me(client, vendor, connection) for _ in range(50)))
        assert len(vendor.forms) == before + 1
        vendor.end_access()


async def test_a_person_who_took_it_back_is_asked_anew(
    vendor: Authorization, client: HttpClient, keeper: MemoryTokens
) -> None:
    connection = person(vendor)
    keeper.put(connection, await agreed(vendor, client, connection))
    vendor.end_grants()
    results = await asyncio.gather(*(me(client, vendor, connection) for _ in range(5)), return_exceptions=True)
    assert {getattr(result, "code", None) for result in results} == {"connection_needs_reconnect"}
    assert len({id(result) for result in results}) == 5
    for _ in range(2):
        with pytest.raises(VendorRejected):
            await me(client, vendor, connection)
    assert vendor.grants() == ["authorization_code", "refresh_token"]


async def test_a_renewal_that_fails_early_does_no_harm(
    vendor: Authorization, client: HttpClient, keeper: MemoryTokens
) -> None:
    connection = person(vendor)
    first = await agreed(vendor, client, connection)
    vendor.behave = "error_500"
    keeper.put(connection, ending(first, 30))
    renewal, call = await me(client, vendor, connection)
    assert (renewal.status, call.status) == (500, 200)
    (call,) = await me(client, vendor, connection)
    assert call.status == 200
    keeper.put(connection, ending(first, -1))
    with pytest.raises(VendorDown) as down:
        await me(client, vendor, connection)
    assert down.value.code == "token_server_unavailable"


async def test_revocation(vendor: Authorization, client: HttpClient) -> None:
    connection = person(vendor)
    tokens = await agreed(vendor, client, connection)
    assert isinstance(connection.kind, OAuth2Code)
    steps = revoked(connection, connection.kind, tokens)
    assert steps is not None
    await client.run(steps, connection, tokens)
    assert vendor.revoked == [tokens.values["refresh_token"]]
    assert not vendor.good(str(tokens.values["access_token"]))


@pytest.mark.parametrize(
    ("authentication", "taken", "asked"),
    [
        ("basic", "client_secret_basic", 1),
        ("body", "client_secret_post", 1),
        ("either", "client_secret_basic", 1),
        ("either", "client_secret_post", 2),
    ],
)
async def test_machines(vendor: Authorization, client: HttpClient, authentication: str, taken: str, asked: int) -> None:
    vendor.client.authentication = (taken,)
    connection = machine(vendor, authentication)
    await me(client, vendor, connection)
    await me(client, vendor, connection)
    assert vendor.grants() == ["client_credentials"] * asked


async def test_a_client_that_is_not_known(vendor: Authorization, client: HttpClient) -> None:
    connection = machine(vendor, client_secret="wrong-s3cret-canary")
    with pytest.raises(VendorRejected) as rejected:
        await me(client, vendor, connection)
    assert rejected.value.code == "connection_refused_credentials"
    assert "canary" not in str(rejected.value.as_dict("ko"))


async def test_a_service_account(vendor: Authorization, client: HttpClient) -> None:
    kind = FIREBASE.kind
    assert isinstance(kind, ServiceAccount)
    kind = kind.model_copy(update={"key_file": None, "fields": (secret("private_key"),), "key_id": ""})
    fields = {"private_key": RSA_PEM, "client_email": "robot@shop.example", "token_uri": vendor.token_url}
    vendor.keys["robot@shop.example"] = public_pem(RSA_KEY)
    kind = kind.model_copy(update={"claims": {**kind.claims, "sub": "{client_email}"}})
    app = app_of(kind, base_url=vendor.base)
    renewal, _ = await me(client, vendor, connected(app, kind.key, fields))
    assert vendor.grants() == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert vendor.forms[0]["assertion"] not in str(renewal.as_dict())
    vendor.keys["robot@shop.example"] = public_pem(rsa.generate_private_key(65537, 2048))
    with pytest.raises(VendorRejected) as rejected:
        await me(client, vendor, connected(app, kind.key, fields, version=2))
    assert rejected.value.code == "connection_refused_credentials"


@pytest.mark.parametrize(
    ("behave", "kind", "code"),
    [
        ("error_500", VendorDown, "token_server_unavailable"),
        ("not_json", VendorRejected, "token_answer_unusable"),
        ("no_access_token", VendorRejected, "token_answer_unusable"),
        ("invalid_grant", VendorRejected, "connection_refused_credentials"),
        ("redirect", VendorRejected, "token_answer_unusable"),
        ("huge", TooLarge, "http_too_large"),
    ],
)
async def test_token_servers_that_misbehave(
    vendor: Authorization, client: HttpClient, serve: Serve, behave: Behaviour, kind: type[Problem], code: str
) -> None:
    reached: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        reached.append(await request.text())
        return web.json_response({"access_token": "stolen"})

    vendor.elsewhere = await serve(elsewhere)
    vendor.behave = behave
    traces: list[Trace] = []
    call = Request(method="GET", url=vendor.protected_url, retries=3)
    with pytest.raises(Problem) as caught:
        await performed(client, call, machine(vendor), record=traces.append)
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert (len(vendor.forms), len(traces), reached) == (1, 1, [])
    assert CLIENT.client_secret not in str([trace.as_dict() for trace in traces])
    assert CLIENT.client_secret not in str(caught.value.as_dict())


@pytest.mark.parametrize("behave", ["expires_as_text", "expires_absent", "expires_negative"])
async def test_lifetimes_of_all_sorts(vendor: Authorization, client: HttpClient, behave: Behaviour) -> None:
    vendor.behave = behave
    connection = machine(vendor)
    for _ in range(2):
        await me(client, vendor, connection)
    assert len(vendor.forms) == 1


async def test_token_servers_have_a_time_of_their_own(
    vendor: Authorization, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_endpoint, "TOKEN_SECONDS", 1)
    # It would answer well in the time of the call.
    vendor.behave, vendor.seconds = "slow", 20
    with pytest.raises(VendorDown) as down:
        await me(client, vendor, machine(vendor), timeout_seconds=300, retries=3)
    assert down.value.code == "http_timeout"
    assert len(vendor.forms) <= 1


async def test_a_fetch_goes_on_when_its_caller_is_stopped(
    vendor: Authorization, client: HttpClient, keeper: MemoryTokens
) -> None:
    connection = machine(vendor)
    vendor.behave, vendor.seconds = "slow", 1
    first = asyncio.create_task(me(client, vendor, connection))
    async with asyncio.timeout(30):
        while not vendor.forms:
            await asyncio.sleep(0.01)
    second = asyncio.create_task(me(client, vendor, connection))
    await asyncio.sleep(0.05)
    first.cancel()
    await second
    assert len(vendor.forms) == 1


async def test_the_token_server_is_guarded(vendor: Authorization) -> None:
    client = HttpClient(EgressGuard())
    with pytest.raises(EgressRefused):
        await client.tokens(machine(vendor))
    await client.close()
    assert vendor.forms == []
