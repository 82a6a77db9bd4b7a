"""AWS calls: AWS's own service models make and read the messages, Outcode's guarded HTTP wire carries them."""

from typing import TYPE_CHECKING

from outcode.values.first_use import at_first_use

if TYPE_CHECKING:
    from outcode.transport.aws.client import AwsTransport
    from outcode.transport.aws.connection import AwsConnection

__all__ = ["AwsConnection", "AwsTransport"]

__getattr__ = at_first_use(__name__, {"AwsConnection": "connection", "AwsTransport": "client"})
