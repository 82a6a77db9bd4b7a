"""One operation's request and answer, made and read by botocore's own serializers and parsers; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from botocore.auth import SigV4Auth
from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.credentials import Credentials
from botocore.exceptions import ParamValidationError
from botocore.model import OperationModel, Shape
from botocore.parsers import ResponseParserError, ResponseParserFactory
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from yarl import URL

from outcode import __version__
from outcode.appkit.aws_calls import AwsOperation
from outcode.appkit.template import filled
from outcode.transport.aws.connection import AwsConnection
from outcode.transport.aws.failures import Refusal
from outcode.transport.aws.services import Endpoint
from outcode.transport.aws.values import iso_text, json_of, parameter_of
from outcode.transport.http.decode import Response
from outcode.transport.http.settings import place_of
from outcode.transport.http.trace import Mask
from outcode.values.json import Json
from outcode.values.problems import InputProblem, VendorRejected


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request with its signature in the headers."""

    method: str
    url: URL
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


Parameters = dict[str, Any]
"""An operation's input as botocore's serializers take it, moments and bytes included."""

_parsers = ResponseParserFactory()
_parsers.set_parser_defaults(timestamp_parser=iso_text)


def parameters_of(
    call: AwsOperation, operation: OperationModel, inputs: Mapping[str, Json], connection: AwsConnection
) -> Parameters:
    """The operation's input, checked against its model.

    Raises InputProblem ``aws_parameter_type``, ``aws_parameter_unknown``, ``aws_parameter_missing`` or
    ``aws_parameters_invalid``, with the field's place where one field makes the member.
    """
    given = {key: None if value in ("", [], {}) else value for key, value in inputs.items()}
    shape = operation.input_shape
    known = {} if shape is None else shape.members
    parameters: Parameters = {}
    for name, value in filled(call.parameters, given, connection.values).items():
        if value is None:
            continue
        if name not in known:
            raise InputProblem("aws_parameter_unknown", path=name, known=list(known))
        try:
            parameters[name] = parameter_of(value, known[name], name)
        except InputProblem as problem:
            raise problem.at(field=place_of(call.parameters[name]).field) from None
    if shape is None:
        return parameters
    for name in shape.metadata.get("required", []):
        if name not in parameters and name != call.idempotency:
            raise InputProblem("aws_parameter_missing", place_of(call.parameters.get(name)), path=name)
    return parameters


def signed(
    operation: OperationModel, parameters: Parameters, endpoint: Endpoint, connection: AwsConnection
) -> SignedRequest:
    """The request of one attempt: the signature holds the time, so each attempt has its own.

    Raises InputProblem ``aws_parameters_invalid``.
    """
    if operation.input_shape is not None:
        found = ParamValidator().validate(parameters, operation.input_shape)
        if found.has_errors():
            raise InputProblem("aws_parameters_invalid", reason=" ".join(found.generate_report().split())[:500])
    serializer = create_serializer(operation.service_model.resolved_protocol, include_validation=False)
    try:
        made = serializer.serialize_to_request(parameters, operation)
    except ParamValidationError as error:
        raise InputProblem("aws_parameters_invalid", reason=str(error.kwargs["report"])[:500]) from error
    prepare_request_dict(made, endpoint_url=endpoint.url, user_agent=f"Outcode/{__version__}")
    request = create_request_object(made)
    key = Credentials(connection.access_key_id, connection.secret_access_key, connection.session_token or None)
    SigV4Auth(key, endpoint.signing_name, endpoint.signing_region).add_auth(request)
    body = request.body
    return SignedRequest(
        method=made["method"],
        # Encoded already, and signed so: not a character may change.
        url=URL(request.url, encoded=True),
        headers=tuple((name, _text(value)) for name, value in request.headers.items()),
        body=body or None,
    )


def read(operation: OperationModel, response: Response, mask: Mask) -> dict[str, Json] | Refusal:
    """What an answer says: the operation's output, or the error.

    Slow for large answers, so not for the event loop. Raises VendorRejected ``aws_answer_unreadable``.
    """
    parser = _parsers.create_parser(operation.service_model.resolved_protocol)
    service = operation.service_model.service_name
    message = {
        "headers": HeadersDict(response.headers),
        "status_code": response.status,
        "context": {"operation_name": operation.name},
        "body": response.body,
    }
    try:
        parsed: dict[str, Any] = parser.parse(message, cast("Shape", operation.output_shape))
    except (ResponseParserError, ValueError, TypeError, KeyError, AttributeError, LookupError) as error:
        # The parsers take the shape of an answer for granted; what another server says there ends in any of these.
        host = response.url.host or ""
        raise VendorRejected("aws_answer_unreadable", service=service, operation=operation.name, host=host) from error
    if response.status >= 300:
        error_said = parsed.get("Error", {})
        code, sentence = str(error_said.get("Code") or response.status), str(error_said.get("Message") or "")
        return Refusal(code[:100], mask.text(sentence), response, service, operation.name)
    output: dict[str, Json] = json_of({key: value for key, value in parsed.items() if key != "ResponseMetadata"})
    return output


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value
