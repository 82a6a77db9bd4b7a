"""AWS calls against moto's server, which checks keys, signatures and policies as AWS does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from outcode.appkit import AwsOperation, Input, Outputs
from outcode.transport.aws import AwsTransport
from outcode.transport.guard import EgressGuard
from outcode.transport.http import Trace
from outcode.values.problems import (
    EgressRefused,
    InputProblem,
    Unexpected,
    VendorRejected,
)
from tests.support.aws import EXECUTE, connection
from tests.support.moto import Moto, moto_server

SEND = AwsOperation(
    service="sesv2",
    operation="SendEmail",
    parameters={
        "FromEmailAddress": Input(field="from"),
        "Destination": {"ToAddresses": Input(field="to"), "CcAddresses": Input(field="cc")},
        "Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": Input(field="text")}}}},
    },
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
