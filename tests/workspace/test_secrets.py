"""Envelope encryption: what is sealed opens for its own record only, and only with the keys that sealed it."""

from __future__ import annotations

import base64
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sql

from outcode.database import schema
from outcode.database.database import Database
from outcode.values.problems import SetupProblem
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import new_id
from outcode.workspace.secrets import MasterKey, SecretStore
from tests.conftest import Place

PLAIN = b"hunter2"


def master() -> MasterKey:
    return MasterKey(os.urandom(32))


async def test_what_is_sealed_opens_again_and_differs_every_time(place: Place) -> None:
    store = SecretStore(master())
    async with place.instance.database.begin() as connection:
        key, one = await store.seal(connection, place.scope, "r", PLAIN)
        same_key, two = await store.seal(connection, place.scope, "r", PLAIN)
        assert key == same_key
        assert one != two
        assert PLAIN not in one
        assert await store.open(connection, place.scope, "r", key, one) == PLAIN
        assert await store.open(connection, place.scope, "r", key, two) == PLAIN


async def test_a_ciphertext_opens_for_its_team_and_record_only(place: Place) -> None:
    store = SecretStore(master())
    other_team = replace(place.scope, team_id=new_id())
    async with place.instance.database.begin() as connection:
        key, sealed = await store.seal(connection, place.scope, "r", PLAIN)
        for scope, record in ((place.scope, "s"), (other_team, "r")):
            with pytest.raises(SetupProblem) as refused:
                await store.open(connection, scope, record, key, sealed)
            assert refused.value.code == "secret_unreadable"


DAMAGED: list[bytes] = [b"", b"short", b"x" * 40]


async def test_a_damaged_ciphertext_is_told(place: Place) -> None:
    for broken in DAMAGED:
        store = SecretStore(master())
        async with place.instance.database.begin() as connection:
            key, _ = await store.seal(connection, place.scope, "r", PLAIN)
            with pytest.raises(SetupProblem) as refused:
                await store.open(connection, place.scope, "r", key, broken)
            assert refused.value.code == "secret_unreadable"


async def test_a_data_key_of_another_organization_is_not_used(place: Place) -> None:
    database = place.instance.database
    foreign = await create_workspace(database, organization="B", domain="b", team="B", user="B", email="b@b.test")
    key_of = master()
    async with database.begin() as connection:
        key, sealed = await SecretStore(key_of).seal(connection, place.scope, "r", PLAIN)
        with pytest.raises(SetupProblem) as refused:
            await SecretStore(key_of).open(connection, foreign, "r", key, sealed)
        assert refused.value.code == "secret_unreadable"


async def test_after_a_change_of_the_master_key_new_secrets_have_a_key_of_their_own(place: Place) -> None:
    old, new = master(), master()
    database = place.instance.database
    async with database.begin() as connection:
        old_key, old_sealed = await SecretStore(old).seal(connection, place.scope, "r", PLAIN)
        new_key, new_sealed = await SecretStore(new).seal(connection, place.scope, "s", PLAIN)
        assert old_key != new_key
        assert await SecretStore(new).open(connection, place.scope, "s", new_key, new_sealed) == PLAIN
        with pytest.raises(SetupProblem) as refused:
            await SecretStore(new).open(connection, place.scope, "r", old_key, old_sealed)
        assert refused.value.code == "master_key_mismatch"
        assert "OUTCODE_MASTER_KEY" in refused.value.hint("ko")
        again, _ = await SecretStore(old).seal(connection, place.scope, "t", PLAIN)
        assert again == old_key
        found = await connection.execute(sql.select(schema.data_keys.c.master_key_id))
        assert {old.id, new.id} <= set(found.scalars())


async def test_a_data_key_whose_making_was_rolled_back_is_not_used(database: Database, place: Place) -> None:
    store = SecretStore(master())
    async with database.begin() as connection:
        lost, _ = await store.seal(connection, place.scope, "r", PLAIN)
        await connection.rollback()
    async with database.begin() as connection:
        key, sealed = await store.seal(connection, place.scope, "r", PLAIN)
    assert key != lost
    async with database.begin() as connection:
        assert await store.open(connection, place.scope, "r", key, sealed) == PLAIN


@pytest.fixture
def database(place: Place) -> Database:
    return place.instance.database


def test_the_key_file_is_made_once_for_us_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "master-key"
    made = MasterKey.load(file, {})
    assert MasterKey.load(file, {}).id == made.id
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert len(base64.b64decode(file.read_bytes())) == 32
    assert list(file.parent.iterdir()) == [file]


def test_the_key_of_the_environment_comes_first(tmp_path: Path) -> None:
    key = base64.b64encode(b"k" * 32).decode()
    made = MasterKey.load(tmp_path / "key", {"OUTCODE_MASTER_KEY": f" {key}\n"})
    assert made.id == MasterKey(b"k" * 32).id
    assert not (tmp_path / "key").exists()
    assert key not in repr(made)
    assert made.id not in key


@pytest.mark.parametrize("text", ["x", "", "a" * 44, base64.b64encode(b"k" * 31).decode(), "열쇠", "=" * 44, "\udcff"])
def test_a_wrong_key_is_told_without_showing_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_text(text, "utf-8", errors="surrogateescape")
    tries = [(file, {}), (tmp_path / "none", {"OUTCODE_MASTER_KEY": text})] if text else [(file, {})]
    for path, environment in tries:
        with pytest.raises(SetupProblem) as refused:
            MasterKey.load(path, environment)
        assert refused.value.code == "master_key_invalid"
        if len(text) > 1:
            assert text not in refused.value.message()


def test_a_key_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "folder", tmp_path / "file" / "key"):
        with pytest.raises(SetupProblem) as refused:
            MasterKey.load(path, {})
        assert refused.value.code == "master_key_unreadable"
        assert str(path) in refused.value.message("ko")
