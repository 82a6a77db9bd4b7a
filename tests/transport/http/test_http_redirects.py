"""Redirects and credentials: what goes where, and what never goes anywhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from outcode.appkit import Outputs, Request
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import HttpClient, HttpConnection, Trace
from outcode.values.json import Json
from outcode.values.problems import EgressRefused, InputProblem, Problem, VendorRejected
from tests.support.connections import api_connection
from tests.support.http_calls import APP, UNCONNECTED

Serve = Callable[..., Awaitable[str]]
Seen = list[tuple[str, str, dict[str, str], bytes]]
CANARY = "cAnary-s3cret-77"


def recording(seen: Seen, answer: Callable[[web.Request], web.Response]) -> Callable[..., Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen.append((request.method, request.path_qs, headers, await request.read()))
        return answer(request)

    return handler


def to(location: str, status: int = 302) -> Callable[[web.Request], web.Response]:
    return lambda _request: web.Response(status=status, headers={"Location": location})


def ok(_request: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def call(client: HttpClient, url: str, connection: HttpConnection | None = None, **settings: Any) -> list[Trace]:
    traces: list[Trace] = []
    request = Request(**{"method": "GET", "url": url, **settings})
    answer = await client.perform(request, {}, Outputs(), connection or UNCONNECTED, app=APP, record=traces.append)
    assert tuple(traces) == answer.traces
    return traces


CREDENTIALS = [
    api_connection("basic", username="kim", password=CANARY),
    api_connection("bearer", token=CANARY),
    api_connection("api_key_header", name="X-My-Key", value=CANARY),
    api_connection("api_key_query", name="serviceKey", value=CANARY),
]


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD"),
        (307, "POST", "POST"), (308, "PUT", "PUT"), (302, "PUT", "PUT"), (301, "GET", "GET"),
    ],
)  # fmt: skip
async def test_methods_and_bodies(client: HttpClient, serve: Serve, status: int, method: str, then: str) -> None:
    seen: Seen = []
    base = await serve(
        recording(seen, lambda request: to("/b?c=1", status)(request) if request.path == "/a" else ok(request))
    )
    body = None if method in {"GET", "HEAD"} else {"x": 1}
    traces = await call(client, f"{base}/a", method=method, body_type="json", body=body)
    assert [(method_, path) for method_, path, _, _ in seen] == [(method, "/a"), (then, "/b?c=1")]
    kept = then == method and body is not None
    assert seen[1][3] == (b'{"x":1}' if kept else b"")
    assert ("content-type" in seen[1][2]) == kept
    assert [trace.status for trace in traces] == [status, 200]


async def test_the_url_after_redirects_is_told(client: HttpClient, serve: Serve) -> None:
    base = await serve(
        recording([], lambda request: to("b?token=abc")(request) if request.path == "/x/a" else ok(request))
    )
    answer = await client.perform(Request(method="GET", url=f"{base}/x/a"), {}, Outputs(), UNCONNECTED, app=APP)
    assert answer.value["url"] == f"{base}/x/b?token=***"


async def test_redirects_can_be_left_alone(client: HttpClient, serve: Serve) -> None:
    seen: Seen = []
    base = await serve(recording(seen, to("/b")))
    request = Request(method="GET", url=base, follow_redirects=False)
    answer = await client.perform(request, {}, Outputs(), UNCONNECTED, app=APP)
    assert (answer.value["status"], answer.value["headers"]["location"], len(seen)) == (302, "/b", 1)


async def test_at_most_five_redirects(client: HttpClient, serve: Serve) -> None:
    seen: Seen = []

    def count_down(request: web.Request) -> web.Response:
        left = int(request.path[1:])
        return to(f"/{left - 1}")(request) if left else ok(request)

    base = await serve(recording(seen, count_down))
    await call(client, f"{base}/5")
    assert len(seen) == 6
    seen.clear()
    with pytest.raises(VendorRejected) as rejected:
        await call(client, f"{base}/6")
    assert (rejected.value.code, len(seen)) == ("http_too_many_redirects", 6)


@pytest.mark.parametrize("location", ["ftp://x.example/", "http://u:p@x.example/", "http://[x/", "file:///etc/passwd"])
async def test_redirects_that_cannot_be_followed(client: HttpClient, serve: Serve, location: str) -> None:
    base = await serve(recording([], to(location)))
    with pytest.raises(VendorRejected) as rejected:
        await call(client, base)
    assert rejected.value.code == "http_bad_redirect"


@pytest.mark.parametrize("host", ["localhost", "169.254.169.254", "2130706433", "[::1]", "10.0.0.1"])
async def test_every_hop_is_checked(serve: Serve, host: str) -> None:
    seen: Seen = []
    inner = await serve(recording(seen, ok))
    port = int(inner.rpartition(":")[2])
    outer = await serve(recording([], to(f"http://{host}:{port}/latest/meta-data")))
    guard = EgressGuard(parse_allow_rules(outer.removeprefix("http://")))
    client = HttpClient(guard)
    with pytest.raises(EgressRefused):
        await call(client, outer)
    assert seen == []
    await client.close()


async def test_secret_headers_of_the_task_stay_on_their_server(client: HttpClient, serve: Serve) -> None:
    seen: Seen = []
    base = await serve(recording(seen, ok))
    elsewhere = base.replace("127.0.0.1", "localhost")
    outer = await serve(
        recording(seen, lambda request: to({"/a": "/b", "/b": f"{elsewhere}/c"}[request.path])(request))
    )
    headers = dict.fromkeys(("Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key", "Apikey"), CANARY)
    headers |= {"Accept": "text/csv", "Accept-Language": "ko", "User-Agent": "Robot"}
    localhost = HttpClient(EgressGuard(parse_allow_rules("127.0.0.1 localhost")))
    await call(localhost, f"{outer}/a", headers=headers)
    assert [headers.get("authorization") for _, _, headers, _ in seen] == [CANARY, CANARY, None]
    assert [headers.get("x-api-key") for _, _, headers, _ in seen] == [CANARY, CANARY, None]
    last = seen[-1][2]
    assert CANARY not in str(last)
    assert (last["accept"], last["accept-language"], last["user-agent"]) == ("text/csv", "ko", "Robot")
    await localhost.close()


@pytest.mark.parametrize("connection", CREDENTIALS, ids=lambda connection: connection.kind.key)
async def test_credentials_go_to_their_host_only(client: HttpClient, serve: Serve, connection: HttpConnection) -> None:
    inside: Seen = []
    outside: Seen = []
    other = (await serve(recording(outside, ok))).replace("127.0.0.1", "localhost")
    base = await serve(recording(inside, lambda request: to("/b" if request.path == "/a" else f"{other}/c")(request)))
    traces = await call(client, f"{base}/a?q=1", connection)
    expected = "a2lt" if connection.kind.key == "basic" else CANARY
    assert [expected in f"{path}{headers}" for _, path, headers, _ in inside] == [True, True]
    assert len(outside) == 1
    assert CANARY not in str(outside)
    assert expected not in str(outside)
    shown = str([(trace.as_dict(), trace.as_curl()) for trace in traces])
    assert CANARY not in shown
    assert expected not in shown
    assert "***" in shown


async def test_basic_and_key_credentials_arrive(client: HttpClient, serve: Serve) -> None:
    seen: Seen = []
    base = await serve(recording(seen, ok))
    for connection in CREDENTIALS:
        await call(client, f"{base}/?serviceKey=own&x=1", connection, headers={"Authorization": "own"})
    assert [headers.get("authorization") for _, _, headers, _ in seen] == [
        "Basic a2ltOmNBbmFyeS1zM2NyZXQtNzc=", f"Bearer {CANARY}", "own", "own",
    ]  # fmt: skip
    assert seen[2][2]["x-my-key"] == CANARY
    assert seen[3][1] == f"/?serviceKey={CANARY}&x=1"


async def test_allowed_hosts(client: HttpClient, serve: Serve) -> None:
    seen: Seen = []
    base = await serve(recording(seen, ok))
    port = base.rpartition(":")[2]
    other = await serve(recording(seen, to(f"{base}/after")))
    for allowed, sent in (([f"127.0.0.1:{port}"], True), (["127.0.0.1"], True), (["api.example.com"], False)):
        seen.clear()
        connection = api_connection("bearer", token=CANARY, allowed_hosts=allowed)
        if sent:
            await call(client, base, connection)
            assert seen[0][2]["authorization"] == f"Bearer {CANARY}"
        else:
            with pytest.raises(InputProblem) as refused:
                await call(client, base, connection)
            assert (refused.value.code, seen) == ("http_credential_host", [])
            assert CANARY not in str(refused.value.as_dict())
    seen.clear()
    # A redirect to a host that the connection allows carries its credential there.
    await call(client, other, api_connection("bearer", token=CANARY, allowed_hosts=["127.0.0.1"]))
    assert [headers["authorization"] for _, _, headers, _ in seen] == [f"Bearer {CANARY}"] * 2


@pytest.mark.parametrize("connection", CREDENTIALS, ids=lambda connection: connection.kind.key)
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_errors_hold_no_secret(client: HttpClient, serve: Serve, connection: HttpConnection, status: int) -> None:
    def echo(request: web.Request) -> web.Response:
        return web.Response(status=status, text=f"{request.path_qs} {dict(request.headers)}")

    base = await serve(recording([], echo))
    with pytest.raises(Problem) as caught:
        await call(client, base, connection)
    for language in ("en", "ko"):
        shown = str(caught.value.as_dict(language))
        assert CANARY not in shown
        assert "a2ltOmNBbmFyeS1zM2NyZXQtNzc" not in shown
        assert "***" in shown


class Issuer:
    """A token server that counts."""

    def __init__(self, *, in_body: bool = False, expires_in: Json = 3600) -> None:
        self.in_body = in_body
        self.expires_in = expires_in
        self.issued = 0
        self.forms: list[dict[str, Any]] = []

    async def token(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        self.forms.append(form)
        by_header = request.headers.get("Authorization") == "Basic YXBwOmNBbmFyeS1zM2NyZXQtNzc="
        known = form.get("client_secret") == CANARY if self.in_body else by_header
        if not known:
            return web.json_response({"error": "invalid_client", "error_description": f"not {CANARY}"}, status=401)
        self.issued += 1
        return web.json_response({"access_token": f"tok-{self.issued}", "expires_in": self.expires_in})


def oauth(token_url: str, secret: str = CANARY) -> HttpConnection:
    return api_connection(
        "oauth2_client_credentials", token_url=token_url, client_id="app", client_secret=secret, scope="read write"
    )


@pytest.mark.parametrize("in_body", [False, True])
async def test_tokens_are_fetched_once_and_kept(client: HttpClient, serve: Serve, in_body: bool) -> None:
    issuer = Issuer(in_body=in_body)
    seen: Seen = []
    token_url = f"{await serve(issuer.token)}/token"
    base = await serve(recording(seen, ok))
    traces = await call(client, base, oauth(token_url)) + await call(client, base, oauth(token_url))
    assert [headers["authorization"] for _, _, headers, _ in seen] == ["Bearer tok-1", "Bearer tok-1"]
    assert issuer.issued == 1
    assert issuer.forms[-1]["grant_type"] == "client_credentials"
    assert issuer.forms[-1]["scope"] == "read write"
    shown = str([(trace.as_dict(), trace.as_curl()) for trace in traces])
    assert CANARY not in shown
    assert "tok-1" not in shown


async def test_tokens_that_expire_soon_or_are_taken_back(client: HttpClient, serve: Serve) -> None:
    issuer = Issuer(expires_in=30)
    seen: Seen = []
    token_url = f"{await serve(issuer.token)}/token"
    base = await serve(recording(seen, ok))
    await call(client, base, oauth(token_url))
    await call(client, base, oauth(token_url))
    assert issuer.issued == 2

    lasting = Issuer()
    revoked: set[str] = set()

    def guarded(request: web.Request) -> web.Response:
        return web.Response(status=401) if request.headers["Authorization"] in revoked else ok(request)

    token_url = f"{await serve(lasting.token)}/token"
    base = await serve(recording(seen, guarded))
    await call(client, base, oauth(token_url))
    revoked.add("Bearer tok-1")
    await call(client, base, oauth(token_url), method="POST")
    assert lasting.issued == 2
    revoked.add("Bearer tok-2")
    revoked.add("Bearer tok-3")
    with pytest.raises(VendorRejected) as rejected:
        await call(client, base, oauth(token_url))
    assert (rejected.value.code, lasting.issued) == ("connection_refused_credentials", 3)


async def test_a_refused_token_is_said_without_the_secret(client: HttpClient, serve: Serve) -> None:
    issuer = Issuer()
    token_url = f"{await serve(issuer.token)}/token"
    wrong = f"{CANARY}-wrong"
    with pytest.raises(VendorRejected) as rejected:
        await call(client, token_url, oauth(token_url, wrong))
    assert rejected.value.code == "connection_refused_credentials"
    assert "not cAnary" in rejected.value.message()
    assert wrong not in str(rejected.value.as_dict())
    assert issuer.issued == 0


async def test_the_token_server_is_guarded_too(serve: Serve) -> None:
    base = await serve(recording([], ok))
    client = HttpClient(EgressGuard(parse_allow_rules(base.removeprefix("http://"))))
    with pytest.raises(EgressRefused):
        await call(client, base, oauth("http://127.0.0.1:1/token"))
    await client.close()
