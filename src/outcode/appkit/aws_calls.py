"""What an action asks of AWS: one operation of one service, by the names of AWS's own service models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from outcode.appkit.base import Declared
from outcode.appkit.template import Input, Template


class AwsOperation(Declared):
    """One operation, such as ``ExecuteStatement`` of ``redshift-data``; its answer is the operation's output.

    ``parameters`` are the operation's input members; an empty one is left out. Bytes are base64 and moments are ISO
    8601, asked for and answered. ``token`` names the member in which the next page's token travels, asked for and
    answered; pages are read where ``Outputs`` has rows, at most ``max_pages``. ``idempotency`` names the member that
    takes a key which makes repeating harmless.

    Source: the service models that botocore ships, https://docs.aws.amazon.com/.
    """

    kind: Literal["aws_operation"] = "aws_operation"
    service: str
    operation: str
    parameters: Mapping[str, Template] = {}
    token: str | None = None
    max_pages: int | Input = 100
    timeout_seconds: int | Input = 30
    retries: int | Input = 2
    idempotency: str | None = None
