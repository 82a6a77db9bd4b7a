"""A made-up AWS key and a call that both sides of the AWS tests need."""

from __future__ import annotations

from outcode.appkit import AwsKeys, AwsOperation, FromConnection, Input, Words
from outcode.transport.aws import AwsConnection

KIND = AwsKeys(key="keys", label=Words(en="Key", ko="키"))
FIELDS = {
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "session_token": "",
    "region": "ap-northeast-2",
    "database": "dev",
}
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


def connection(base: str | None, **fields: str) -> AwsConnection:
    """The key for a server in AWS's place, some fields replaced."""
    return AwsConnection.of(KIND, FIELDS | fields, base_url=base)
