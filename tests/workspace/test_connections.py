"""Connections: answers are checked, parted into shown and sealed, and opened for their own team only."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql

from outcode.appkit import App
from outcode.apps.registry import find_app
from outcode.database import schema
from outcode.values.json import Json
from outcode.values.problems import (
    Conflict,
    EgressRefused,
    InputProblem,
    NotFound,
    Problem,
    RateLimited,
    SetupProblem,
    TooLarge,
    VendorDown,
    VendorRejected,
)
from outcode.workspace.connections import Upload, connection_kind
from outcode.workspace.connections.drafts import check_connection, split
from outcode.workspace.connections.store import state_after
from outcode.workspace.people import create_workspace
from tests.conftest import Place

API = find_app("api")
POSTGRESQL = find_app("postgresql")
EXCEL = find_app("microsoft-excel-xlsx-file")
ANSWERS: dict[str, Json] = {"host": "db.test", "username": "ann", "password": "hunter2"}
FILE = Upload("a.csv", b"name\nKim\n")


def blobs(folder: Path) -> list[Path]:
    return [path for path in (folder / "data" / "blobs").rglob("*") if path.is_file()]


def test_sensitive_answers_are_parted_from_the_shown() -> None:
    accepted = check_connection(POSTGRESQL, connection_kind(POSTGRESQL), ANSWERS, None)
    shown, sealed = split(connection_kind(POSTGRESQL).fields, accepted)
    assert sealed == {"password": "hunter2"}
    assert (shown["host"], shown["port"], shown["database"]) == ("db.test", 5432, "postgres")
    assert shown.keys() & sealed.keys() == set()


@pytest.mark.parametrize(
    ("app", "answers", "upload", "code", "field"),
    [
        (POSTGRESQL, {"username": "u"}, None, "field_required", "host"),
        (POSTGRESQL, {**ANSWERS, "hostt": 1}, None, "connection_field_unknown", "hostt"),
        (POSTGRESQL, {**ANSWERS, "port": 70000}, None, "field_out_of_range", "port"),
        (POSTGRESQL, {**ANSWERS, "port": Decimal("1e999999999")}, None, "connection_value_unusable", "port"),
        (POSTGRESQL, {**ANSWERS, "password": "a\0"}, None, "connection_value_unusable", "password"),
        (POSTGRESQL, ANSWERS, FILE, "connection_file_not_taken", "file"),
        (API, {"token": "t"}, None, "field_required", "allowed_hosts"),
        (API, {"token": "t", "allowed_hosts": []}, None, "field_required", "allowed_hosts"),
        (API, {"token": "t", "allowed_hosts": [" ", "https://"]}, None, "field_required", "allowed_hosts"),
        (EXCEL, {}, None, "field_required", "file"),
        (EXCEL, {}, Upload("a.exe", b""), "file_suffix_wrong", "file"),
        (EXCEL, {}, Upload("a.csv", b"x" * (20 * 1024 * 1024 + 1)), "file_too_large", "file"),
        (find_app("table"), {}, None, "connection_not_taken", None),
    ],
)
def test_wrong_answers_are_told_with_their_field(
    app: App, answers: dict[str, Json], upload: Upload | None, code: str, field: str | None
) -> None:
    with pytest.raises((InputProblem, TooLarge)) as refused:
        check_connection(app, connection_kind(app), answers, upload)
    assert (refused.value.code, refused.value.place.field) == (code, field)
    assert refused.value.message("en") != refused.value.message("ko")


async def test_an_opened_connection_has_its_secrets_and_does_not_show_them(place: Place) -> None:
    connections = place.instance.connections
    info = await connections.add(place.scope, POSTGRESQL, "DB", ANSWERS)
    opened = await connections.open(place.scope, POSTGRESQL, "DB")
    assert opened.fields["password"] == "hunter2"
    assert opened.secrets == ("hunter2",)
    for shown in (repr(opened), repr(info), repr(await connections.list(place.scope))):
        assert "hunter2" not in shown


async def test_a_copied_row_does_not_open(place: Place) -> None:
    """Neither under another connection of the team nor in another team."""
    database, connections = place.instance.database, place.instance.connections
    foreign = await create_workspace(database, organization="B", domain="b", team="B", user="B", email="b@b.test")
    for scope in (place.scope, foreign):
        await connections.add(scope, POSTGRESQL, "Mine", {**ANSWERS, "password": "other"})
    await connections.add(place.scope, POSTGRESQL, "DB", ANSWERS)
    table = schema.connections
    async with database.begin() as connection:
        query = sql.select(table.c.secret, table.c.data_key_id).where(table.c.name == "DB")
        row = (await connection.execute(query)).one()
        await connection.execute(sql.update(table).values(secret=row.secret, data_key_id=row.data_key_id))
    for scope in (place.scope, foreign):
        with pytest.raises(SetupProblem) as refused:
            await connections.open(scope, POSTGRESQL, "Mine")
        assert refused.value.code == "secret_unreadable"
    assert (await connections.open(place.scope, POSTGRESQL, "DB")).fields["password"] == "hunter2"


async def test_a_connection_is_opened_by_its_team_and_for_its_app_only(place: Place) -> None:
    connections = place.instance.connections
    foreign = await create_workspace(
        place.instance.database, organization="B", domain="b", team="B", user="B", email="b@b.test"
    )
    await connections.add(place.scope, POSTGRESQL, "DB", ANSWERS)
    tries: list[tuple[Any, type[Problem]]] = [
        (connections.open(foreign, POSTGRESQL, "DB"), NotFound),
        (connections.find(foreign, "DB"), NotFound),
        (connections.remove(foreign, "DB"), NotFound),
        (connections.open(place.scope, API, "DB"), InputProblem),
    ]
    for attempt, kind in tries:
        with pytest.raises(kind):
            await attempt
    assert [info.name for info in await connections.list(place.scope)] == ["DB"]


async def test_of_many_that_take_a_name_at_once_one_gets_it_and_nothing_else_stays(
    place: Place, tmp_path: Path
) -> None:
    attempts = [place.instance.connections.add(place.scope, EXCEL, "People", {}, FILE) for _ in range(20)]
    async with asyncio.timeout(60):
        results = await asyncio.gather(*attempts, return_exceptions=True)
    refused = [result for result in results if isinstance(result, BaseException)]
    assert len(refused) == 19
    assert {getattr(problem, "code", problem) for problem in refused} == {"connection_exists"}
    assert all(isinstance(problem, Conflict) for problem in refused)
    assert len(blobs(tmp_path)) == 1
    async with place.instance.database.begin() as connection:
        assert len((await connection.execute(sql.select(schema.files.c.id))).all()) == 1
    await place.instance.connections.remove(place.scope, "People")
    assert blobs(tmp_path) == []


MACHINE: dict[str, Json] = {
    "token_url": "https://auth.test/token",
    "client_id": "app",
    "client_secret": "hunter2",
    "allowed_hosts": ["api.test"],
}
LINK: dict[str, Json] = {"url": "https://files.test/a.csv", "headers": {"Authorization": "hunter2"}}


@pytest.mark.parametrize(
    ("app", "kind", "stored", "secret", "changes"),
    [
        (POSTGRESQL, None, ANSWERS, "password", {"host": "evil.test"}),
        (POSTGRESQL, None, ANSWERS, "password", {"sslmode": "disable"}),
        (POSTGRESQL, None, ANSWERS, "password", {"port": 5433}),
        (API, "oauth2_client_credentials", MACHINE, "client_secret", {"token_url": "https://evil.test/token"}),
        (API, "oauth2_client_credentials", MACHINE, "client_secret", {"allowed_hosts": ["evil.test"]}),
        (EXCEL, "link", LINK, "headers", {"url": "https://evil.test/a.csv"}),
    ],
)
async def test_a_secret_is_needed_again_when_it_might_go_elsewhere(
    place: Place, app: App, kind: str | None, stored: dict[str, Json], secret: str, changes: dict[str, Json]
) -> None:
    connections = place.instance.connections
    await connections.add(place.scope, app, "Team", stored, kind=kind)
    without = {key: value for key, value in stored.items() if key != secret}
    with pytest.raises(InputProblem) as refused:
        await connections.changed(place.scope, app, "Team", {**without, **changes})
    assert (refused.value.code, refused.value.place.field) == ("connection_secret_needed_again", secret)
    assert refused.value.message("en") != refused.value.message("ko")
    await connections.rename(place.scope, "Team", "Renamed")
    unchanged = await connections.changed(place.scope, app, "Renamed", without)
    assert unchanged.fields[secret] == stored[secret]
    anew = await connections.changed(place.scope, app, "Renamed", {**stored, **changes, secret: stored[secret]})
    assert anew.fields[secret] == stored[secret]
    assert anew.fields.items() >= changes.items()


async def test_a_file_stays_and_a_setting_without_a_secret_changes_freely(place: Place) -> None:
    connections = place.instance.connections
    await connections.add(place.scope, EXCEL, "Link", {"url": "https://files.test/a.csv"}, kind="link")
    assert await connections.changed(place.scope, EXCEL, "Link", {"url": "https://files.test/b.csv"})
    await connections.add(place.scope, POSTGRESQL, "DB", {**ANSWERS, "password": None})
    assert await connections.changed(place.scope, POSTGRESQL, "DB", {"host": "other.test", "username": "ann"})
    await connections.add(place.scope, API, "Open", {}, kind="none")
    assert await connections.changed(place.scope, API, "Open", {"allowed_hosts": ["api.test"]})


@pytest.mark.parametrize(
    ("problem", "states"),
    [
        (VendorDown("http_timeout"), ["working", "needs_reconnect"]),
        (RateLimited("http_rate_limited"), ["working", "needs_reconnect"]),
        (EgressRefused("blocked_address"), ["working", "needs_reconnect"]),
        (VendorRejected("connection_refused_credentials"), ["needs_attention", "needs_attention"]),
        (VendorRejected("connection_needs_reconnect"), ["needs_reconnect", "needs_reconnect"]),
    ],
)
def test_only_a_problem_of_the_credentials_changes_the_state(problem: Problem, states: list[str]) -> None:
    assert [state_after("working", problem), state_after("needs_reconnect", problem)] == states
