"""Commands that need no database: what they answer, in which language, and how fast they are there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from outcode.cli.main import COMMANDS, load
from outcode.values import json
from tests.support.shell import COMMAND, ROOT, environment, outcode

BROKEN = """\
outcode: 1
kind: dataflow
name: 주문
tasks:
  a:
    app: javascript
    action: function_execution
    name: 계산
    inputs:
      code: "return 1"
      input: {"금액": "{{zz.y*2}}"}
  b:
    app: nope
    action: x
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN, "utf-8")
    return file


def test_check_says_line_and_column_of_everything_with_a_picture(broken: Path) -> None:
    said = outcode("check", broken)
    assert (said.code, said.out) == (2, "")
    lines = said.err.splitlines()
    assert lines[0].startswith(f"{broken}:11:28, task a, field inputs.input.")
    assert lines[1] == '   11 |       input: {"금액": "{{zz.y*2}}"}'
    # The two Korean signs are two columns wide each.
    assert lines[2] == "      | " + " " * (27 + 2) + "^"
    assert lines[3] == "  Write {{zz.y | multiply(2)}} instead."
    assert lines[4].startswith(f"{broken}:13:10, task b, field app: There is no app nope.")


@pytest.mark.parametrize("variable", ["LANG", "LC_ALL"])
def test_problems_are_told_in_the_language_of_the_shell(broken: Path, variable: str) -> None:
    said = outcode("check", broken, variables={variable: "ko_KR.UTF-8"})
    assert said.code == 2
    assert "태스크 a, 필드" in said.err
    assert "참조는 값을 가리킬 뿐 계산할 수 없습니다" in said.err


@pytest.mark.parametrize(
    ("content", "where", "word"),
    [
        (b'a: [1,\nb: "', ":2:4", "quote"),
        (b"\xff\xfe\x00", "", "UTF-16"),
        (b"a: \xc0", ":1", "UTF-8"),
        (b"", "", ""),
        (b"- 1\n", ":1:1", ""),
        (b"outcode: 1\nkind: dataflow\nname: x\ntasks:\n  a: 5\n", ":5:6", "task a"),
        (b"a: &x [*x]\n", ":1", ""),
        (b"[" * 3000, ":1", ""),
        (b"x: " + b"y" * (4 * 1024 * 1024), "", "KiB"),
    ],
)
def test_a_wrong_file_never_ends_in_a_traceback(tmp_path: Path, content: bytes, where: str, word: str) -> None:
    file = tmp_path / "flow.yaml"
    file.write_bytes(content)
    said = outcode("check", file)
    assert (said.code, said.out) == (2, "")
    assert str(file) + where in said.err
    assert word in said.err


def test_what_is_no_file_is_said() -> None:
    assert "cannot be read: No such file" in outcode("check", "/nowhere/flow.yaml").err
    assert "cannot be read: Is a directory" in outcode("check", "/").err


def test_apps_are_listed_for_programs_and_for_people() -> None:
    listed = outcode("apps", "--json")
    entries = json.loads(listed.out)
    assert {"slug", "name", "category", "actions", "tier"} == set(entries[0])
    assert {"key", "name", "kind"} == set(entries[0]["actions"][0])
    lines = outcode("apps").out.splitlines()
    assert len(lines) == len(entries) + 1
    assert any("microsoft-excel-xlsx-file" in line for line in lines)
    assert "결과가 됩니다" in outcode("apps", "javascript", variables={"LANG": "ko_KR.UTF-8"}).out


def test_an_unknown_app_gets_a_suggestion() -> None:
    said = outcode("apps", "postgres")
    assert said.code == 1
    assert "postgresql" in said.err


@pytest.mark.parametrize(
    "arguments", [["nope"], ["serve", "--port", "99999"], ["runs", "list", "--state", "bogus"], ["run"]]
)
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str]) -> None:
    said = outcode(*arguments)
    assert (said.code, said.out) == (2, "")
    assert "rror" in said.err


def test_the_help_in_the_list_is_each_commands_own() -> None:
    listed = outcode("--help").out
    for name, entry in COMMANDS.items():
        command = load(name)
        assert (command.help or "").split("\n")[0] == entry.help, name
        assert f"  {name} " in listed
        assert entry.help in listed


@pytest.mark.parametrize("command", [["--help"], ["apps", "--json"], ["check", "examples/hello-webhook.yaml"]])
def test_light_commands_load_no_server(command: list[str]) -> None:
    script = (
        "import sys; from outcode.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'fastapi', 'uvicorn', 'aiohttp', 'asyncpg', 'sqlalchemy', 'alembic', 'pgqueuer'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_reader_that_goes_away_is_no_fault() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [*COMMAND, "apps", "--json"], stdout=write, stderr=subprocess.PIPE, env=environment(), cwd=ROOT, check=False
        )
    finally:
        os.close(write)
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def test_a_shell_without_utf_8_gets_escapes_not_a_traceback(broken: Path) -> None:
    said = outcode("check", broken, variables={"LANG": "ko_KR.UTF-8", "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"})
    assert said.code == 2
    assert "\\ud0dc\\uc2a4\\ud06c" in said.err
