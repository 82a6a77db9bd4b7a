"""Schedules in the shell: their list beside the data, and previews without any."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from outcode.runs.instance import open_instance
from outcode.values import json
from outcode.workspace.settings import Settings
from tests.support.serving import free_port
from tests.support.shell import in_process, open_folder, started, stop, wait_for

FLOW = """\
outcode: 1
kind: dataflow
name: Report
trigger: {kind: schedule, weekly: {days: [monday, friday], at: "09:00"}, timezone: Europe/Berlin}
tasks:
  a:
    app: javascript
    action: function_execution
    inputs: {code: "return 1"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "report.yaml"
    file.write_text(FLOW, "utf-8")
    return file


def test_a_preview_of_an_expression_is_in_the_zone_that_is_asked_for() -> None:
    said = in_process("schedules", "preview", "30 9 * * 1-5", "--timezone", "Asia/Kolkata")
    assert (said.code, said.err.strip()) == (0, "By cron 30 9 * * 1-5 (Asia/Kolkata)")
    lines = said.out.splitlines()
    assert len(lines) == 5
    assert all(line.endswith(" 09:30+05:30") for line in lines)


def test_a_preview_of_a_file_is_in_its_own_zone_and_the_language_of_the_shell(file: Path) -> None:
    said = in_process("schedules", "preview", file, variables={"LANG": "ko_KR.UTF-8"})
    assert said.code == 0
    assert "매주 월요일, 금요일 09:00 (Europe/Berlin)" in said.err
    assert len(said.out.splitlines()) == 5


@pytest.mark.parametrize(
    ("schedule", "zone", "told"),
    [
        ("0 9 30 2 *", "UTC", "a day that never comes"),
        ("0 9 * *", "UTC", "five fields"),
        ("0 9 * * *", "Asia/Soul", "Asia/Seoul"),
        ("no-such-file.yaml", "UTC", "no-such-file.yaml"),
        ("examples/hello-webhook.yaml", "UTC", "A webhook trigger has no times"),
    ],
)
def test_what_has_no_times_is_refused(schedule: str, zone: str, told: str) -> None:
    said = in_process("schedules", "preview", schedule, "--timezone", zone)
    assert (said.code, said.out) == (2, "")
    assert told in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_time_that_came_while_the_server_was_down_is_made_up_for_when_it_starts(file: Path, tmp_path: Path) -> None:
    with open_folder() as place:
        data = ("--data-dir", place / "data")
        options = ["serve", "--port", free_port(), *data]
        assert in_process("import", file, *data).code == 0
        asyncio.run(be_missed(place / "data"))
        process = started(*options, log=tmp_path / "log")
        try:
            wait_for("token=", tmp_path / "log", process)
            deadline = time.monotonic() + 40
            while not (runs := json.loads(in_process("runs", "list", "--json", *data).out)):
                assert time.monotonic() < deadline
                time.sleep(0.2)
        finally:
            code = stop(process)
        assert code == 0, (tmp_path / "log").read_text()
        assert [run["trigger"] for run in runs] == ["schedule"]
        (item,) = json.loads(in_process("schedules", "list", "--json", *data).out)
        assert item["last_run"]["id"] == runs[0]["id"]
        # Two Mondays and two Fridays went by, and one run stands for all of them.
        assert item["problem"]["code"] == "schedule_missed"


async def be_missed(folder: Path) -> None:
    """Two weeks pass while nothing runs."""
    async with open_instance(Settings(folder=folder), holder="tests") as instance:
        assert await instance.scheduler.fire_due() == 0
        await instance.database.pool.execute("UPDATE schedules SET next_at = next_at - interval '14 days'")


def test_the_list_shows_what_was_imported(file: Path) -> None:
    with open_folder() as folder:
        data = ("--data-dir", folder / "data")
        assert in_process("import", file, *data).code == 0
        listed = in_process("schedules", "list", *data)
        assert listed.code == 0, listed
        header, line = listed.out.splitlines()
        assert header.split()[0] == "Flow"
        assert "Every Monday and Friday at 09:00  Europe/Berlin" in line
        (item,) = json.loads(in_process("schedules", "list", "--json", *data).out)
        assert (item["flow_name"], item["active"], item["problem"]) == ("Report", True, None)
