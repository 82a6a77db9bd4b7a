"""The contract: what every app is held to, each check a question with a list of findings as its answer."""

from collections.abc import Awaitable, Callable

from tests.apps.contract.checks.batches import batches
from tests.apps.contract.checks.choices import choices
from tests.apps.contract.checks.connections import connection_refused, connection_test
from tests.apps.contract.checks.declared import declaration, required, samples
from tests.apps.contract.checks.failures import broken, codes, refusals, silence
from tests.apps.contract.checks.paging import paging
from tests.apps.contract.checks.played import answers, outputs, requests
from tests.apps.contract.checks.secrets import secrets
from tests.apps.contract.checks.triggers import triggers
from tests.apps.contract.findings import Findings
from tests.apps.contract.subjects import Subject

Check = Callable[[Subject], Awaitable[Findings]]

CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        declaration,
        samples,
        required,
        requests,
        answers,
        outputs,
        paging,
        refusals,
        codes,
        broken,
        secrets,
        connection_test,
        connection_refused,
        choices,
        batches,
        triggers,
    )
}
SLOW: dict[str, Check] = {"silence": silence}
"""Checks that wait for a time-out, so all apps are asked at once."""
