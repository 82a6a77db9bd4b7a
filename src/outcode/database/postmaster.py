"""Starts, recognizes and stops one PostgreSQL server process (the postmaster), whether our child or a leftover.

A number in a file proves nothing: the process behind it may be another one by now. A process is ours only when its own
command line says ``postgres -D <our cluster>``, and nothing is ever signalled without that check. Should the check
miss a true one, PostgreSQL's own interlock on its shared memory still refuses a second server on the same cluster.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from outcode.database.binaries import Binaries
from outcode.database.data_folder import DataFolder, open_private
from outcode.values.problems import SetupProblem

SUPERUSER = "postgres"
FAST_STOP_SECONDS = 60.0
QUICK_STOP_SECONDS = 15.0
# Crash recovery may take long; it is only given up when it has written nothing to its log for this long.
STALLED_SECONDS = 600.0
QUIET_SECONDS = 1.0
# Sessions of a killed server may need a moment to notice and let go of its shared memory.
ORPHANS_SECONDS = 60.0
ORPHANS_LEFT = "pre-existing shared memory block"
POLL_SECONDS = 0.02

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "huge_pages": "off",
    "max_wal_size": "512MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "UTC",
    # Nothing replicates from a server without a port; backups are taken by COPY.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    # Reads from the file cache of one machine gain nothing from three more processes.
    "io_method": "sync",
    "autovacuum_max_workers": "2",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    # The rest keeps people's values out of the log: no statements, no parameters, no DETAIL lines with keys and rows.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}

INITDB_OPTIONS = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    # Upper and lower case of every script without the machine's locales, sorted by code point.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)


@dataclass(frozen=True)
class PidFile:
    """What ``postmaster.pid`` says: a process id and a state such as ``starting``, ``ready`` or ``stopping``."""

    pid: int
    state: str


class Postmaster:
    """A running server of one cluster; ``child`` is None when it was left over by an owner that was killed."""

    def __init__(self, folder: DataFolder, pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
        self.folder = folder
        self.pid = pid
        self._child = child

    @classmethod
    def leftover(cls, folder: DataFolder) -> Postmaster | None:
        """The server that still runs on this cluster, None when the pid file is absent or stale."""
        found = read_pid_file(folder.cluster)
        if found is None or not is_postmaster(found.pid, folder.cluster):
            return None
        return cls(folder, found.pid)

    @property
    def state(self) -> str:
        """What the server says of itself; ``starting`` until it has said anything."""
        found = read_pid_file(self.folder.cluster)
        return found.state if found is not None and found.pid == self.pid else "starting"

    def alive(self) -> bool:
        """Whether the process runs."""
        if self._child is not None:
            return self._child.poll() is None
        return is_postmaster(self.pid, self.folder.cluster)

    async def died(self) -> None:
        """Returns once the process has ended."""
        await self._gone(math.inf, pause=0.2)

    async def stop(self) -> None:
        """Ends every session and stops, first with a checkpoint, then without; SetupProblem when it will not go."""
        for number, seconds in ((signal.SIGINT, FAST_STOP_SECONDS), (signal.SIGQUIT, QUICK_STOP_SECONDS)):
            if not self.alive():
                return
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
            if await self._gone(seconds):
                return
        raise SetupProblem("database_will_not_stop", pid=self.pid, log=self.folder.log)

    async def _gone(self, seconds: float, pause: float = POLL_SECONDS) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(pause)
        return True

    async def ready(self, log_start: int, on_wait: Callable[[str], None] | None) -> bool:
        """Waits until sessions are accepted, for as long as the log grows; False when the process ended instead.

        ``on_wait`` is given the log's last line when it takes longer than usual, such as how far crash recovery is.
        """
        size, began = log_start, time.monotonic()
        changed = began
        while self.state != "ready":
            if not self.alive():
                return False
            now = self.folder.log_size()
            if now != size:
                size, changed = now, time.monotonic()
                if on_wait is not None and changed - began > QUIET_SECONDS:
                    on_wait("".join(self.folder.log_tail(log_start, lines=1)))
            if time.monotonic() - changed > STALLED_SECONDS:
                raise SetupProblem("database_start_stalled", seconds=int(STALLED_SECONDS), log=self.folder.log)
            await asyncio.sleep(POLL_SECONDS)
        return True


def settings(binaries: Binaries, sockets: Path) -> dict[str, str]:
    """All settings of a server whose socket is in ``sockets``.

    Its ``cluster_name`` tells one set of settings and programs from another, so that a leftover of an older release is
    not taken over.
    """
    quoted = str(sockets).replace('"', '""')
    chosen = SETTINGS | {"unix_socket_directories": f'"{quoted}"'}
    digest = hashlib.sha256(repr((chosen, binaries.root, binaries.release)).encode()).hexdigest()
    return chosen | {"cluster_name": f"outcode-{digest[:12]}"}


async def launch(
    folder: DataFolder,
    binaries: Binaries,
    chosen: dict[str, str],
    on_wait: Callable[[str], None] | None,
) -> Postmaster:
    """Starts a server and waits for it to be ready; SetupProblem with the log's last lines when it ends instead."""
    folder.rotate_log()
    deadline = time.monotonic() + ORPHANS_SECONDS
    while True:
        log_start = folder.log_size()
        postmaster = _spawn(folder, binaries, chosen)
        try:
            if await postmaster.ready(log_start, on_wait):
                return postmaster
        except BaseException:
            await postmaster.stop()
            raise
        said = folder.log_tail(log_start)
        if time.monotonic() > deadline or not any(ORPHANS_LEFT in line for line in said):
            raise SetupProblem("database_did_not_start", log=folder.log, said="\n".join(said))
        await asyncio.sleep(0.2)


def initialize(folder: DataFolder, binaries: Binaries, password: str) -> None:
    """Makes the cluster, whole or not at all; SetupProblem with initdb's words when it fails."""
    for abandoned in folder.path.glob("new-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix="new-", dir=folder.path))
    try:
        secret = making / "password"
        descriptor = open_private(secret, os.O_WRONLY | os.O_EXCL)
        os.write(descriptor, password.encode())
        os.close(descriptor)
        folder.give(secret)
        folder.give(making)
        cluster = making / "cluster"
        command = [str(binaries.program("initdb")), "-D", str(cluster), f"--username={SUPERUSER}", f"--pwfile={secret}"]
        done = _run_initdb([*command, *INITDB_OPTIONS], folder)
        if done.returncode != 0:
            said = done.stdout.decode("utf-8", "replace").strip().splitlines()[-6:]
            raise SetupProblem("database_not_made", folder=folder.cluster, said="\n".join(said))
        if folder.cluster.exists() and any(folder.cluster.iterdir()):
            raise SetupProblem("database_cluster_damaged", folder=folder.cluster)
        cluster.rename(folder.cluster)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _run_initdb(command: list[str], folder: DataFolder) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 — our own program, no shell
            command,
            cwd="/",
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **folder.as_account(),
        )
    except OSError as error:
        raise SetupProblem("database_program_refused", program=command[0], reason=error.strerror or "?") from error


def read_pid_file(cluster: Path) -> PidFile | None:
    """What ``postmaster.pid`` says, None when there is none or it is not written yet."""
    try:
        lines = (cluster / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        return PidFile(abs(int(lines[0])), lines[7].strip() if len(lines) > 7 else "starting")
    except (FileNotFoundError, IndexError, ValueError):
        return None


def is_postmaster(pid: int, cluster: Path) -> bool:
    """Whether this very process serves this very cluster, by its command line; False for a zombie.

    >>> is_postmaster(os.getpid(), Path("/nowhere"))
    False
    """
    program, _, rest = _command_line(pid).partition(" -D ")
    return program.endswith("/postgres") and rest.startswith(f"{cluster} ")


def _command_line(pid: int) -> str:
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "surrogateescape").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    found = subprocess.run(  # noqa: S603 — our own arguments, no shell
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False
    )
    return found.stdout.decode("utf-8", "surrogateescape").strip()


def _spawn(folder: DataFolder, binaries: Binaries, chosen: dict[str, str]) -> Postmaster:
    environment = _environment()
    stale = read_pid_file(folder.cluster)
    if stale is not None:
        # PostgreSQL takes any living process with the recorded number for a server, except its own forebears. Naming
        # the number as one keeps its second check, on the shared memory, which deleting the file would lose.
        environment["PG_GRANDPARENT_PID"] = str(stale.pid)
    command = [str(binaries.program("postgres")), "-D", str(folder.cluster)]
    for name, value in chosen.items():
        command += ["-c", f"{name}={value}"]
    log = open_private(folder.log, os.O_WRONLY | os.O_APPEND)
    try:
        child = subprocess.Popen(  # noqa: S603 — our own program, no shell
            command,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A Ctrl-C in the terminal is for us to answer; PostgreSQL is stopped after its sessions have ended.
            start_new_session=True,
            **folder.as_account(),
        )
    except OSError as error:
        raise SetupProblem("database_program_refused", program=command[0], reason=error.strerror or "?") from error
    finally:
        os.close(log)
    return Postmaster(folder, child.pid, child)


def _environment() -> dict[str, str]:
    """Nothing of ours: keys and passwords in our environment are no business of PostgreSQL's."""
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
