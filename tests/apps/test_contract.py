"""Every app, held to the contract that it gets for free."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from outcode.apps.quality import standing_of
from outcode.apps.registry import all_apps
from outcode.values.json import loads
from tests.apps.contract.checks import CHECKS, SLOW
from tests.apps.contract.exemptions import EXEMPTIONS, exemption
from tests.apps.contract.guard import LeftTheMachine, loopback_only
from tests.apps.contract.servers import open_servers
from tests.apps.contract.subjects import installed

LISTED = Path(__file__).parents[3] / "shared" / "apps.json"
SLUGS = list(all_apps())
HELD = [(slug, check) for slug in SLUGS for check in CHECKS if exemption(check, installed()[slug]) is None]
EXEMPT = [(slug, check) for slug in SLUGS for check in CHECKS if (slug, check) not in HELD]


@pytest.fixture(scope="module", autouse=True)
def databases() -> Iterator[None]:
    with open_servers():
        yield


@pytest.fixture(autouse=True)
def stays_on_the_machine() -> Iterator[None]:
    with loopback_only() as left:
        yield
    assert left == []


@pytest.mark.parametrize(("slug", "check"), HELD)
async def test_contract(slug: str, check: str) -> None:
    found = await CHECKS[check](installed()[slug])
    assert not found, "\n".join(found)
    assert found.asked, f"{check} has asked {slug} nothing, and no reason for that is listed"


@pytest.mark.parametrize(("slug", "check"), EXEMPT)
async def test_nothing_is_exempt_that_could_be_asked(slug: str, check: str) -> None:
    subject = installed()[slug]
    found = await CHECKS[check](subject)
    assert (found, found.asked) == ([], 0), exemption(check, subject)


def test_only_checks_are_exempted_from() -> None:
    assert set(EXEMPTIONS) <= {*CHECKS, *SLOW}


@pytest.mark.parametrize("check", SLOW)
async def test_contract_of_all_apps_at_once(check: str) -> None:
    asked = asyncio.gather(*(SLOW[check](subject) for subject in installed().values()), return_exceptions=True)
    absent: list[BaseException] = []
    for (slug, subject), found in zip(installed().items(), await asked, strict=True):
        if isinstance(found, BaseException):
            absent.append(found)
            continue
        assert not found, "\n".join(found)
        assert bool(found.asked) == (exemption(check, subject) is None), slug
    for reason in absent:
        raise reason  # a skip, where a server is not installed here


@pytest.mark.parametrize("slug", SLUGS)
def test_quality_is_at_least_bronze_and_claimed_truly(slug: str) -> None:
    standing = standing_of(slug)
    assert standing.untrue == ()
    assert standing.tier is not None, standing.lacking_next


@pytest.mark.skipif(not LISTED.exists(), reason="the list of all apps is not beside this checkout")
def test_apps_are_named_as_the_product_lists_them() -> None:
    listed = {app["slug"]: app for app in loads(LISTED.read_bytes())}
    for slug, app in all_apps().items():
        if slug in listed:
            offered = [*(each.name for each in app.actions), *(each.name for each in app.triggers)]
            assert (app.name, app.category) == (listed[slug]["app"], listed[slug]["category"])
            assert offered == listed[slug]["actions"], slug


async def test_the_guard_of_the_network_holds() -> None:
    with loopback_only() as left:
        with pytest.raises(LeftTheMachine), socket.socket() as outside:
            outside.connect(("192.0.2.1", 9))
        with pytest.raises(LeftTheMachine):
            socket.getaddrinfo("example.com", 443)
    assert left == ["192.0.2.1", "example.com"]
