"""The messages are those that AWS's own client makes, and values pass through them unchanged."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.model import Shape
from hypothesis import given
from hypothesis import strategies as st

from outcode.appkit import AwsKeys, AwsOperation, Words
from outcode.transport.aws import AwsConnection
from outcode.transport.aws.messages import SignedRequest, parameters_of, signed
from outcode.transport.aws.services import Services
from outcode.transport.aws.values import json_of, parameter_of
from outcode.values.problems import InputProblem

KIND = AwsKeys(key="keys", label=Words(en="Key", ko="키"))
FIELDS = {
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "session_token": "FwoGZXIvYXdzEBYa",
    "region": "eu-central-1",
}


def of_aws(service: str, method: str, parameters: dict[str, Any]) -> AWSPreparedRequest:
    """The request that AWS's own client would send."""
    caught: list[AWSPreparedRequest] = []
    client = botocore.session.get_session().create_client(
        service,
        region_name=FIELDS["region"],
        aws_access_key_id=FIELDS["access_key_id"],
        aws_secret_access_key=FIELDS["secret_access_key"],
        aws_session_token=FIELDS["session_token"],
    )

    def catch(request: AWSPreparedRequest, **_rest: Any) -> None:
        caught.append(request)
        raise InterruptedError

    client.meta.events.register("before-send", catch)
    with pytest.raises(InterruptedError):
        getattr(client, method)(**parameters)
    return caught[0]


async def of_outcode(service: str, name: str, parameters: dict[str, Any]) -> SignedRequest:
    connection = AwsConnection.of(KIND, FIELDS)
    found = await Services().find(service)
    operation = found.operation(name)
    call = AwsOperation(service=service, operation=name, parameters=parameters)
    given_parameters = parameters_of(call, operation, {}, connection)
    return signed(operation, given_parameters, found.endpoint(operation, given_parameters, connection), connection)


@pytest.mark.parametrize(
    ("service", "name", "method", "parameters"),
    [
        ("sts", "GetCallerIdentity", "get_caller_identity", {}),
        ("sesv2", "DeleteEmailIdentity", "delete_email_identity", {"EmailIdentity": "a b+ü@x.example/?#"}),
        ("sesv2", "ListSuppressedDestinations", "list_suppressed_destinations", {"StartDate": "2026-11-21T10:00:00Z"}),
        ("ses", "SendRawEmail", "send_raw_email", {"RawMessage": {"Data": "aGk="}, "Destinations": ["ü@x.example"]}),
        ("redshift-data", "ExecuteStatement", "execute_statement", {"Sql": "SELECT 'é'", "ClientToken": "t"}),
        ("dynamodb", "ListTables", "list_tables", {"Limit": 5}),
        ("ec2", "DescribeInstances", "describe_instances", {"Filters": [{"Name": "a", "Values": ["b"]}]}),
        ("cloudwatch", "ListMetrics", "list_metrics", {"Namespace": "AWS/SES"}),
    ],
)
async def test_a_request_is_the_one_that_awss_own_client_makes(
    service: str, name: str, method: str, parameters: dict[str, Any]
) -> None:
    as_bytes = {"RawMessage": {"Data": b"hi"}}
    theirs = of_aws(service, method, parameters | {key: as_bytes[key] for key in as_bytes if key in parameters})
    ours = await of_outcode(service, name, parameters)
    body = theirs.body.encode() if isinstance(theirs.body, str) else theirs.body
    assert (ours.method, str(ours.url), ours.body or b"") == (theirs.method, theirs.url, body or b"")
    own = {key.lower(): value for key, value in ours.headers}
    their = {key.lower(): value for key, value in theirs.headers.items()}
    assert own.get("content-type") == (their.get("content-type") and str(_text(their["content-type"])))
    scope = own["authorization"].partition(", ")[0]
    assert scope == _text(their["authorization"]).partition(", ")[0]
    assert own["x-amz-security-token"] == FIELDS["session_token"]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def shape(kind: str) -> Shape:
    return Shape("X", {"type": kind})


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_whole_numbers_stay_exact_and_others_are_refused(number: Decimal) -> None:
    if -(2**63) <= number < 2**63 and number == number.to_integral_value():
        assert parameter_of(number, shape("long"), "n") == int(number)
    else:
        with pytest.raises(InputProblem):
            parameter_of(number, shape("long"), "n")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_of_an_answer_are_the_shortest_that_mean_the_same(number: float) -> None:
    assert float(json_of(number)) == number
    assert parameter_of(json_of(number), shape("double"), "n") == number


@given(st.binary())
def test_bytes_pass_as_base64(content: bytes) -> None:
    assert parameter_of(json_of(content), shape("blob"), "b") == content


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", "long"),
        (True, "integer"),
        (None, "string"),
        ("true", "boolean"),
        ("ä", "blob"),
        ("a===", "blob"),
        ("yesterday", "timestamp"),
        (5, "timestamp"),
        ([], "string"),
        (Decimal("NaN"), "long"),
        (Decimal("1E999999999"), "long"),
        (2**63, "integer"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_path(value: Any, kind: str) -> None:
    with pytest.raises(InputProblem) as caught:
        parameter_of(value, shape(kind), "Outer.Inner[2]")
    assert caught.value.code == "aws_parameter_type"
    assert "Outer.Inner[2]" in caught.value.message()
