"""The contract's checks can fail: each refuses the one app made against it, and lets the others pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.appkit.hostile.apart import HOSTILE_APART
from tests.appkit.hostile.apps import HOSTILE
from tests.appkit.hostile.good import GOOD, app, list_contacts, samples
from tests.apps.contract.checks import CHECKS, SLOW
from tests.apps.contract.exemptions import exemption
from tests.apps.contract.servers import open_servers
from tests.apps.contract.subjects import Subject, installed


@pytest.fixture(scope="module", autouse=True)
def databases() -> Iterator[None]:
    with open_servers():
        yield


@pytest.mark.parametrize("check", [*CHECKS, *SLOW])
async def test_a_good_app_passes(check: str) -> None:
    assert await (CHECKS | SLOW)[check](GOOD) == []


def test_every_check_has_its_hostile_app() -> None:
    assert list(HOSTILE) == list(CHECKS)


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_a_hostile_app_fails_its_check_and_no_other(hostile: str) -> None:
    subject = HOSTILE[hostile]()
    failed = {check: found for check, run in CHECKS.items() if (found := await run(subject))}
    assert list(failed) == [hostile], failed


@pytest.mark.parametrize("hostile", HOSTILE_APART)
async def test_a_hostile_app_without_http_fails_its_check(hostile: str) -> None:
    check, made = HOSTILE_APART[hostile]
    assert await (CHECKS | SLOW)[check](made()) != []


@pytest.mark.parametrize("check", ["answers", "refusals", "codes", "broken", "silence"])
async def test_a_check_without_a_question_is_seen(check: str) -> None:
    unsampled = Subject(installed()["redis"].app)
    found = await (CHECKS | SLOW)[check](unsampled)
    assert (found, found.asked, exemption(check, unsampled)) == ([], 0, None)


async def test_silence_that_nobody_hears_of_is_found() -> None:
    never = {"q": {"not": "a text"}}
    written = samples()
    unsent = written["list_contacts"].model_copy(update={"inputs": never})
    subject = Subject(app(list_contacts()), written | {"list_contacts": unsent})
    assert await SLOW["silence"](subject) != []
