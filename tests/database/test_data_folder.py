from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from outcode.database.data_folder import LOG_LIMIT, Account, existing, prepare
from outcode.values.problems import SetupProblem

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_made_private_and_nothing_above_it(place: Path) -> None:
    data = prepare(place / "a" / "data")
    assert [mode(data.path / name) for name in (".", "keys", "logs", "run")] == [0o700] * 4
    assert mode(place) == 0o711
    (place / "a" / "data").chmod(0o755)
    assert prepare(place / "a" / "data") == data
    assert mode(data.path) == 0o700


def test_a_folder_with_other_things_is_left_alone(place: Path) -> None:
    (place / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(SetupProblem) as caught:
        prepare(place)
    assert caught.value.code == "database_folder_not_ours"
    assert mode(place) == 0o711
    assert sorted(entry.name for entry in place.iterdir()) == ["thesis.txt"]


def test_a_file_is_no_folder(place: Path) -> None:
    (place / "data").write_text("", "utf-8")
    with pytest.raises(SetupProblem) as caught:
        prepare(place / "data")
    assert caught.value.code == "database_folder_unusable"


def test_the_password_is_made_once_and_private(place: Path) -> None:
    data = prepare(place / "data")
    assert data.stored_password() is None
    password = data.password()
    assert len(password) >= 43
    assert data.password() == data.stored_password() == password
    assert mode(data.password_file) == 0o600


def test_a_cluster_without_its_password_is_not_given_a_new_one(place: Path) -> None:
    data = prepare(place / "data")
    data.cluster.mkdir()
    (data.cluster / "PG_VERSION").write_text("18\n", "ascii")
    with pytest.raises(SetupProblem) as caught:
        data.password()
    assert caught.value.code == "database_password_missing"
    assert not data.password_file.exists()


def test_a_path_too_long_for_a_socket_gets_a_folder_elsewhere(place: Path) -> None:
    data = prepare(place / ("a" * 60) / ("한" * 20))
    elsewhere = data.make_socket_folder()
    assert not elsewhere.is_relative_to(place)
    assert mode(elsewhere) == 0o700
    assert data.make_socket_folder() == data.socket_folder() == elsewhere
    elsewhere.chmod(0o755)  # no longer private: not to be trusted
    another = data.make_socket_folder()
    assert another != elsewhere
    elsewhere.rmdir()
    data.drop_socket_folder()
    assert not another.exists()
    assert data.make_socket_folder() not in {elsewhere, another}
    data.drop_socket_folder()


def test_a_short_path_keeps_its_socket_inside(place: Path) -> None:
    data = prepare(place / "data")
    assert data.make_socket_folder() == data.path / "run"
    data.drop_socket_folder()
    assert (data.path / "run").is_dir()


def test_a_grown_log_is_put_aside(place: Path) -> None:
    data = prepare(place / "data")
    data.log.write_text("short\n", "utf-8")
    data.rotate_log()
    assert data.log_tail() == ["short"]
    data.log.write_bytes(b"line\n" * (LOG_LIMIT // 5 + 1))
    data.rotate_log()
    assert not data.log.exists()
    assert data.log.with_suffix(".log.1").stat().st_size > LOG_LIMIT


def test_looking_changes_nothing(place: Path) -> None:
    assert existing(place / "data") is None
    assert not (place / "data").exists()


@as_root
def test_root_hands_the_folder_to_nobody_and_keeps_the_keys(place: Path) -> None:
    data = prepare(place / "data")
    nobody = pwd.getpwnam("nobody")
    assert data.account == Account(nobody.pw_uid, nobody.pw_gid, "nobody")
    assert data.as_account() == {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    owners = {name: (data.path / name).stat().st_uid for name in (".", "run", "keys", "logs")}
    assert owners == {".": nobody.pw_uid, "run": nobody.pw_uid, "keys": 0, "logs": 0}
    assert place.stat().st_uid == 0


@as_root
def test_root_keeps_the_owner_that_a_folder_has(place: Path) -> None:
    (place / "data").mkdir()
    os.chown(place / "data", pwd.getpwnam("daemon").pw_uid, -1)
    account = prepare(place / "data").account
    assert account is not None
    assert account.name == "daemon"


@as_root
def test_root_is_told_which_folder_stands_in_the_way(place: Path) -> None:
    (place / "home").mkdir(mode=0o700)
    with pytest.raises(SetupProblem) as caught:
        prepare(place / "home" / "data")
    assert caught.value.code == "database_folder_unreachable"
    assert f"may not pass through {place / 'home'} " in caught.value.message()
    assert mode(place / "home") == 0o700


@as_root
def test_a_folder_of_an_unnamed_user_is_refused(place: Path) -> None:
    (place / "data").mkdir()
    os.chown(place / "data", 3_999_999, -1)
    with pytest.raises(SetupProblem, match="3999999"):
        prepare(place / "data")
