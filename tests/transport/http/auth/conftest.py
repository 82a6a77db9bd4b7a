"""A real authorization server beside the servers of the folder above."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.authorization import Authorization, authorization


@pytest.fixture
def vendor() -> Iterator[Authorization]:
    """A vendor's authorization server and one protected page."""
    with authorization() as running:
        yield running
