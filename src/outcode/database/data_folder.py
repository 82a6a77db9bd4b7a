"""The one folder that holds everything of an instance: who owns it, who may enter it, and who has it now.

    DIR/            0700; nothing above it is ever touched
    DIR/lock        held with flock for as long as the owner lives; says who that is
    DIR/postgres/   the cluster
    DIR/run/        the unix socket (or in a 0700 folder that DIR/socket-folder names, where this path is too long)
    DIR/keys/       0700; postgres-password 0600
    DIR/logs/       0700; postgres.log
    DIR/new-*/      a cluster in the making; swept up by the next start when that was cut short
    DIR/binaries/   a copy of PostgreSQL's programs, only where the installed ones cannot be read by the user it runs as

PostgreSQL refuses to run as root. For root, an existing unprivileged account runs it: the one that owns DIR already,
else ``nobody``. That account gets DIR itself, ``postgres`` and ``run``; with DIR at 0700 nobody else can enter, and
root still can. The keys and the logs stay root's.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outcode.values.problems import SetupProblem

PORT = 5432  # only a part of the socket's file name: no TCP port is opened
# 104 bytes with the closing zero on macOS, 108 on Linux.
SOCKET_PATH_LIMIT = 103
LOG_LIMIT = 10 * 1024 * 1024
OWN_NAMES = frozenset({"lock", "postgres", "run", "keys", "logs", "binaries"})


@dataclass(frozen=True)
class Account:
    """The unprivileged user that PostgreSQL runs as when we are root."""

    user: int
    group: int
    name: str

    def can_enter(self, folder: Path) -> bool:
        """Whether a folder lets this user through, by its mode alone."""
        return self._may(folder, stat.S_IXOTH)

    def can_read(self, file: Path) -> bool:
        """Whether this user can read a file, and run it if it is a program; every folder above it counts."""
        program = bool(file.stat().st_mode & stat.S_IXUSR)
        needed = stat.S_IROTH | (stat.S_IXOTH if program else 0)
        return self._may(file, needed) and all(self.can_enter(parent) for parent in file.resolve().parents)

    def _may(self, path: Path, others: int) -> bool:
        status = path.stat()
        shift = 6 if status.st_uid == self.user else 3 if status.st_gid == self.group else 0
        return status.st_mode & (others << shift) == others << shift


@dataclass(frozen=True)
class DataFolder:
    """A prepared data folder; ``account`` is None unless we are root."""

    path: Path
    account: Account | None

    @property
    def cluster(self) -> Path:
        return self.path / "postgres"

    @property
    def password_file(self) -> Path:
        return self.path / "keys" / "postgres-password"

    @property
    def log(self) -> Path:
        return self.path / "logs" / "postgres.log"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def binaries(self) -> Path:
        return self.path / "binaries"

    def as_account(self) -> dict[str, Any]:
        """The arguments that make ``subprocess`` run a program as the account, with none of our groups."""
        if self.account is None:
            return {}
        return {"user": self.account.user, "group": self.account.group, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Makes something the account's own."""
        if self.account is not None:
            os.chown(path, self.account.user, self.account.group, follow_symlinks=False)

    def cluster_version(self) -> int | None:
        """The major version of the cluster, None when there is none yet."""
        try:
            return int((self.cluster / "PG_VERSION").read_text("ascii").strip())
        except FileNotFoundError:
            return None

    def socket_folder(self) -> Path:
        """Where the socket is or will be: ``DIR/run``, or the recorded folder when that path would be too long."""
        run = self.path / "run"
        if _socket_fits(run):
            return run
        try:
            return Path((self.path / "socket-folder").read_text("utf-8"))
        except FileNotFoundError:
            return run

    def make_socket_folder(self) -> Path:
        """Makes sure that the socket's folder exists and is the account's alone, and says where it is."""
        folder = self.socket_folder()
        if _socket_fits(folder) and self._is_private(folder):
            return folder
        place = next((place for place in (tempfile.gettempdir(), "/tmp") if self._suits(Path(place))), None)  # noqa: S108 — the folder made in it is private
        if place is None:
            raise SetupProblem("database_socket_too_long", folder=self.path, limit=SOCKET_PATH_LIMIT)
        made = Path(tempfile.mkdtemp(prefix="outcode-", dir=place))
        self.give(made)
        (self.path / "socket-folder").write_text(str(made), "utf-8")
        return made

    def drop_socket_folder(self) -> None:
        """Removes the socket's folder when it lies outside; an owner that was killed leaves it for the next one."""
        folder = self.socket_folder()
        if folder.parent != self.path and self._is_private(folder):
            shutil.rmtree(folder, ignore_errors=True)
            (self.path / "socket-folder").unlink(missing_ok=True)

    def stored_password(self) -> str | None:
        """The password as it stands, None before the first start."""
        try:
            return self.password_file.read_text("ascii").strip()
        except FileNotFoundError:
            return None

    def password(self) -> str:
        """The password of the cluster, made at the first start; SetupProblem when a cluster has lost its own."""
        stored = self.stored_password()
        if stored is not None:
            return stored
        if self.cluster_version() is not None:
            raise SetupProblem("database_password_missing", file=self.password_file)
        password = secrets.token_urlsafe(32)
        making = self.password_file.with_suffix(".new")
        descriptor = open_private(making, os.O_WRONLY | os.O_TRUNC)
        try:
            os.write(descriptor, password.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        making.rename(self.password_file)
        return password

    def log_size(self) -> int:
        """How many bytes the log has."""
        return self.log.stat().st_size if self.log.exists() else 0

    def log_tail(self, since: int = 0, lines: int = 6) -> list[str]:
        """The last lines that PostgreSQL has written after byte ``since``."""
        with self.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(since, file.tell() - 16_384))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]

    def rotate_log(self) -> None:
        """Starts a new log when the old one has grown; one old one is kept."""
        if self.log_size() > LOG_LIMIT:
            self.log.rename(self.log.with_suffix(".log.1"))

    def _is_private(self, folder: Path) -> bool:
        try:
            status = folder.lstat()
        except FileNotFoundError:
            return False
        owner = os.geteuid() if self.account is None else self.account.user
        return stat.S_ISDIR(status.st_mode) and status.st_uid == owner and stat.S_IMODE(status.st_mode) == 0o700

    def _suits(self, place: Path) -> bool:
        blocked = self.account is not None and _blocking(place / "x", self.account)
        return place.is_dir() and not blocked and _socket_fits(place / "outcode-12345678")


def prepare(path: Path) -> DataFolder:
    """Makes the folder and its parts, private and owned as PostgreSQL needs it; safe to repeat.

    Raises SetupProblem when it is someone else's, holds something else, or cannot be reached by the account.
    """
    folder = path.expanduser().resolve()
    with telling(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_foreign(folder)
        account = _account(folder)
        data = DataFolder(folder, account)
        folder.chmod(0o700)
        data.give(folder)
        for name in ("keys", "logs", "run"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
            (folder / name).chmod(0o700)
        data.give(folder / "run")
        if data.cluster.exists():
            _give_cluster(data)
    return data


@contextmanager
def telling(folder: Path) -> Iterator[None]:
    """Turns what the file system refuses (a full or read-only disk, missing rights) into a SetupProblem."""
    try:
        yield
    except OSError as error:
        raise SetupProblem("database_folder_unusable", folder=folder, reason=error.strerror or "unknown") from error


def existing(path: Path) -> DataFolder | None:
    """The folder as it stands, nothing made or changed; None when no instance has ever used it."""
    folder = path.expanduser().resolve()
    try:
        if not (folder / "lock").exists():
            return None
        _refuse_foreign(folder)
        return DataFolder(folder, _account(folder))
    except PermissionError:
        raise SetupProblem("database_folder_foreign", folder=folder, owner=_owner_name(folder)) from None


def open_private(path: Path, flags: int) -> int:
    """The descriptor of a file of ours: made with 0600, never through a link, never inherited by a program we start."""
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _refuse_foreign(folder: Path) -> None:
    owner = folder.stat().st_uid
    if os.geteuid() not in {0, owner}:
        raise SetupProblem("database_folder_foreign", folder=folder, owner=_owner_name(folder))
    names = {entry.name for entry in folder.iterdir()}
    if names and not names & OWN_NAMES:
        raise SetupProblem("database_folder_not_ours", folder=folder)


def _account(folder: Path) -> Account | None:
    """Who runs PostgreSQL; initdb refuses a user id without a name, which containers like to use."""
    own = os.geteuid()
    try:
        if own != 0:
            pwd.getpwuid(own)
            return None
        owner = folder.stat().st_uid
        entry = pwd.getpwnam("nobody") if owner == 0 else pwd.getpwuid(owner)
    except KeyError:
        raise SetupProblem("database_account_unnamed", user=own or folder.stat().st_uid) from None
    account = Account(entry.pw_uid, entry.pw_gid, entry.pw_name)
    blocking = _blocking(folder, account)
    if blocking is not None:
        raise SetupProblem("database_folder_unreachable", folder=folder, parent=blocking, account=account.name)
    return account


def _blocking(folder: Path, account: Account) -> Path | None:
    return next((parent for parent in reversed(folder.parents) if not account.can_enter(parent)), None)


def _give_cluster(data: DataFolder) -> None:
    """A cluster copied back by root belongs to root; at every other start only its top is looked at."""
    if data.account is None or data.cluster.stat().st_uid == data.account.user:
        return
    for place, folders, files in os.walk(data.cluster):
        for name in (*folders, *files):
            data.give(Path(place) / name)
    data.give(data.cluster)


def _owner_name(folder: Path) -> str:
    try:
        user = folder.stat().st_uid
        return pwd.getpwuid(user).pw_name
    except PermissionError:
        return "?"
    except KeyError:
        return str(user)


def _socket_fits(folder: Path) -> bool:
    return len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT
