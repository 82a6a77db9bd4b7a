"""Connections in use: tried before they are stored, marked by runs, and given to nobody of another team."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import sqlalchemy as sql

from outcode.database import schema
from outcode.runs.history import RunInfo
from outcode.values.problems import Conflict, EgressRefused, InputProblem, NotFound, PermissionProblem, VendorRejected
from outcode.workspace.connections import ConnectionInfo
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import Scope, new_id
from outcode.workspace.settings import Settings
from tests.conftest import Place
from tests.support.authorization import Authorization, Issued, authorization
from tests.support.flows import run, script
from tests.support.vendor_place import vendor_place

ME = {"app": "vendor", "action": "me", "connection": "Account"}
GOOD = "access-good-t0ken"


@pytest.fixture
def vendor() -> Iterator[Authorization]:
    with authorization() as server:
        server.issued.append(Issued(GOOD, None, "", good_until=4e9))
        yield server


@pytest.fixture
async def place(settings: Settings, vendor: Authorization) -> AsyncIterator[Place]:
    async with vendor_place(settings, vendor) as server:
        yield server.place


async def add(place: Place, name: str = "Account", token: str = GOOD, **options: Any) -> ConnectionInfo:
    app = place.instance.apps["vendor"]
    scope = options.pop("scope", place.scope)
    return await place.instance.connector.add(scope, app, name, {"token": token}, kind="token", **options)


async def update(place: Place, fields: dict[str, Any], **options: Any) -> ConnectionInfo:
    app = place.instance.apps["vendor"]
    scope = options.pop("scope", place.scope)
    return await place.instance.connector.update(scope, app, "Account", fields, **options)


async def colleague(place: Place, role: str = "general_user") -> Scope:
    """Somebody else in the same team."""
    user_id = new_id()
    async with place.instance.database.begin() as connection:
        user = {"id": user_id, "name": "Park", "email": f"{user_id}@acme.test"}
        await connection.execute(sql.insert(schema.users).values(user))
        member = place.scope.owned({"user_id": user_id, "role": role})
        await connection.execute(sql.insert(schema.memberships).values(member))
    return Scope(place.scope.organization_id, place.scope.team_id, user_id)


def code_of(found: RunInfo) -> str:
    assert found.error is not None
    return str(found.error["code"])


async def test_wrong_credentials_are_told_before_anything_is_stored(place: Place) -> None:
    with pytest.raises(VendorRejected) as refused:
        await add(place, token="wrong-canary-t0ken")
    assert refused.value.code == "connection_refused_credentials"
    assert "canary" not in str(refused.value.as_dict("en"))
    assert await place.instance.connections.list(place.scope) == []
    made = await add(place)
    assert (made.state, made.identity) == ("working", "kim@example.com")
    assert made.tested_at is not None
    untried = await add(place, "Untried", "wrong", test=False)
    assert (untried.state, untried.identity, untried.tested_at) == ("untested", None, None)


async def test_a_taken_name_is_told_before_the_vendor_is_asked(place: Place) -> None:
    await add(place)
    with pytest.raises(Conflict):
        await add(place, token="wrong")


async def test_a_change_keeps_secrets_that_the_form_leaves_out(place: Place) -> None:
    made = await add(place)
    changed = await update(place, {})
    assert (changed.id, changed.version) == (made.id, 2)
    opened = await place.instance.connections.open(place.scope, place.instance.apps["vendor"], "Account")
    assert opened.fields["token"] == GOOD
    with pytest.raises(VendorRejected):
        await update(place, {"token": "wrong"})
    opened = await place.instance.connections.open(place.scope, place.instance.apps["vendor"], "Account")
    assert (opened.fields["token"], opened.version) == (GOOD, 2)
    with pytest.raises(InputProblem) as moved:
        await update(place, {"zone": "eu"})
    assert (moved.value.code, moved.value.place.field) == ("connection_secret_needed_again", "token")
    assert (await update(place, {"zone": "eu", "token": GOOD})).settings["zone"] == "eu"
    with pytest.raises(InputProblem) as emptied:
        await update(place, {"token": ""})
    assert emptied.value.code == "field_required"


async def test_refused_credentials_in_a_run_mark_the_connection_once(place: Place, vendor: Authorization) -> None:
    await add(place)
    vendor.end_access()
    await place.instance.database.pool.execute(
        "CREATE TABLE changes (n int); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO changes VALUES (1); RETURN NEW; END $$;"
        " CREATE TRIGGER noted AFTER UPDATE ON connections FOR EACH ROW EXECUTE FUNCTION note()"
    )
    rows = script("return Array.from({length: 20}, (_, n) => ({n: String(n)}))")
    found = await run(place, {"a": rows, "b": {**ME, "inputs": {"note": "{{a.n}}"}}})
    assert found.error is not None
    assert (found.error["code"], found.error["details"]) == ("rows_failed", {"failed": 20, "total": 20})
    marked = await place.instance.connections.find(place.scope, "Account")
    assert marked.state == "needs_attention"
    assert marked.problem is not None
    assert marked.problem["code"] == "connection_refused_credentials"
    assert await place.instance.database.pool.fetchval("SELECT count(*) FROM changes") == 1
    vendor.issued[0].revoked = False
    app = place.instance.apps["vendor"]
    assert (await place.instance.connector.test(place.scope, app, "Account")).state == "working"
    assert (await run(place, {"a": ME})).state == "done"
    assert await place.instance.database.pool.fetchval("SELECT count(*) FROM rate_limits") == 1
    assert (await place.instance.connections.find(place.scope, "Account")).problem is None


async def test_a_test_that_says_nothing_of_the_credentials_leaves_the_state(
    place: Place, vendor: Authorization
) -> None:
    await add(place)
    connector, app = place.instance.connector, place.instance.apps["vendor"]
    before = await place.instance.connections.find(place.scope, "Account")
    place.instance.guard.refuse_port(int(vendor.base.rpartition(":")[2]))
    with pytest.raises(EgressRefused):
        await connector.test(place.scope, app, "Account")
    found = await place.instance.connections.find(place.scope, "Account")
    assert found.state == "working"
    assert found.problem is not None
    assert found.problem["code"] == "blocked_own_port"
    assert before.tested_at is not None
    assert found.tested_at is not None
    assert found.tested_at > before.tested_at


async def test_a_general_user_manages_own_connections_only_and_uses_all(place: Place) -> None:
    theirs = await colleague(place)
    await add(place)
    connections, app = place.instance.connections, place.instance.apps["vendor"]
    assert (await connections.open(theirs, app, "Account")).fields["token"] == GOOD
    attempts = [
        connections.rename(theirs, "Account", "Mine"),
        connections.remove(theirs, "Account"),
        update(place, {"token": GOOD}, scope=theirs),
    ]
    for attempt in attempts:
        with pytest.raises(PermissionProblem) as refused:
            await attempt
        assert refused.value.code == "connection_of_another"
    await add(place, "Own", scope=theirs)
    await connections.rename(theirs, "Own", "Renamed")
    await connections.remove(await colleague(place, "administrator"), "Renamed")
    await connections.remove(place.scope, "Account")


async def test_nothing_of_another_team_is_used_marked_or_changed_even_by_id(place: Place) -> None:
    database = place.instance.database
    other = await create_workspace(
        database, organization="Other", domain="other", team="Ops", user="Lee", email="lee@other.test"
    )
    info = await add(place, scope=other)
    for name in ("Account", info.id):
        assert code_of(await run(place, {"a": {**ME, "connection": name}})) == "connection_unknown"
        for attempt in (
            place.instance.connections.rename(place.scope, name, "Mine"),
            place.instance.connections.remove(place.scope, name),
            place.instance.connector.test(place.scope, place.instance.apps["vendor"], name),
        ):
            with pytest.raises(NotFound):
                await attempt
    app = place.instance.apps["vendor"]
    opened = await place.instance.connections.open(other, app, "Account")
    await place.instance.connections.mark(place.scope, opened, VendorRejected("connection_needs_reconnect"))
    assert await place.instance.connections.find(other, "Account") == info


async def test_a_connection_whose_kind_is_no_longer_offered_is_told(place: Place) -> None:
    await add(place)
    async with place.instance.database.begin() as connection:
        await connection.execute(sql.update(schema.connections).values(kind="gone"))
    assert code_of(await run(place, {"a": ME})) == "connection_kind_unknown"
    assert code_of(await run(place, {"a": {**ME, "app": "api", "action": "http_request"}})) != "connection_kind_unknown"
