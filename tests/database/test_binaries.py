from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from outcode.database import binaries
from outcode.database.data_folder import prepare
from outcode.values.problems import SetupProblem


def test_the_newest_programs_run() -> None:
    found = binaries.find()
    said = subprocess.run([found.program("postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"postgres (PostgreSQL) {found.major}.")
    assert found.major >= 18


def test_an_older_cluster_gets_its_own_version() -> None:
    assert binaries.find(16).major == 16
    with pytest.raises(SetupProblem) as caught:
        binaries.find(9)
    assert caught.value.code == "database_other_version"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_programs_that_only_root_can_read_are_copied_once(place: Path) -> None:
    found = binaries.find()
    hidden = place / "root" / "site-packages"
    hidden.mkdir(parents=True)
    hidden.parent.chmod(0o700)
    shutil.copytree(found.root, hidden / binaries.PACKAGE / found.root.name)
    libraries = found.root.parent.parent / f"{binaries.PACKAGE}.libs"
    if libraries.exists():
        shutil.copytree(libraries, hidden / libraries.name)
    for path in hidden.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    unreadable = binaries.Binaries(hidden / binaries.PACKAGE / found.root.name, found.major, found.release)
    data = prepare(place / "data")
    assert data.account is not None

    copied = binaries.usable(unreadable, data.account, data.binaries)
    assert copied.root.is_relative_to(data.path)
    for program in binaries.PROGRAMS:
        subprocess.run([copied.program(program), "--version"], check=True, capture_output=True, **data.as_account())
    written = copied.program("postgres").stat().st_mtime_ns
    assert binaries.usable(unreadable, data.account, data.binaries) == copied
    assert copied.program("postgres").stat().st_mtime_ns == written
    assert binaries.usable(found, data.account, data.binaries) == found
    assert binaries.usable(unreadable, None, data.binaries) == unreadable
