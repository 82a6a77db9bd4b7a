"""Every kind of connection on its way to real servers: credentials arrive where they belong, and show nowhere else."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from outcode.appkit import Request
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import HttpClient, HttpConnection, Trace
from outcode.transport.http.auth import MemoryTokens
from outcode.values.problems import EgressRefused, InputProblem, Problem
from tests.support.connections import performed
from tests.support.vendors import CANARY, CLIENT, LARK, NAVER_SEARCH_ADS, RSA_PEM, SES, SOLAPI, VENDORS, Vendor

Serve = Callable[..., Awaitable[str]]
every_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
SECRET = (
    CANARY,
    base64.b64encode(f"AC1:{CANARY}".encode()).decode(),
    CLIENT.client_secret,
    RSA_PEM[60:90],
    "eyJhbGciOi",
)


class Server:
    """Remembers everything that arrives; answers what it is told to."""

    def __init__(self, answer: Callable[[web.Request], web.Response]) -> None:
        self.answer = answer
        self.seen: list[str] = []

    async def __call__(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        self.seen.append(f"{request.method} {request.path_qs} {dict(request.headers)} {body}")
        return self.answer(request)


@pytest.fixture
def keeper() -> MemoryTokens:
    return MemoryTokens()


@pytest.fixture
async def client(keeper: MemoryTokens) -> AsyncIterator[HttpClient]:
    http = HttpClient(EgressGuard(parse_allow_rules("127.0.0.0/8, localhost")), tokens=keeper)
    yield http
    await http.close()


def opened(vendor: Vendor, base: str, keeper: MemoryTokens) -> tuple[HttpConnection, str]:
    """A connection to a local server, its tokens at hand, and what to call."""
    connection = vendor.connection(base)
    if vendor.tokens is not None:
        keeper.put(connection, vendor.tokens)
    url = connection.values(vendor.tokens).get("url") if vendor.base_url is None else f"{base}/a?q=1"
    return connection, str(url)


def asking(url: str, **said: object) -> Request:
    call = {"method": "POST", "url": url, "body_type": "json", "body": {"a": 1}, "headers": {"X-Own": "stays"}}
    return Request.model_validate({**call, **said})


def assert_hidden(shown: object) -> None:
    text = str(shown)
    for canary in SECRET:
        assert canary not in text


def told(problem: BaseException | None) -> str:
    """Everything that could be printed or stored of a problem, its causes included."""
    said = []
    while problem is not None:
        said += [repr(problem), str(problem), str(problem.args)]
        if isinstance(problem, Problem):
            said += [str(problem.as_dict(language)) for language in ("en", "ko")]
        problem = problem.__cause__
    return "\n".join(said)


@every_vendor
async def test_credentials_follow_to_their_own_host_only(
    vendor: Vendor, client: HttpClient, keeper: MemoryTokens, serve: Serve
) -> None:
    outside = Server(lambda _: web.json_response({"ok": True}))
    elsewhere = (await serve(outside)).replace("127.0.0.1", "localhost")

    def onward(request: web.Request) -> web.Response:
        there = f"{elsewhere}/c" if request.path == "/b" else "/b"
        return web.Response(status=307, headers={"Location": there})

    inside = Server(onward)
    base = await serve(inside)
    connection, url = opened(vendor, base, keeper)
    traces: list[Trace] = []
    await performed(client, asking(url), connection, record=traces.append)
    assert vendor.shows in inside.seen[0]
    if vendor.base_url is not None:
        assert vendor.shows in inside.seen[1]
    (arrived,) = outside.seen
    assert_hidden(arrived)
    assert "HMAC" not in arrived
    assert '"sign"' not in arrived
    assert "stays" not in arrived
    assert '{"a":1}' in arrived
    assert_hidden([(trace.as_dict(), trace.as_curl(), repr(trace)) for trace in traces])


@every_vendor
@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_no_answer_makes_a_secret_visible(
    vendor: Vendor, status: int, client: HttpClient, keeper: MemoryTokens, serve: Serve
) -> None:
    """A server that sends back whatever it got, also at its token endpoint."""
    server = Server(lambda _: web.Response(status=status, text=server.seen[-1]))
    connection, url = opened(vendor, await serve(server), keeper)
    traces: list[Trace] = []
    call = asking(url, retries=0, response_type="text")
    if status == 200:
        await performed(client, call, connection, record=traces.append)
    else:
        with pytest.raises(Problem) as caught:
            await performed(client, call, connection, record=traces.append)
        assert_hidden(told(caught.value))
        if status == 401 and vendor.tokens is None:
            assert caught.value.code == "connection_refused_credentials"
    shown = str([(trace.as_dict(), trace.as_curl(), repr(trace)) for trace in traces])
    assert_hidden(shown)
    assert "***" in shown
    for thing in (connection, connection.after(vendor.tokens), vendor.tokens, client.mask_of(connection)):
        assert_hidden(repr(thing))


@every_vendor
async def test_tokens_got_on_the_way_are_hidden_too(
    vendor: Vendor, client: HttpClient, keeper: MemoryTokens, serve: Serve
) -> None:
    token = f"{CANARY}-fetched"
    granted = {
        "access_token": token,
        "code": 200,
        "data": {"accessToken": token},
        "Data": {"ZONE": "AB", "Code": "00", "Datas": {"SESSION_ID": token}},
    }
    server = Server(lambda _: web.json_response(granted))
    connection = vendor.connection(await serve(server))
    traces: list[Trace] = []
    try:
        await client.tokens(connection, record=traces.append)
    except Problem as problem:
        assert vendor.kind.kind in {"oauth2_code", "service_account"}
        assert_hidden(told(problem))
    assert_hidden([(trace.as_dict(), trace.as_curl()) for trace in traces])
    kept = await keeper.kept(connection)
    if kept is not None:
        assert token not in client.mask_of(connection).text(f"got {token}")


@every_vendor
async def test_other_hosts_are_refused_before_anything_is_sent(
    vendor: Vendor, client: HttpClient, keeper: MemoryTokens, serve: Serve
) -> None:
    server = Server(lambda _: web.json_response({}))
    base = await serve(server)
    connection, _ = opened(vendor, "https://api.example.com", keeper)
    with pytest.raises(InputProblem) as refused:
        await performed(client, asking(f"{base}/x"), connection)
    assert (refused.value.code, server.seen) == ("http_credential_host", [])
    assert_hidden(told(refused.value))


@every_vendor
async def test_a_name_that_leads_inside_gets_nothing(vendor: Vendor, keeper: MemoryTokens, serve: Serve) -> None:
    server = Server(lambda _: web.json_response({}))
    base = (await serve(server)).replace("127.0.0.1", "rebound.example")

    async def lookup(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    client = HttpClient(EgressGuard(lookup=lookup), tokens=keeper)
    connection, url = opened(vendor, base, keeper)
    with pytest.raises(EgressRefused):
        await performed(client, asking(url), connection)
    await client.close()
    assert server.seen == []


async def test_every_attempt_and_every_hop_is_signed_anew(client: HttpClient, serve: Serve) -> None:
    statuses = iter([503, 307, 503, 307, 200])

    def answer(_request: web.Request) -> web.Response:
        return web.Response(status=next(statuses), headers={"Location": "/b", "Retry-After": "0"})

    server = Server(answer)
    base = await serve(server)
    call = asking(f"{base}/a", method="GET", body=None, body_type="none", retries=2)
    await performed(client, call, SOLAPI.connection(base))
    salts = [seen.partition("salt=")[2][:32] for seen in server.seen]
    signatures = [seen.partition("signature=")[2][:64] for seen in server.seen]
    assert len(set(salts)) == len(set(signatures)) == 5


@pytest.mark.parametrize("vendor", [SOLAPI, NAVER_SEARCH_ADS, LARK, SES], ids=lambda vendor: vendor.name)
async def test_signatures_are_hidden(vendor: Vendor, client: HttpClient, serve: Serve) -> None:
    server = Server(lambda _: web.json_response({}))
    base = await serve(server)
    traces: list[Trace] = []
    await performed(client, asking(f"{base}/a"), vendor.connection(base), record=traces.append)
    found = re.search(r"(?i)(?:signature=|signature': '|\"sign\":\")([0-9a-z+/=]{40,})", server.seen[0])
    assert found is not None
    assert found[1] not in str([(trace.as_dict(), trace.as_curl()) for trace in traces])


async def test_an_answer_of_any_status_may_be_asked_for(client: HttpClient, serve: Serve) -> None:
    base = await serve(Server(lambda _: web.json_response({"no": True}, status=401)))
    call = asking(f"{base}/a", fail_on_status=False)
    answer = await performed(client, call, SOLAPI.connection(base))
    assert answer.value["status"] == 401
