from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

from outcode.database.address import DatabaseAddress, external
from outcode.values.problems import SetupProblem

SECRET = "hunter2"


def test_a_url_is_taken_apart() -> None:
    found = external("postgres://me%40work:p%2Fw@db.example:6543/out%20code?sslmode=require")
    assert found == DatabaseAddress("db.example", 6543, "me@work", "p/w", "out code", "require")
    assert found.arguments() == {
        "host": "db.example",
        "port": 6543,
        "user": "me@work",
        "password": "p/w",
        "database": "out code",
        "ssl": "require",
    }


def test_what_is_left_out_is_not_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PGPORT", "1"), ("PGPASSWORD", "x"), ("PGSSLMODE", "disable"), ("PGUSER", "y")):
        monkeypatch.setenv(name, value)
    found = external("postgresql://me@[::1]/outcode")
    assert found == DatabaseAddress("::1", 5432, "me", None, "outcode", "prefer")


def test_a_socket_folder_is_a_host() -> None:
    found = external("postgresql://me@/outcode?host=/run/postgresql")
    assert (found.host, found.tls()) == ("/run/postgresql", False)
    assert make_url(found.sqlalchemy_url().render_as_string(hide_password=False)) == found.sqlalchemy_url()


def test_the_password_is_not_shown() -> None:
    found = external(f"postgresql://me:{SECRET}@db.example/outcode")
    assert SECRET not in repr(found)
    assert SECRET not in str(found.sqlalchemy_url())
    assert found.sqlalchemy_url().password == SECRET


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "database_url_scheme"),
        ("mysql://me:hunter2@db/outcode", "database_url_scheme"),
        ("postgresql+asyncpg://me:hunter2@db/outcode", "database_url_scheme"),
        ("me:hunter2@db/outcode", "database_url_scheme"),
        ("postgresql://me:hunter2@/outcode", "database_url_part"),
        ("postgresql://db.example/outcode", "database_url_part"),
        ("postgresql://me:hunter2@db.example", "database_url_part"),
        ("postgresql://me:hunter2@db.example/", "database_url_part"),
        ("postgresql://me:hunter2@db.example:port/outcode", "database_url_host"),
        ("postgresql://me:hunter2@db.example:99999/outcode", "database_url_host"),
        ("postgresql://me:hunter2@[::1/outcode", "database_url_host"),
        ("postgresql://me:hunter2@one,two/outcode", "database_url_host"),
        ("postgresql://me:hunter2@one/outcode?host=two", "database_url_host"),
        ("postgresql://me:pass/hunter2@db.example/outcode", "database_url_host"),
        ("postgresql://me:hunter2#x@db.example/outcode", "database_url_host"),
        ("postgresql://me:hunter2@db.example/out/code", "database_url_host"),
        ("postgresql://me:hunter2@db.example/outcode?options=-cfsync=off", "database_url_parameter"),
        ("postgresql://me@db.example/outcode?x%40hunter2=1", "database_url_parameter"),
        ("postgresql://me:hunter2@db.example/outcode?sslmode=sure", "database_url_tls"),
        ("postgresql://me:hunter2@db.example/outcode?sslrootcert=/nowhere/ca.pem", "database_url_authorities"),
    ],
)
def test_a_wrong_url_is_told_without_its_secret(url: str, code: str) -> None:
    with pytest.raises(SetupProblem) as caught:
        external(url)
    assert caught.value.code == code
    for language in ("en", "ko"):
        told = caught.value.message(language) + caught.value.hint(language)
        assert "OUTCODE_DATABASE_URL" in told
        assert SECRET not in told


@pytest.mark.parametrize(("mode", "verifies", "checks_name"), [("verify-full", True, True), ("verify-ca", True, False)])
def test_verifying_modes_trust_the_systems_authorities(mode: str, verifies: bool, checks_name: bool) -> None:
    context = external(f"postgresql://me@db.example/outcode?sslmode={mode}").tls()
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode is ssl.CERT_REQUIRED, context.check_hostname) == (verifies, checks_name)


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("not a certificate", "utf-8")
    with pytest.raises(SetupProblem, match=r"ca\.pem"):
        external(f"postgresql://me@db.example/outcode?sslrootcert={file}")


texts = st.text(st.characters(min_codepoint=33, max_codepoint=0x1F600, exclude_categories=["Cs"]), min_size=1)


@given(user=texts, password=texts, database=texts.filter(lambda name: "/" not in name), port=st.integers(1, 65535))
def test_any_percent_encoded_part_comes_back(user: str, password: str, database: str, port: int) -> None:
    parts = [quote(part, safe="") for part in (user, password, database)]
    found = external("postgresql://{}:{}@db.example:{port}/{}".format(*parts, port=port))
    assert (found.user, found.password, found.database, found.port) == (user, password, database, port)
