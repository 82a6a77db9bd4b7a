"""AWS calls: AWS's own service models make and read the messages, Outcode's guarded HTTP wire carries them."""

from outcode.transport.aws.client import AwsTransport
from outcode.transport.aws.connection import AwsConnection

__all__ = ["AwsConnection", "AwsTransport"]
