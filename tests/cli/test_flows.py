"""``outcode flows``, ``outcode import`` and doing runs again, beside a server that carries the runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from outcode.values import json
from tests.support.serving import Serving, serving
from tests.support.shell import Said, in_process

FLOW = """\
outcode: 1
kind: dataflow
name: 인사
trigger: {{kind: webhook, name: greet, reply: last_task}}
tasks:
  a:
    app: javascript
    action: function_execution
    inputs:
      code: "if (!input.name) throw new Error('nobody'); return '{word} ' + input.name"
      input: {{name: "{{{{trigger.body.name}}}}"}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving("--example") as running:
        yield running


def beside(server: Serving, *arguments: object, language: str = "en_US") -> Said:
    return in_process(*arguments, "--data-dir", server.folder, variables={"LANG": f"{language}.UTF-8"})


def written(folder: Path, word: str) -> Path:
    file = folder / f"{word}.yaml"
    file.write_text(FLOW.format(word=word), "utf-8")
    return file


def greeted(server: Serving) -> Any:
    return server.call("POST", "/hooks/outcode/greet", {"name": "Roy"}, server.key)


def ended(server: Serving, run: str) -> Any:
    deadline = time.monotonic() + 30
    while (found := server.call("GET", f"/api/v1/runs/{run}", None, server.key))["finished_at"] is None:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_a_flow_from_draft_to_published_and_back(server: Serving, tmp_path: Path) -> None:
    hello, bye = written(tmp_path, "Hello"), written(tmp_path, "Bye")
    assert beside(server, "import", hello).err == "Imported 인사, version 1.\n"
    assert greeted(server) == "Hello Roy"
    assert beside(server, "import", "--draft", bye).err == "Imported 인사 as draft, version 2.\n"
    assert greeted(server) == "Hello Roy"
    assert beside(server, "flows", "run", "인사", "--input", '{"name": "Kim"}').out == '"Hello Kim"\n'
    by_draft = beside(server, "flows", "run", "인사", "--version", "draft", "--input", '{"name": "Kim"}')
    assert by_draft.out == '"Bye Kim"\n'

    differs = beside(server, "flows", "diff", "인사").out.splitlines()
    assert differs[0] == "Task a changed"
    assert [line[:16] for line in differs[1:]] == ["  - inputs.code:", "  + inputs.code:"]
    said = beside(server, "flows", "publish", "인사", "--note", "다른 인사", language="ko_KR")
    assert said.err == "인사 버전 2을(를) 게시했습니다. 이제 트리거가 이 버전을 실행합니다.\n"
    assert greeted(server) == "Bye Roy"
    assert beside(server, "flows", "diff", "인사").err == "No difference.\n"

    assert "version 3" in beside(server, "flows", "restore", "인사", 1).err
    assert greeted(server) == "Bye Roy"
    third, second, first = json.loads(beside(server, "flows", "versions", "인사", "--json").out)
    assert (third["number"], third["restored_from"], third["published"]) == (3, 1, False)
    assert (second["published"], second["note"], first["published"]) == (True, "다른 인사", False)
    table = beside(server, "flows", "versions", "인사").out
    assert "from version 1" in table
    assert "published" in table


def test_the_switch(server: Serving, tmp_path: Path) -> None:
    beside(server, "import", written(tmp_path, "Hi"))
    assert beside(server, "flows", "off", "인사").err == "인사 is off: its trigger starts nothing.\n"
    with pytest.raises(OSError, match="404"):
        greeted(server)
    listed = {flow["name"]: flow for flow in json.loads(beside(server, "flows", "list", "--json").out)}
    assert listed["인사"]["active"] is False
    assert listed["Orders to HTTP"]["published_version"] == 1
    assert "off" in beside(server, "flows", "list").out
    assert beside(server, "flows", "on", "인사").err == "인사 is on.\n"
    assert greeted(server) == "Hi Roy"


def test_a_run_is_done_again_and_retried(server: Serving, tmp_path: Path) -> None:
    beside(server, "import", written(tmp_path, "Hello"))
    assert beside(server, "flows", "run", "인사").code == 1
    failed = json.loads(beside(server, "runs", "list", "--limit", 1, "--json").out)[0]
    assert (failed["state"], failed["origin_id"]) == ("failed", None)
    for command in ("retry", "rerun"):
        said = beside(server, "runs", command, failed["id"])
        new = ended(server, said.out.strip())
        assert (new["state"], new["origin_id"], new["trigger"]) == ("failed", failed["id"], "cli")
        assert said.err.startswith(f"Run {new['id']} waits for a worker")
    done = beside(server, "runs", "rerun", failed["id"], "--version", "published").out.strip()
    assert ended(server, done)["version"] == failed["version"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("flows", "publish", "nobody"), 1, "nobody"),
        (("flows", "run", "Orders to HTTP", "--version", "newest"), 2, "newest is no version"),
        (("flows", "diff", "Orders to HTTP", "9"), 1, "no version 9"),
        (("flows", "restore", "Orders to HTTP", "9"), 1, "no version 9"),
        (("runs", "retry", "0199c1a0-7d3c-7a4e-9c53-3f1d2b6e8a10"), 1, "no such run"),
        (("runs", "rerun", "x"), 1, "no such run"),
    ],
)
def test_what_cannot_be_done_is_told(server: Serving, arguments: tuple[str, ...], code: int, said: str) -> None:
    refused = beside(server, *arguments)
    assert (refused.code, refused.out) == (code, "")
    assert said in refused.err
