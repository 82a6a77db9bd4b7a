"""What answers that say no become: the vendor's words, our classes, and no secrets; and the faults of hooks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from aiohttp import web

from outcode.appkit import ErrorMap, NoCredential, Outputs, ReceivedAnswer, Request, Success
from outcode.appkit.errors import Meaning
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import HttpClient, HttpConnection
from outcode.values.json import Json, dumps
from outcode.values.problems import InputProblem, Problem, RateLimited, Unexpected, VendorDown, VendorRejected
from tests.support.http_calls import APP, BEARER, TOKEN, UNCONNECTED, WORDS, action, app, connected

Serve = Callable[..., Awaitable[str]]
DATA = Outputs(result="data")


def saying(body: Json, status: int = 200, **headers: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(_request: web.Request) -> web.Response:
        text = body if isinstance(body, str) else dumps(body)
        return web.Response(text=text, status=status, headers=headers, content_type="application/json")

    return handler


async def ask(
    client: HttpClient, url: str, errors: ErrorMap | None = None, *, credentials: bool = True, **settings: Any
) -> Json:
    vendor = app(BEARER, NoCredential(key="none", label=WORDS), errors=errors or ErrorMap())
    connection = connected(vendor) if credentials else HttpConnection.of(vendor, None)
    request = Request(**{"method": "GET", "url": url, "retries": 0, **settings})
    return (await client.perform(request, {}, DATA, connection, app=vendor)).value


async def refused(client: HttpClient, url: str, errors: ErrorMap | None = None, **settings: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await ask(client, url, errors, **settings)
    for language in ("en", "ko"):
        assert caught.value.message(language)
        assert caught.value.hint(language)
    return caught.value


@pytest.mark.parametrize(
    ("meaning", "kind", "code"),
    [
        ("credentials", VendorRejected, "connection_refused_credentials"),
        ("permission", VendorRejected, "http_status_permission"),
        ("not_found", VendorRejected, "http_status_not_found"),
        ("conflict", VendorRejected, "http_status_conflict"),
        ("invalid", VendorRejected, "http_status_invalid"),
        ("too_large", VendorRejected, "http_status_too_large"),
        ("rate_limited", RateLimited, "http_status_rate_limited"),
        ("unavailable", VendorDown, "http_status_server"),
    ],
)
async def test_every_meaning(
    client: HttpClient, serve: Serve, meaning: Meaning, kind: type[Problem], code: str
) -> None:
    body = {"error": {"type": "IT", "number": -18, "message": "because   of\nthis"}}
    url = await serve(saying(body, 418, **{"Retry-After": "7"}))
    maps = (
        ErrorMap(message=("gone", "error.message"), statuses={418: meaning}),
        ErrorMap(message=("error.message",), code="error.type", codes={"IT": meaning}, statuses={418: "conflict"}),
        ErrorMap(message=("error.message",), code="error.number", codes={"-18": meaning}),
    )
    for errors in maps:
        await client.close()
        client = HttpClient(EgressGuard(parse_allow_rules("127.0.0.1")))  # one that need not wait
        problem = await refused(client, url, errors)
        assert (type(problem), problem.code, problem.retry_after) == (kind, code, 7)
        assert problem.details["excerpt"] == "because of this"
        assert "because of this" in problem.message("ko")
    await client.close()


async def test_without_a_map_http_and_the_body_speak(client: HttpClient, serve: Serve) -> None:
    problem = await refused(client, await serve(saying("teapot\n  inside", 418)))
    assert (problem.code, problem.details["excerpt"]) == ("http_status", "teapot inside")
    problem = await refused(client, await serve(saying("", 500)))
    assert (problem.code, problem.details["excerpt"]) == ("http_status_server", "-")
    coded = await refused(client, await serve(saying({"code": 77}, 400)), ErrorMap(code="code", message=("message",)))
    assert (coded.code, coded.details["vendor_code"]) == ("http_status_invalid", "77")


async def test_credentials_are_blamed_only_where_there_are_some(client: HttpClient, serve: Serve) -> None:
    url = await serve(saying({"e": "no"}, 401))
    assert (await refused(client, url)).code == "connection_refused_credentials"
    assert (await refused(client, url, credentials=False)).code == "http_status_credentials"


async def test_no_secret_is_repeated(client: HttpClient, serve: Serve) -> None:
    long = "x" * 290 + TOKEN
    url = await serve(saying({"message": f"key {TOKEN} is wrong", "code": TOKEN, "long": long}, 403))
    for paths in (("message",), (), ("long",)):
        problem = await refused(client, url, ErrorMap(message=paths, code="code"))
        assert TOKEN[:10] not in str(problem.as_dict("en")) + str(problem.as_dict("ko"))
        assert "***" in problem.details["body"]
        assert len(problem.details["excerpt"]) <= 300


SLACK = ErrorMap(
    message=("error",),
    code="error",
    codes={"invalid_auth": "credentials", "channel_not_found": "not_found"},
    success=Success(path="ok", equals=True),
)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"ok": False, "error": "invalid_auth"}, "connection_refused_credentials"),
        ({"ok": False, "error": "channel_not_found"}, "http_status_not_found"),
        ({"ok": False, "error": "other"}, "http_unsuccessful"),
        ({"ok": 1}, "http_unsuccessful"),
        ({}, "http_unsuccessful"),
        ([], "http_unsuccessful"),
        ("", "http_unsuccessful"),
        ("<html>", "http_invalid_json"),
    ],
)
async def test_failures_that_answer_200(client: HttpClient, serve: Serve, body: Json, code: str) -> None:
    assert (await refused(client, await serve(saying(body)), SLACK)).code == code


async def test_successes_pass(client: HttpClient, serve: Serve) -> None:
    assert await ask(client, await serve(saying({"ok": True, "n": 1})), SLACK) == {"ok": True, "n": 1}
    assert await ask(client, await serve(saying("", 204)), SLACK) is None
    assert await ask(client, await serve(saying("a,b")), SLACK, response_type="text") == "a,b"
    assert await ask(client, await serve(saying({"ok": False})), SLACK, fail_on_status=False) == {"ok": False}
    numbered = ErrorMap(success=Success(path="result.code", equals=0))
    assert await ask(client, await serve(saying({"result": {"code": 0}})), numbered) == {"result": {"code": 0}}
    assert (await refused(client, await serve(saying({"result": {"code": False}})), numbered)).code


async def test_what_is_not_json_is_said(client: HttpClient, serve: Serve) -> None:
    url = await serve(saying("<html>maintenance"))
    assert (await refused(client, url, response_type="json")).code == "http_invalid_json"
    assert (await refused(client, await serve(saying("<html>", 502)))).code == "http_status_server"


async def test_hooks_stand_in_threads_at_both_ends(client: HttpClient, serve: Serve) -> None:
    threads: list[bool] = []

    def before(inputs: Mapping[str, Json]) -> dict[str, Json]:
        threads.append(threading.current_thread() is threading.main_thread())
        return {"q": f"<{inputs['q']}>"}

    def after(answer: ReceivedAnswer, inputs: Mapping[str, Json]) -> Json:
        threads.append(threading.current_thread() is threading.main_thread())
        return [answer.status, answer.body.decode(), answer.header("x-a"), inputs["q"]]

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=f"<xml>{request.query['q']}</xml>", headers={"X-A": "1"})

    request = Request(method="GET", url=await serve(echo) + "/?q={q}", after=after)
    vendor = app(errors=SLACK)
    answer = await client.perform_action(
        action(request, before=before), {"q": "a"}, HttpConnection.of(vendor, None), app=vendor
    )
    assert answer.value == [200, "<xml><a></xml>", "1", "<a>"]
    assert threads == [False, False]


async def test_a_hook_reads_no_answer_that_says_no(client: HttpClient, serve: Serve) -> None:
    def after(_answer: ReceivedAnswer, _inputs: Mapping[str, Json]) -> Json:
        raise AssertionError

    assert (await refused(client, await serve(saying("x", 404)), after=after)).code == "http_status_not_found"
    said = await refused(client, await serve(saying({"ok": False, "error": "invalid_auth"})), SLACK, after=after)
    assert said.code == "connection_refused_credentials"


@pytest.mark.parametrize("error", [ValueError("s3cret"), KeyError("s3cret"), TypeError(), ZeroDivisionError()])
async def test_faults_of_hooks_are_ours(client: HttpClient, serve: Serve, error: Exception) -> None:
    def before(_inputs: Mapping[str, Json]) -> dict[str, Json]:
        raise error

    def after(_answer: ReceivedAnswer, _inputs: Mapping[str, Json]) -> Json:
        raise error

    url = await serve(saying("x"))
    for declared in (
        action(Request(method="GET", url=url), before=before),
        action(Request(method="GET", url=url, after=after)),
    ):
        with pytest.raises(Unexpected) as fault:
            await client.perform_action(declared, {}, UNCONNECTED, app=APP)
        assert (fault.value.code, fault.value.details["app"]) == ("hook_failed", "Vendor")
        assert fault.value.details["error"] == type(error).__name__
        assert "s3cret" not in fault.value.message() + fault.value.message("ko")


async def test_problems_and_unknown_errors_of_hooks_pass(client: HttpClient, serve: Serve) -> None:
    url = await serve(saying("x"))
    for error in (InputProblem("field_required", label="X"), asyncio.CancelledError(), OSError()):

        def before(_inputs: Mapping[str, Json], error: BaseException = error) -> dict[str, Json]:
            raise error

        with pytest.raises(type(error)):
            await client.perform_action(action(Request(method="GET", url=url), before=before), {}, UNCONNECTED, app=APP)


async def test_a_rate_limit_told_by_headers_is_waited_for(client: HttpClient, serve: Serve) -> None:
    asked: list[float] = []

    async def handler(_request: web.Request) -> web.Response:
        asked.append(time.time())
        if len(asked) == 1:
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 1)}
            return web.json_response({"message": "API rate limit exceeded for user 1"}, status=403, headers=headers)
        return web.json_response({"message": "not yours"}, status=403, headers={"X-RateLimit-Remaining": "9"})

    base = await serve(handler)
    errors = ErrorMap(
        message=("message",), limited_when={"x-ratelimit-remaining": "0"}, reset_header="x-ratelimit-reset"
    )
    call = Request(method="POST", url=base + "/", body_type="json", body={})
    with pytest.raises(VendorRejected) as refused:
        await client.perform(call, {}, Outputs(), UNCONNECTED, app=app(errors=errors))
    assert (refused.value.code, len(asked)) == ("http_status_permission", 2)
    asked.clear()
    with pytest.raises(RateLimited) as limited:
        await client.perform(call.model_copy(update={"retries": 0}), {}, Outputs(), UNCONNECTED, app=app(errors=errors))
    assert limited.value.retry_after is not None
    assert 0 <= limited.value.retry_after <= 1
