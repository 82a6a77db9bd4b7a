"""AWS's service models as botocore ships them: read from disk once, in a thread, and kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import (
    BotoCoreError,
    DataNotFoundError,
    EndpointProviderError,
    UnknownServiceError,
)
from botocore.loaders import Loader, create_loader
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel

from outcode.transport.aws.connection import AwsConnection
from outcode.values.problems import InputProblem, Place, Unexpected


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a call goes and for whom it is signed."""

    url: str
    signing_name: str
    signing_region: str


@dataclass(frozen=True, slots=True)
class Service:
    """One service's model and the rules of its addresses."""

    model: ServiceModel
    rules: EndpointProvider

    def operation(self, name: str) -> OperationModel:
        """The operation's model; raises Unexpected ``aws_operation_unknown`` or ``aws_operation_unsupported``.

        Not supported: event streams, bodies that need a checksum besides the signature, and other signatures than
        version 4, such as S3's own.
        """
        service = self.model.service_name
        try:
            operation = self.model.operation_model(name)
        except OperationNotFoundError as error:
            raise Unexpected("aws_operation_unknown", service=service, operation=name) from error
        streams = operation.has_event_stream_input or operation.has_event_stream_output
        if streams or operation.http_checksum_required or self.model.signature_version != "v4":
            raise Unexpected("aws_operation_unsupported", service=service, operation=name)
        return operation

    def endpoint(self, operation: OperationModel, parameters: dict[str, object], connection: AwsConnection) -> Endpoint:
        """The address of a call; raises InputProblem ``aws_no_endpoint``."""
        if connection.base_url is not None:
            return Endpoint(str(connection.base_url), self.model.signing_name, connection.region)
        known: dict[str, object] = {
            context.name: parameters[context.member_name]
            for context in operation.context_parameters
            if context.member_name in parameters
        }
        known |= {context.name: context.value for context in operation.static_context_parameters}
        try:
            found = self.rules.resolve_endpoint(**{"Region": connection.region, **known})
        except (EndpointProviderError, BotoCoreError) as error:
            place = Place(field="connection.region")
            service = self.model.service_name
            raise InputProblem("aws_no_endpoint", place, service=service, region=connection.region) from error
        schemes: list[dict[str, str]] = found.properties.get("authSchemes", [])
        scheme = next((each for each in schemes if each["name"] == "sigv4"), {})
        return Endpoint(
            url=found.url,
            signing_name=scheme.get("signingName", self.model.signing_name),
            signing_region=scheme.get("signingRegion", connection.region),
        )


class Services:
    """The services used so far; one for a process."""

    def __init__(self) -> None:
        self._loader: Loader | None = None
        self._known: dict[str, Service] = {}
        self._reading = asyncio.Lock()

    async def find(self, name: str) -> Service:
        """The service of that name in botocore; raises Unexpected ``aws_service_unknown``."""
        if name not in self._known:
            async with self._reading:
                if name not in self._known:
                    self._known[name] = await asyncio.to_thread(self._read, name)
        return self._known[name]

    def _read(self, name: str) -> Service:
        if self._loader is None:
            self._loader = create_loader()
        try:
            model = self._loader.load_service_model(name, "service-2")
            rules = self._loader.load_service_model(name, "endpoint-rule-set-1")
            partitions = self._loader.load_data("partitions")
        except (UnknownServiceError, DataNotFoundError) as error:
            raise Unexpected("aws_service_unknown", service=name) from error
        return Service(ServiceModel(model, name), EndpointProvider(rules, partitions))
