"""API keys and sessions: only digests are kept, and each is good for what it was made for."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sql

from outcode.database import schema
from outcode.values.problems import AuthProblem, Conflict
from outcode.workspace.keys import add_api_key, add_start_link, open_session, scope_of_key, scope_of_session
from outcode.workspace.people import create_workspace, first_seat, is_member, organization_of_domain, seat_of
from outcode.workspace.scope import new_id
from tests.conftest import Place


async def test_a_key_is_kept_as_its_digest(place: Place) -> None:
    database = place.instance.database
    key = await add_api_key(database, place.scope, "laptop")
    assert len(key) >= 43
    keys = schema.api_keys
    async with database.begin() as connection:
        row = (await connection.execute(sql.select(keys).where(keys.c.name == "laptop"))).one()
        text = (await connection.execute(sql.text("SELECT string_agg(k::text, ' ') FROM api_keys k"))).scalar_one()
    assert row.digest == hashlib.sha256(key.encode()).digest()
    assert row.hint == key[:7] + "…"
    assert key not in text
    assert key.encode().hex() not in text
    assert await scope_of_key(database, key) == place.scope


NO_KEYS: list[str | None] = [None, "", "oc_x", "키", "\udcff", "x" * 100_000, "' OR 1=1 --"]


async def test_what_is_no_key_is_refused(place: Place) -> None:
    for key in NO_KEYS:
        with pytest.raises(AuthProblem):
            await scope_of_key(place.instance.database, key)
        with pytest.raises(AuthProblem):
            await scope_of_session(place.instance.database, key)


async def test_when_a_key_was_used_is_known_to_the_minute(place: Place) -> None:
    database, keys = place.instance.database, schema.api_keys

    async def last_used() -> datetime | None:
        async with database.begin() as connection:
            found: datetime | None = (await connection.execute(sql.select(keys.c.last_used_at))).scalar_one()
        return found

    assert await last_used() is None
    await asyncio.gather(*(scope_of_key(database, place.key) for _ in range(10)))
    first = await last_used()
    assert first is not None
    assert datetime.now(UTC) - first < timedelta(minutes=1)
    await scope_of_key(database, place.key)
    assert await last_used() == first
    long_ago = first - timedelta(minutes=2)
    async with database.begin() as connection:
        await connection.execute(sql.update(keys).values(last_used_at=long_ago))
    await scope_of_key(database, place.key)
    assert (await last_used() or long_ago) >= first


async def test_a_start_link_is_spent_once_even_by_many_at_the_same_time(place: Place) -> None:
    database = place.instance.database
    link = await add_start_link(database, place.scope)
    opened = await asyncio.gather(*(open_session(database, link) for _ in range(8)), return_exceptions=True)
    sessions = [each for each in opened if isinstance(each, str)]
    assert len(sessions) == 1
    assert await scope_of_session(database, sessions[0]) == place.scope
    async with database.begin() as connection:
        text = (await connection.execute(sql.text("SELECT string_agg(s::text, ' ') FROM sessions s"))).scalar_one()
    assert sessions[0] not in text


async def test_an_old_start_link_is_refused(place: Place) -> None:
    database = place.instance.database
    link = await add_start_link(database, place.scope)
    async with database.begin() as connection:
        await connection.execute(sql.update(schema.sessions).values(expires_at=sql.func.now()))
    with pytest.raises(AuthProblem):
        await open_session(database, link)


async def test_a_workspace_whose_domain_or_email_is_taken_is_refused_whole(place: Place) -> None:
    database = place.instance.database
    for domain, email in (("acme", "new@acme.test"), ("new", "KIM@acme.test")):
        with pytest.raises(Conflict) as refused:
            await create_workspace(database, organization="N", domain=domain, team="N", user="N", email=email)
        assert refused.value.code == "workspace_exists"
    async with database.begin() as connection:
        assert len((await connection.execute(sql.select(schema.organizations.c.id))).all()) == 1
        assert len((await connection.execute(sql.select(schema.users.c.id))).all()) == 1


async def test_seats_name_people_and_places(place: Place) -> None:
    database = place.instance.database
    seat = await seat_of(database, place.scope)
    assert (seat.user_name, seat.team_name, seat.organization_domain, seat.timezone) == (
        "Kim", "Sales", "acme", "Asia/Seoul",
    )  # fmt: skip
    assert (await first_seat(database)).scope == place.scope
    assert await organization_of_domain(database, "acme") == place.scope.organization_id
    assert await organization_of_domain(database, "none") is None
    assert await is_member(database, place.scope.team_id, place.scope.user_id)
    assert not await is_member(database, place.scope.team_id, new_id())


def test_ids_sort_in_order_of_creation() -> None:
    ids = [new_id() for _ in range(20_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
