from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import asyncpg
import psutil
import pytest

from outcode.database import binaries, postmaster
from outcode.database.address import DatabaseAddress
from outcode.database.embedded import EmbeddedPostgres, attach
from outcode.database.postmaster import ORPHANS_LEFT, Postmaster, is_postmaster, read_pid_file
from outcode.values.problems import SetupProblem
from tests.support.waiting import until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")

# Owns a data folder in a process of its own, writes a row, and waits to be killed.
OWNER = """
import asyncio, sys
from pathlib import Path
import asyncpg
from outcode.database import postmaster
from outcode.database.embedded import EmbeddedPostgres

async def own(folder, statement, connections, before):
    postmaster.SETTINGS["max_connections"] = connections
    server = await EmbeddedPostgres.start(Path(folder), holder="the first owner")
    connection = await asyncpg.connect(**server.address.arguments())
    await connection.execute("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('durable')")
    await connection.execute(before)
    running = asyncio.create_task(connection.execute(statement))
    watcher = await asyncpg.connect(**server.address.arguments())
    active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = $1"
    while not running.done() and not await watcher.fetchval(active, statement):
        await asyncio.sleep(0.01)
    await watcher.close()
    print(postmaster.read_pid_file(Path(folder) / "postgres").pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(own(*sys.argv[1:]))
"""


@dataclass(frozen=True)
class Owner:
    process: subprocess.Popen[bytes]
    postmaster: int

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def owner_of(
    folder: Path,
    statement: str = "SELECT 1",
    connections: int = 60,
    python_path: str | None = None,
    before: str = "SELECT 1",
) -> Iterator[Owner]:
    command = [sys.executable, "-c", OWNER, str(folder), statement, str(connections), before]
    environment = os.environ | ({"PYTHONPATH": python_path} if python_path else {})
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        try:
            yield Owner(process, int(process.stdout.readline()))
        finally:
            process.kill()


@contextmanager
def bystander_of(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A harmless process of the user that PostgreSQL runs as, so that PostgreSQL itself could signal it."""
    user = (folder / "postgres").stat().st_uid if os.geteuid() == 0 else None
    with subprocess.Popen(["sleep", "600"], user=user) as process:
        try:
            yield process
        finally:
            process.kill()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def running(folder: Path) -> int:
    found = read_pid_file(folder / "postgres")
    assert found is not None
    return found.pid


async def ask(address: DatabaseAddress, question: str) -> object:
    connection = await asyncpg.connect(**address.arguments())
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_from_nothing_to_a_database_and_back(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTCODE_TEST_SECRET", "not for the database")
    folder = place / "data"
    async with await EmbeddedPostgres.start(folder, holder="test") as server:
        assert [mode(folder / name) for name in (".", "postgres", "run", "keys", "logs")] == [0o700] * 5
        assert [mode(folder / name) for name in ("lock", "keys/postgres-password", "logs/postgres.log")] == [0o600] * 3
        assert mode(place) == 0o711
        assert sorted(entry.name for entry in folder.iterdir()) == ["keys", "lock", "logs", "postgres", "run"]
        assert [entry.name for entry in (folder / "run").iterdir() if entry.is_socket()] == [".s.PGSQL.5432"]

        main = psutil.Process(running(folder))
        assert main.net_connections(kind="inet") == []
        assert "OUTCODE_TEST_SECRET" not in main.environ()
        assert main.uids().effective == (os.geteuid() or pwd.getpwnam("nobody").pw_uid)

        assert (server.address.user, server.address.database) == ("outcode", "outcode")
        shown = ("listen_addresses", "server_encoding", "data_checksums", "fsync", "synchronous_commit", "jit")
        values = [await ask(server.address, f"SHOW {name}") for name in (*shown, "TimeZone", "is_superuser")]
        assert values == ["", "UTF8", "on", "on", "on", "off", "UTC", "off"]
        assert await ask(server.address, "SELECT upper('é')") == "É"
        pid = main.pid
        address = server.address
    assert not psutil.pid_exists(pid)
    assert not any((folder / "run").iterdir())
    with pytest.raises(FileNotFoundError):
        await ask(address, "SELECT 1")


async def test_data_outlives_a_stop_and_the_next_start_is_quick(folder: Path) -> None:
    async with await EmbeddedPostgres.start(folder, holder="test") as server:
        await ask(server.address, "CREATE TABLE kept AS SELECT 'durable' AS word")
        first = server.address
    began = time.monotonic()
    async with await EmbeddedPostgres.start(folder, holder="test") as server:
        assert time.monotonic() - began < 30  # 0.1 s on a quiet machine
        assert server.address == first
        assert await ask(server.address, "SELECT word FROM kept") == "durable"
        await server.stop()
        await server.stop()


async def test_the_socket_asks_for_the_password(folder: Path) -> None:
    async with await EmbeddedPostgres.start(folder, holder="test") as server:
        assert server.address.password is not None
        assert server.address.password not in repr(server.address)
        for wrong in ("wrong", "", None):
            for user in ("outcode", "postgres"):
                with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InterfaceError)):
                    await ask(replace(server.address, user=user, password=wrong), "SELECT 1")


async def test_peoples_values_stay_out_of_the_log(folder: Path) -> None:
    async with await EmbeddedPostgres.start(folder, holder="test") as server:
        connection = await asyncpg.connect(**server.address.arguments())
        await connection.execute("CREATE TABLE people (email text UNIQUE)")
        await connection.execute("INSERT INTO people VALUES ($1)", "ada@example.com")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO people VALUES ($1)", "ada@example.com")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.execute("SELECT 'ada@example.com', 1 / 0")
        await connection.close()
        log = (folder / "logs" / "postgres.log").read_text("utf-8")
    assert "duplicate key" in log
    assert "division by zero" in log
    assert "ada@" not in log
    assert str(server.address.password) not in log


@pytest.mark.skipif(sys.platform != "linux", reason="proportional memory is Linux's measure")
async def test_little_memory_is_taken(folder: Path) -> None:
    async with await EmbeddedPostgres.start(folder, holder="test") as server:
        connections = [await asyncpg.connect(**server.address.arguments()) for _ in range(10)]
        for connection in connections:
            await connection.fetch("SELECT * FROM pg_class, generate_series(1, 10)")
        main = psutil.Process(running(folder))
        family = [main, *main.children(recursive=True)]
        assert sum(process.memory_full_info().pss for process in family) < 350 * 1024 * 1024
        for connection in connections:
            await connection.close()


async def test_a_second_start_is_refused(folder: Path) -> None:
    async with await EmbeddedPostgres.start(folder, holder="the first owner") as server:
        with pytest.raises(SetupProblem) as caught:
            await EmbeddedPostgres.start(folder, holder="another")
        assert caught.value.code == "database_folder_held"
        assert await ask(server.address, "SELECT 1") == 1
    with owner_of(folder) as owner:
        with pytest.raises(SetupProblem) as caught:
            await EmbeddedPostgres.start(folder, holder="another")
        assert f"process {owner.process.pid} (the first owner)" in caught.value.message()
        assert running(folder) == owner.postmaster


async def test_a_killed_owners_server_is_taken_over(folder: Path) -> None:
    with owner_of(folder) as owner:
        owner.kill()
        async with await EmbeddedPostgres.start(folder, holder="test") as server:
            assert running(folder) == owner.postmaster
            assert await ask(server.address, "SELECT word FROM kept") == "durable"
        assert not is_postmaster(owner.postmaster, folder / "postgres")


async def test_a_leftover_with_other_settings_is_replaced(folder: Path) -> None:
    with owner_of(folder, connections=61) as owner:
        owner.kill()
        async with await EmbeddedPostgres.start(folder, holder="test") as server:
            assert running(folder) != owner.postmaster
            assert await ask(server.address, "SHOW max_connections") == "60"
            assert await ask(server.address, "SELECT word FROM kept") == "durable"


async def test_after_a_crash_it_recovers_and_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postmaster, "QUIET_SECONDS", 0.0)
    heard: list[str] = []
    state = cast("property", Postmaster.state).fget
    assert state is not None
    # On a busy machine all may be over between two looks at the log.
    monkeypatch.setattr(Postmaster, "state", property(lambda server: state(server) if heard else "starting"))
    with owner_of(folder) as owner:
        owner.kill()
        os.kill(owner.postmaster, signal.SIGKILL)
        async with await EmbeddedPostgres.start(folder, holder="test", on_wait=heard.append) as server:
            assert await ask(server.address, "SELECT word FROM kept") == "durable"
        assert any(" LOG: " in line for line in heard)
        assert "not properly shut down" in (folder / "logs" / "postgres.log").read_text("utf-8")


async def test_a_session_that_outlives_its_server_is_waited_for(folder: Path) -> None:
    endless = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
    with owner_of(folder, statement=endless) as owner:
        sessions = psutil.Process(owner.postmaster).children()
        owner.kill()
        os.kill(owner.postmaster, signal.SIGKILL)
        starting = asyncio.create_task(EmbeddedPostgres.start(folder, holder="test"))
        log = folder / "logs" / "postgres.log"
        await until(lambda: starting.done() or ORPHANS_LEFT in log.read_text("utf-8"))
        assert not starting.done()
        for session in sessions:
            with suppress(psutil.NoSuchProcess):
                session.kill()
        async with await starting as server:
            assert await ask(server.address, "SELECT word FROM kept") == "durable"


async def test_a_reused_process_number_is_left_alone(folder: Path) -> None:
    with bystander_of(folder) as bystander:
        lines = [str(bystander.pid), str(folder / "postgres"), "1", "5432", str(folder / "run"), "", "1 1", "ready"]
        (folder / "postgres" / "postmaster.pid").write_text("\n".join(lines), "ascii")
        async with await EmbeddedPostgres.start(folder, holder="test") as server:
            assert running(folder) != bystander.pid
            assert await ask(server.address, "SELECT 1") == 1
        assert bystander.poll() is None


async def test_a_path_too_long_for_a_socket(place: Path) -> None:
    folder = place / ("long" * 30)
    with owner_of(folder) as owner:
        elsewhere = Path((folder / "socket-folder").read_text("utf-8"))
        assert mode(elsewhere) == 0o700
        owner.kill()
        async with await EmbeddedPostgres.start(folder, holder="test") as server:
            assert running(folder) == owner.postmaster
            assert server.address.host == str(elsewhere)
            assert await attach(folder) == server.address
    with pytest.raises(FileNotFoundError):
        mode(elsewhere)


async def test_a_command_beside_the_owner_attaches(folder: Path) -> None:
    assert await attach(folder.parent / "nowhere") is None
    assert await attach(folder) is None
    with owner_of(folder) as owner:
        address = await attach(folder)
        assert address is not None
        assert await ask(address, "SELECT word FROM kept") == "durable"
        owner.kill()
        assert await attach(folder) is None


async def answers_anew(address: DatabaseAddress, folder: Path, before: int) -> bool:
    try:
        await ask(address, "SELECT 1")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return running(folder) != before


async def test_a_server_that_dies_is_started_again(folder: Path) -> None:
    async with await EmbeddedPostgres.start(folder, holder="test") as server:
        supervising = asyncio.create_task(server.supervise())
        for _ in range(2):
            before = running(folder)
            os.kill(before, signal.SIGKILL)
            await until(partial(answers_anew, server.address, folder, before))
        os.kill(running(folder), signal.SIGKILL)
        with pytest.raises(SetupProblem) as caught:
            await supervising
        assert caught.value.code == "database_keeps_dying"


async def test_supervision_ends_with_the_server(folder: Path) -> None:
    server = await EmbeddedPostgres.start(folder, holder="test")
    supervising = asyncio.create_task(server.supervise())
    await asyncio.sleep(0)
    await server.stop()
    await asyncio.wait_for(supervising, 30)


async def test_a_damaged_cluster_is_told_with_the_logs_words(folder: Path) -> None:
    (folder / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(SetupProblem) as caught:
        await EmbeddedPostgres.start(folder, holder="test")
    assert caught.value.code == "database_did_not_start"
    assert str(folder / "logs" / "postgres.log") in caught.value.message()
    assert "pg_control" in caught.value.message("ko")
    assert await attach(folder) is None  # the folder was let go


async def test_another_clusters_password_is_told(folder: Path) -> None:
    (folder / "keys" / "postgres-password").write_text("another", "ascii")
    with pytest.raises(SetupProblem) as caught:
        await EmbeddedPostgres.start(folder, holder="test")
    assert caught.value.code == "database_password_refused"
    assert not (folder / "postgres" / "postmaster.pid").exists()


async def test_a_folder_that_is_no_cluster_is_not_written_over(place: Path) -> None:
    (place / "data" / "postgres").mkdir(parents=True)
    (place / "data" / "postgres" / "precious").write_text("data", "ascii")
    with pytest.raises(SetupProblem) as caught:
        await EmbeddedPostgres.start(place / "data", holder="test")
    assert caught.value.code == "database_cluster_damaged"
    assert [entry.name for entry in (place / "data" / "postgres").iterdir()] == ["precious"]


@as_root
async def test_a_cluster_copied_back_by_root_starts(folder: Path) -> None:
    await asyncio.to_thread(subprocess.run, ["chown", "-R", "0:0", str(folder)], check=True)
    async with await EmbeddedPostgres.start(folder, holder="test") as server:
        assert await ask(server.address, "SELECT 1") == 1


@as_root
def test_programs_that_only_root_can_read(place: Path, folder: Path) -> None:
    """Another process finds the wheel in a folder of root's and still starts."""
    found = binaries.find().root
    hidden = place / "hidden"
    shutil.copytree(found, hidden / binaries.PACKAGE / found.name)
    (hidden / binaries.PACKAGE / "__init__.py").write_text("", "utf-8")
    libraries = found.parent.parent / f"{binaries.PACKAGE}.libs"
    if libraries.exists():
        shutil.copytree(libraries, hidden / libraries.name)
    hidden.chmod(0o700)
    with owner_of(folder, python_path=os.pathsep.join([str(hidden), *sys.path])) as owner:
        assert Path(psutil.Process(owner.postmaster).exe()).is_relative_to(folder / "binaries")
