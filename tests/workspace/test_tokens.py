"""Tokens in the database: one fetch for everybody who wants them, whoever dies, however slow the vendor is."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql

from outcode.appkit import App
from outcode.database import schema
from outcode.transport.http.auth import HttpConnection, OAuthClient, Tokens
from outcode.values.problems import Conflict, VendorDown, VendorRejected
from outcode.workspace.connections import Draft, Verified, draft
from outcode.workspace.tokens import DatabaseTokens
from tests.conftest import Place
from tests.support.authorization import Authorization, Issued, authorization
from tests.support.vendor import vendor_app
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "tests.support.token_users"]


@pytest.fixture
def vendor() -> Iterator[Authorization]:
    with authorization() as server:
        yield server


@dataclass(frozen=True)
class Account:
    """A connection whose access token has expired and whose refresh token is good."""

    place: Place
    vendor: Authorization
    app: App
    draft: Draft

    async def connection(self) -> HttpConnection:
        opened = await self.place.instance.connections.open(self.place.scope, self.app, "Account")
        return HttpConnection.of(self.app, opened, client=opened.client)

    def keeper(self, lease_seconds: float = 15) -> DatabaseTokens:
        instance = self.place.instance
        return DatabaseTokens(instance.database, instance.secrets, lease_seconds=lease_seconds)

    async def state(self) -> str:
        return (await self.place.instance.connections.find(self.place.scope, "Account")).state

    @asynccontextmanager
    async def process(self, workers: int, lease_seconds: float = 15) -> AsyncIterator[asyncio.subprocess.Process]:
        """A process whose workers wait for a line to begin."""
        settings, scope = self.place.instance.settings, self.place.scope
        seat = [scope.organization_id, scope.team_id, scope.user_id]
        arguments = [settings.database_url or "", settings.folder, self.vendor.base, *seat, workers, lease_seconds]
        process = await asyncio.create_subprocess_exec(
            *[*PROGRAM, *map(str, arguments)],
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def many(self, processes: int, workers: int, lease_seconds: float = 15) -> list[str]:
        """What each of ``processes * workers`` got, all having begun at the same time."""
        running = [self.process(workers, lease_seconds) for _ in range(processes)]
        started = await asyncio.gather(*(each.__aenter__() for each in running))
        said = await asyncio.gather(*(process.communicate(b"\n") for process in started))
        return [line for out, _ in said for line in out.decode().splitlines()]


@pytest.fixture
async def account(place: Place, vendor: Authorization) -> Account:
    app = vendor_app(vendor)
    client = OAuthClient(vendor.client.client_id, vendor.client.client_secret)
    await place.instance.oauth_clients.set(place.scope, app.slug, client)
    vendor.issued.append(Issued("access-old", "refresh-old", "profile", good_until=0))
    past = datetime.now(UTC) - timedelta(hours=1)
    tokens = Tokens({"access_token": "access-old", "refresh_token": "refresh-old"}, past, 1)
    new = draft(app, "Account", {}, kind="consent")
    await place.instance.connections.insert(place.scope, new, Verified("kim@example.com", tokens))
    return Account(place, vendor, app, new)


async def test_fifty_workers_in_five_processes_refresh_once(account: Account) -> None:
    account.vendor.behave, account.vendor.seconds = "slow", 0.5
    got = await account.many(5, 10)
    assert account.vendor.grants() == ["refresh_token"]
    assert got == [f"{account.vendor.issued[-1].access_token} 2"] * 50


async def test_a_refusal_is_not_repeated_and_marks_the_connection(account: Account) -> None:
    account.vendor.end_grants()
    got = await account.many(2, 25)
    assert got == ["connection_needs_reconnect"] * 50
    assert account.vendor.grants() == ["refresh_token"]
    info = await account.place.instance.connections.find(account.place.scope, "Account")
    assert info.state == "needs_reconnect"
    assert info.problem is not None
    assert info.problem["code"] == "connection_needs_reconnect"


async def test_another_failure_is_shared_by_who_waited_and_tried_again_by_who_comes_later(account: Account) -> None:
    account.vendor.behave = "error_500"
    got = await account.many(2, 25)
    assert set(got) == {"token_server_unavailable"}
    assert len(account.vendor.grants()) < 10
    assert await account.state() == "working"
    account.vendor.behave = "well"
    opened = await account.place.instance.connections.open(account.place.scope, account.app, "Account")
    http = account.place.instance.transports.http
    tokens = await http.tokens(HttpConnection.of(account.app, opened, client=opened.client))
    assert tokens is not None
    assert tokens.values["access_token"] == account.vendor.issued[-1].access_token


async def test_a_fetcher_that_was_killed_is_replaced_when_its_lease_ends(account: Account) -> None:
    account.vendor.behave, account.vendor.seconds = "slow", 60
    async with account.process(10, lease_seconds=2) as first, account.process(10, lease_seconds=2) as second:
        assert first.stdin is not None
        first.stdin.write(b"\n")
        await until(account.vendor.grants)
        account.vendor.behave = "well"
        first.send_signal(signal.SIGKILL)
        out, _ = await second.communicate(b"\n")
    assert out.decode().splitlines() == [f"{account.vendor.issued[-1].access_token} 2"] * 10
    assert account.vendor.grants() == ["refresh_token"] * 2


async def test_a_slow_vendor_keeps_its_fetcher_beyond_the_lease(account: Account) -> None:
    keeper, connection = account.keeper(lease_seconds=0.6), await account.connection()
    pool = account.place.instance.database.pool
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def fetch(_previous: Tokens | None) -> Tokens:
        begun.set()
        await go_on.wait()
        return Tokens({"access_token": "new"}, None, 0)

    caller = asyncio.create_task(keeper.obtain(connection, None, fetch))
    await begun.wait()
    first_end = await pool.fetchval("SELECT fetching_until FROM connection_tokens")
    held = "SELECT now() > $1 AND fetching_until > now() FROM connection_tokens"
    await until(lambda: pool.fetchval(held, first_end))
    go_on.set()
    assert (await caller).version == 2


async def test_what_a_cancelled_caller_fetched_is_stored(account: Account) -> None:
    """The refresh token has been spent by then."""
    keeper, connection = account.keeper(), await account.connection()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def fetch(previous: Tokens | None) -> Tokens:
        assert previous is not None
        begun.set()
        await go_on.wait()
        return Tokens({"access_token": "new", "refresh_token": "rotated"}, None, 0)

    caller = asyncio.create_task(keeper.obtain(connection, None, fetch))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    await keeper.close()
    stored = await account.keeper().kept(connection)
    assert stored is not None
    assert stored.values["refresh_token"] == "rotated"
    assert stored.version == 2


async def test_stale_tokens_are_replaced_by_those_that_others_fetched_meanwhile(account: Account) -> None:
    keeper, other, connection = account.keeper(), account.keeper(), await account.connection()

    async def fetch(previous: Tokens | None) -> Tokens:
        return Tokens({"access_token": f"after-{previous.version if previous else 0}"}, None, 0)

    async def never(_previous: Tokens | None) -> Tokens:
        raise AssertionError("fetched without need")

    first = await keeper.obtain(connection, None, fetch)
    assert (first.values["access_token"], first.version) == ("after-1", 2)
    assert await other.obtain(connection, None, never) == first
    second = await other.obtain(connection, first, fetch)
    assert await keeper.kept(connection) == first
    assert await keeper.obtain(connection, first, never) == second
    assert second.version == 3


async def test_a_changed_connection_takes_no_tokens_of_what_it_was(account: Account) -> None:
    keeper, connection = account.keeper(), await account.connection()
    instance, scope = account.place.instance, account.place.scope

    async def fetch(_previous: Tokens | None) -> Tokens:
        changed = replace(account.draft, version=2)
        await instance.connections.replace(scope, changed, Verified(tokens=Tokens({"access_token": "anew"}, None, 0)))
        return Tokens({"access_token": "of-before"}, None, 0)

    with pytest.raises(Conflict) as refused:
        await keeper.obtain(connection, None, fetch)
    assert refused.value.code == "connection_changed"
    with pytest.raises(Conflict):
        await keeper.obtain(connection, None, fetch)
    kept = await keeper.kept(await account.connection())
    assert kept is not None
    assert kept.values["access_token"] == "anew"


async def test_waiters_get_problems_of_their_own(account: Account) -> None:
    keeper, connection = account.keeper(), await account.connection()
    fetched: list[Any] = []

    async def fetch(previous: Tokens | None) -> Tokens:
        fetched.append(previous)
        await asyncio.sleep(0.05)
        raise VendorDown("token_server_unavailable", host="x", status=503, excerpt="busy")

    said = await asyncio.gather(*(keeper.obtain(connection, None, fetch) for _ in range(5)), return_exceptions=True)
    assert len(fetched) == 1
    assert len({id(problem) for problem in said}) == 5
    assert all(isinstance(problem, VendorDown) for problem in said)


async def test_tokens_are_sealed_and_go_with_their_connection(account: Account) -> None:
    database = account.place.instance.database
    rows = await database.pool.fetch("SELECT t::text AS text FROM connection_tokens t")
    assert len(rows) == 1
    for form in ("refresh-old", b"refresh-old".hex()):
        assert form not in rows[0]["text"]
    await account.place.instance.connections.remove(account.place.scope, "Account")
    async with database.begin() as connection:
        assert (await connection.execute(sql.select(schema.connection_tokens))).all() == []
    with pytest.raises(Conflict):
        await account.keeper().kept(HttpConnection.of(account.app, account.draft.opened()))


async def test_a_lost_connection_is_not_tried_again_until_it_is_made_anew(account: Account) -> None:
    keeper, connection = account.keeper(), await account.connection()
    tries = []

    async def refused(_previous: Tokens | None) -> Tokens:
        tries.append(1)
        raise VendorRejected("connection_needs_reconnect", host="x", status=400, excerpt="gone")

    for _ in range(3):
        with pytest.raises(VendorRejected):
            await keeper.obtain(connection, None, refused)
    assert len(tries) == 1
    tokens = Tokens({"access_token": "anew"}, None, 0)
    await account.place.instance.connections.replace(
        account.place.scope, replace(account.draft, version=2), Verified(tokens=tokens)
    )
    assert await account.state() == "working"
    kept = await keeper.kept(await account.connection())
    assert kept is not None
