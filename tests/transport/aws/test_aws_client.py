"""AWS calls against moto's server, which checks signatures as AWS does, and against servers that fail on purpose."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from outcode.appkit import AwsKeys, AwsOperation, ErrorMap, FromConnection, Input, Outputs, Words
from outcode.transport.aws import AwsConnection, AwsTransport
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import Trace
from outcode.values.problems import (
    EgressRefused,
    InputProblem,
    Problem,
    RateLimited,
    SetupProblem,
    Unexpected,
    VendorDown,
    VendorRejected,
)
from tests.support.moto import Moto, moto_server

KIND = AwsKeys(key="keys", label=Words(en="Key", ko="키"))
FIELDS = {
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "session_token": "",
    "region": "ap-northeast-2",
    "database": "dev",
}
SEND = AwsOperation(
    service="sesv2",
    operation="SendEmail",
    parameters={
        "FromEmailAddress": Input(field="from"),
        "Destination": {"ToAddresses": Input(field="to"), "CcAddresses": Input(field="cc")},
        "Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": Input(field="text")}}}},
    },
)
EXECUTE = AwsOperation(
    service="redshift-data",
    operation="ExecuteStatement",
    parameters={
        "Sql": Input(field="sql"),
        "Database": FromConnection(field="database"),
        "ClusterIdentifier": "cluster",
        "Parameters": Input(field="parameters"),
    },
    idempotency="ClientToken",
)
LISTING = AwsOperation(
    service="sqs",
    operation="ListQueues",
    parameters={"QueueNamePrefix": "paging-", "MaxResults": Decimal(3)},
    token="NextToken",
    max_pages=Input(field="pages"),
)
WHO = AwsOperation(service="sts", operation="GetCallerIdentity")


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with moto_server() as running:
        yield running


@pytest.fixture
async def aws() -> AsyncIterator[AwsTransport]:
    transport = AwsTransport(EgressGuard(parse_allow_rules("127.0.0.0/8")))
    yield transport
    await transport.close()


def connection(base: str | None, **fields: str) -> AwsConnection:
    return AwsConnection.of(KIND, FIELDS | fields, base_url=base)


def call(service: str, operation: str, **parameters: Any) -> AwsOperation:
    return AwsOperation(service=service, operation=operation, parameters=parameters)


async def ask(
    aws: AwsTransport, base: str, operation: AwsOperation, inputs: dict[str, Any] | None = None, **outputs: Any
) -> Any:
    return (await aws.perform(operation, inputs or {}, Outputs(**outputs), connection(base))).value


async def user_with_key(aws: AwsTransport, base: str, name: str) -> dict[str, str]:
    await ask(aws, base, call("iam", "CreateUser", UserName=name))
    made = await ask(aws, base, call("iam", "CreateAccessKey", UserName=name))
    key = made["AccessKey"]
    return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}


async def test_a_test_says_whose_key_it_is(aws: AwsTransport, moto: Moto) -> None:
    assert re.fullmatch(r"arn:aws:(sts|iam)::\d{12}:.+", await aws.test(connection(moto.base)))


async def test_signatures_are_right_and_wrong_keys_are_told_apart(aws: AwsTransport, moto: Moto) -> None:
    key = await user_with_key(aws, moto.base, "signer")
    moto.check_keys()
    try:
        assert (await aws.test(connection(moto.base, **key))).endswith("user/signer")
        codes = {}
        for name, wrong in (
            ("secret", {"secret_access_key": "x" * 40}),
            ("id", {"access_key_id": "AKIA0000000000000000"}),
        ):
            with pytest.raises(VendorRejected) as caught:
                await aws.test(connection(moto.base, **(key | wrong)))
            codes[name] = (caught.value.code, caught.value.details["vendor_code"])
        denials = []
        for operation in (call("ses", "ListIdentities"), call("redshift-data", "ListStatements"), LISTING):
            with pytest.raises(VendorRejected) as denied:
                await aws.perform(operation, {}, Outputs(), connection(moto.base, **key))
            denials.append(denied.value)
    finally:
        moto.trust_everybody()
    assert codes == {
        "secret": ("connection_refused_credentials", "SignatureDoesNotMatch"),
        "id": ("connection_refused_credentials", "InvalidClientTokenId"),
    }
    assert {denial.code for denial in denials} == {"aws_permission"}
    assert all("signer is not authorized to perform" in denial.details["excerpt"] for denial in denials)


async def test_a_mail_is_sent_and_its_refusal_is_understood(aws: AwsTransport, moto: Moto) -> None:
    inputs = {"from": "me@example.com", "to": ["you@example.com"], "cc": [], "text": "안녕하세요"}
    with pytest.raises(VendorRejected) as caught:
        await ask(aws, moto.base, SEND, inputs)
    assert caught.value.code == "aws_refused"
    assert caught.value.details["vendor_code"] == "MessageRejected"
    assert "me@example.com" in caught.value.message()
    await ask(aws, moto.base, call("sesv2", "CreateEmailIdentity", EmailIdentity="me@example.com"))
    answer = await ask(aws, moto.base, SEND, inputs)
    assert list(answer) == ["MessageId"]


async def test_a_statement_is_executed_and_read(aws: AwsTransport, moto: Moto) -> None:
    inputs = {"sql": "SELECT 1 WHERE :id = 5", "parameters": [{"name": "id", "value": 5}]}
    made = await ask(aws, moto.base, EXECUTE, inputs)
    assert made["Database"] == "dev"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", made["CreatedAt"])
    said = await ask(aws, moto.base, call("redshift-data", "DescribeStatement", Id=made["Id"]))
    assert said["QueryString"] == inputs["sql"]
    assert said["QueryParameters"] == [{"name": "id", "value": "5"}]
    rows = await ask(aws, moto.base, call("redshift-data", "GetStatementResult", Id=made["Id"]), rows="Records")
    assert isinstance(rows, list)
    missing = call("redshift-data", "DescribeStatement", Id="00000000-0000-0000-0000-000000000000")
    with pytest.raises(VendorRejected) as caught:
        await ask(aws, moto.base, missing)
    assert caught.value.code == "aws_not_found"


async def test_pages_are_read_to_the_end_or_as_many_as_allowed(aws: AwsTransport, moto: Moto) -> None:
    names = [f"paging-{number}" for number in range(7)]
    for name in names:
        await ask(aws, moto.base, call("sqs", "CreateQueue", QueueName=name))
    outputs = Outputs(rows="QueueUrls")
    whole = await aws.perform(LISTING, {"pages": 10}, outputs, connection(moto.base))
    assert [url.rpartition("/")[2] for url in whole.value] == names
    assert whole.meta == {"row_count": 7, "pages": 3, "truncated": False}
    assert len(whole.traces) == 3
    part = await aws.perform(LISTING, {"pages": 2}, outputs, connection(moto.base))
    assert part.meta is not None
    assert (len(part.value), part.meta["pages"], part.meta["truncated"]) == (6, 2, True)
    one = await aws.perform(LISTING, {"pages": 10}, Outputs(), connection(moto.base))
    assert one.value["NextToken"]


async def test_bytes_and_numbers_come_back_as_they_went(aws: AwsTransport, moto: Moto) -> None:
    table = call(
        "dynamodb",
        "CreateTable",
        TableName="things",
        KeySchema=({"AttributeName": "id", "KeyType": "HASH"},),
        AttributeDefinitions=({"AttributeName": "id", "AttributeType": "S"},),
        BillingMode="PAY_PER_REQUEST",
    )
    await ask(aws, moto.base, table)
    item = {"id": {"S": "a"}, "price": {"N": "19.90"}, "photo": {"B": "aGk="}}
    await ask(aws, moto.base, call("dynamodb", "PutItem", TableName="things", Item=Input(field="item")), {"item": item})
    found = await ask(aws, moto.base, call("dynamodb", "GetItem", TableName="things", Key={"id": {"S": "a"}}))
    assert found["Item"] == item


async def test_traces_show_the_call_and_no_secret(aws: AwsTransport, moto: Moto) -> None:
    seen: list[Trace] = []
    key = connection(moto.base, session_token="FwoGZXIvYXdzEBYaDKsecret")
    inputs = {"sql": f"SELECT '{key.secret_access_key}'", "parameters": None}
    answer = await aws.perform(EXECUTE, inputs, Outputs(), key, record=seen.append)
    assert list(answer.traces) == seen
    shown = str(seen[0].as_dict()) + seen[0].as_curl()
    assert "RedshiftData.ExecuteStatement" in shown
    assert "SELECT '***'" in str(seen[0].request_body)
    for secret in (key.secret_access_key, key.session_token, "Signature="):
        assert secret not in shown
    assert (seen[0].status, seen[0].address) == (200, "127.0.0.1")
    assert "secret" not in repr(key)


async def test_what_does_not_fit_the_operation_is_found_before_anything_is_sent(aws: AwsTransport) -> None:
    nowhere = "http://127.0.0.1:1"
    wrong: list[tuple[AwsOperation, dict[str, Any], str, str | None]] = [
        (SEND, {"from": "a@b.c", "to": "a@b.c", "text": "x"}, "aws_parameter_type", None),
        (EXECUTE, {"sql": ""}, "aws_parameter_missing", "inputs.sql"),
        (EXECUTE, {"sql": "x", "parameters": [{"nam": 1}]}, "aws_parameter_unknown", "inputs.parameters"),
        (EXECUTE, {"sql": "x", "parameters": [{"name": "a"}]}, "aws_parameters_invalid", None),
        (EXECUTE, {"sql": ["x"]}, "aws_parameter_type", "inputs.sql"),
        (call("sts", "GetCallerIdentity", Any="x"), {}, "aws_parameter_unknown", None),
        (
            call("sqs", "ListQueues", MaxResults=Input(field="n")),
            {"n": Decimal("1.5")},
            "aws_parameter_type",
            "inputs.n",
        ),
    ]
    for operation, inputs, code, field in wrong:
        with pytest.raises(InputProblem) as caught:
            await ask(aws, nowhere, operation, inputs)
        assert (caught.value.code, caught.value.place.field) == (code, field)
        assert caught.value.message("ko") != caught.value.message("en")


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (call("no-such", "X"), "aws_service_unknown"),
        (call("sts", "NoSuch"), "aws_operation_unknown"),
        (call("kinesis", "SubscribeToShard"), "aws_operation_unsupported"),
        (call("s3", "ListBuckets"), "aws_operation_unsupported"),
    ],
)
async def test_a_declaration_that_aws_does_not_know_is_our_fault(
    aws: AwsTransport, operation: AwsOperation, code: str
) -> None:
    with pytest.raises(Unexpected) as caught:
        await ask(aws, "http://127.0.0.1:1", operation)
    assert caught.value.code == code
    assert operation.service in caught.value.message()


async def test_the_address_follows_from_service_and_region(aws: AwsTransport) -> None:
    asked: list[tuple[str, int]] = []

    async def lookup(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    closed = AwsTransport(EgressGuard(lookup=lookup))
    for operation, region in ((WHO, "ap-northeast-2"), (call("sesv2", "GetAccount"), "cn-north-1")):
        with pytest.raises(EgressRefused):
            await closed.perform(operation, {}, Outputs(), connection(None, region=region))
    await closed.close()
    assert asked == [("sts.ap-northeast-2.amazonaws.com", 443), ("email.cn-north-1.amazonaws.com.cn", 443)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"region": ""}, "aws_key_incomplete"),
        ({"secret_access_key": " "}, "aws_key_incomplete"),
        ({"access_key_id": "AKIA\r\nX-Evil: 1"}, "aws_key_invalid"),
        ({"session_token": "ключ"}, "aws_key_invalid"),
        ({"region": "us-east-1.evil.example/"}, "aws_region_invalid"),
        ({"region": "us-east-1@evil"}, "aws_region_invalid"),
        ({"region": "seoul"}, "aws_region_invalid"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused(fields: dict[str, str], code: str) -> None:
    with pytest.raises(InputProblem) as caught:
        connection(None, **fields)
    assert caught.value.code == code
    assert str(caught.value.place.field) == f"connection.{next(iter(fields))}"


Handler = Callable[[web.Request], Awaitable[web.Response]]


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
    key = replace(connection(base))
    with pytest.raises(VendorDown) as caught:
        await aws.perform(PLAIN.model_copy(update={"timeout_seconds": 1}), {}, Outputs(), key)
    assert caught.value.code == "http_timeout"
    server.close()
