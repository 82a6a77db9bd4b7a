"""Servers that fail on purpose: what is repeated, what is not, and what people are told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from outcode.appkit import AwsOperation, ErrorMap, Outputs
from outcode.transport.aws import AwsTransport
from outcode.values.problems import Problem, RateLimited, SetupProblem, VendorDown, VendorRejected
from tests.support.aws import EXECUTE, FIELDS, connection


class Failing:
    """A server that gives the answers it was told to, one after the other; the last stays."""

    def __init__(self, *answers: tuple[int, str] | None) -> None:
        self.base = ""
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        self._answers = list(answers)

    async def answer(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.signatures.append(request.headers["Authorization"])
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return web.Response(status=answer[0], text=answer[1], content_type="application/x-amz-json-1.1")


@pytest.fixture
async def failing() -> AsyncIterator[Callable[..., Awaitable[Failing]]]:
    runners: list[web.AppRunner] = []

    async def start(*answers: tuple[int, str] | None) -> Failing:
        server = Failing(*answers)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", server.answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return server

    yield start
    for runner in runners:
        await runner.cleanup()


def said(code: str, message: str = "because") -> str:
    return f'{{"__type": "com.amazonaws.redshift#{code}", "message": "{message}"}}'


THROTTLED = (400, said("ThrottlingException"))
BROKEN = (500, said("InternalServerException"))
DONE = (200, '{"Id": "x"}')
PLAIN = AwsOperation(service="redshift-data", operation="CancelStatement", parameters={"Id": "1" * 8})
Start = Callable[..., Awaitable[Failing]]


async def perform(aws: AwsTransport, server: Failing, operation: AwsOperation, **options: Any) -> Any:
    key = connection(server.base)
    return (await aws.perform(operation, {"sql": "x"}, Outputs(), key, **options)).value


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = asyncio.sleep
    monkeypatch.setattr("outcode.transport.aws.client.asyncio.sleep", lambda _seconds: sleep(0))


async def test_every_request_waits_for_its_turn(aws: AwsTransport, failing: Start) -> None:
    server = await failing(
        THROTTLED, (200, '{"Statements": [], "NextToken": "a"}'), BROKEN, (200, '{"Statements": []}')
    )
    sent: list[int] = []

    async def turn() -> None:
        sent.append(len(server.bodies))
        if len(sent) > 4:
            raise RateLimited("http_limit_reached", retry_after=60, seconds=60)

    listing = AwsOperation(service="redshift-data", operation="ListStatements", token="NextToken")
    rows = Outputs(rows="Statements")
    await aws.perform(listing, {}, rows, connection(server.base), idempotent=True, turn=turn)
    assert (sent, len(server.bodies)) == ([0, 1, 2, 3], 4)
    with pytest.raises(RateLimited) as refused:
        await perform(aws, server, PLAIN, turn=turn)
    assert (refused.value.code, len(server.bodies)) == ("http_limit_reached", 4)


async def test_throttled_calls_are_repeated(aws: AwsTransport, failing: Start) -> None:
    server = await failing(THROTTLED, (429, "{}"), DONE)
    assert await perform(aws, server, PLAIN) == {}
    assert len(server.bodies) == 3
    stubborn = await failing(THROTTLED)
    with pytest.raises(RateLimited) as caught:
        await perform(aws, stubborn, PLAIN)
    assert caught.value.code == "aws_rate_limited"
    assert "uncertain" not in caught.value.details
    assert len(stubborn.bodies) == 3


@pytest.mark.parametrize("code", ["ThrottlingException", "TooManyRequestsException", "SlowDown"])
async def test_too_many_calls_hold_those_of_other_processes_back(aws: AwsTransport, failing: Start, code: str) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    assert await perform(aws, await failing((400, said(code)), BROKEN, DONE), EXECUTE, pause=pause) == {"Id": "x"}
    assert len(pauses) == 1
    with pytest.raises(RateLimited):
        await perform(aws, await failing((400, said(code))), EXECUTE, pause=pause)
    assert len(pauses) == 4
    assert all(0 < seconds <= 10 for seconds in pauses)


@pytest.mark.parametrize("failure", [BROKEN, None, (503, "<html>")])
async def test_only_harmless_calls_are_repeated_after_a_servers_failure(
    aws: AwsTransport, failing: Start, failure: tuple[int, str] | None
) -> None:
    server = await failing(failure, DONE)
    with pytest.raises(VendorDown) as caught:
        await perform(aws, server, PLAIN)
    assert caught.value.details["uncertain"] is True
    assert len(server.bodies) == 1
    again = await failing(failure, DONE)
    await perform(aws, again, PLAIN, idempotent=True)
    assert len(again.bodies) == 2


async def test_the_idempotency_member_is_the_same_in_every_attempt(aws: AwsTransport, failing: Start) -> None:
    server = await failing(BROKEN, None, DONE)
    assert (await perform(aws, server, EXECUTE, key="run-1/task/0"))["Id"] == "x"
    await perform(aws, server, EXECUTE, key="run-1/task/0")
    await perform(aws, server, EXECUTE, key="run-1/task/1")
    await perform(aws, server, EXECUTE)
    tokens = [re.search(rb'"ClientToken": "([0-9a-f-]{36})"', body) for body in server.bodies]
    texts = [token[1] for token in tokens if token]
    assert len(texts) == 6
    assert len(set(texts[:4])) == 1
    assert len(set(texts[3:])) == 3


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ((400, said("ExpiredTokenException")), VendorRejected, "connection_refused_credentials"),
        ((403, said("UnrecognizedClientException")), VendorRejected, "connection_refused_credentials"),
        ((403, said("InvalidSignatureException", "Signature expired: 2020")), SetupProblem, "aws_clock"),
        ((400, said("RequestExpired")), SetupProblem, "aws_clock"),
        ((400, said("AccessDeniedException")), VendorRejected, "aws_permission"),
        ((400, said("ValidationException")), VendorRejected, "aws_refused"),
        ((400, said("ResourceNotFoundException")), VendorRejected, "aws_not_found"),
        ((400, said("Strange")), VendorRejected, "aws_refused"),
        ((404, "{}"), VendorRejected, "aws_not_found"),
        ((401, "nonsense"), VendorRejected, "connection_refused_credentials"),
        ((301, "{}"), VendorRejected, "aws_refused"),
        ((200, '{"CreatedAt": "never"}'), VendorRejected, "aws_answer_unreadable"),
        ((200, '{"DbGroups": 5}'), VendorRejected, "aws_answer_unreadable"),
    ],
)
async def test_what_error_codes_mean(
    aws: AwsTransport, failing: Start, answer: tuple[int, str], kind: type[Problem], code: str
) -> None:
    server = await failing(answer)
    with pytest.raises(kind) as caught:
        await perform(aws, server, EXECUTE)
    assert caught.value.code == code
    assert len(server.bodies) == 1


async def test_an_app_says_what_its_own_codes_mean(aws: AwsTransport, failing: Start) -> None:
    busy = "ActiveStatementsExceededException"
    server = await failing((400, said(busy)), DONE)
    errors = ErrorMap(codes={busy: "rate_limited"})
    assert (await perform(aws, server, EXECUTE, errors=errors))["Id"] == "x"
    assert len(server.bodies) == 2


async def test_secrets_in_refusals_are_masked(aws: AwsTransport, failing: Start) -> None:
    server = await failing((400, said("ValidationException", f"bad {FIELDS['secret_access_key']}")))
    with pytest.raises(VendorRejected) as caught:
        await perform(aws, server, EXECUTE)
    assert caught.value.details["excerpt"] == "bad ***"


async def test_a_call_has_an_end(aws: AwsTransport) -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    key = connection(base)
    with pytest.raises(VendorDown) as caught:
        await aws.perform(PLAIN.model_copy(update={"timeout_seconds": 1}), {}, Outputs(), key)
    assert caught.value.code == "http_timeout"
    server.close()
