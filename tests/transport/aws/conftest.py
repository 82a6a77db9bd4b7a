"""The transport that the tests of this folder call through."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from outcode.transport.aws import AwsTransport
from outcode.transport.guard import EgressGuard, parse_allow_rules


@pytest.fixture
async def aws() -> AsyncIterator[AwsTransport]:
    transport = AwsTransport(EgressGuard(parse_allow_rules("127.0.0.0/8")))
    yield transport
    await transport.close()
