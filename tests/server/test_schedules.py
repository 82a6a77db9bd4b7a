"""The list of schedules tells when each fires and why one did not; a preview tells before anything is saved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from outcode.values.problems import Stopped
from tests.server.conftest import Server, flow

KOREAN = {"Accept-Language": "ko"}


async def scheduled(server: Server, name: str = "Report", **trigger: Any) -> dict[str, Any]:
    return await server.flow(flow(name, trigger={"kind": "schedule", **trigger}))


async def one(server: Server, **options: Any) -> dict[str, Any]:
    (item,) = (await server.get("/api/v1/schedules", **options)).json["items"]
    return dict(item)


async def test_the_list_says_when_a_flow_starts_in_words_and_as_a_time(server: Server) -> None:
    made = await scheduled(server, weekly={"days": ["monday"], "at": "09:00"}, timezone="Europe/Berlin")
    item = await one(server)
    assert item["id"] == made["id"]
    assert item["flow_name"] == "Report"
    assert (
        item["trigger"]
        == made["trigger"]
        == {
            "kind": "schedule",
            "weekly": {"days": ["monday"], "at": "09:00"},
            "timezone": "Europe/Berlin",
        }
    )
    assert (item["description"], item["timezone"], item["active"]) == ("Every Monday at 09:00", "Europe/Berlin", True)
    next_at = datetime.fromisoformat(item["next_at"])
    assert (next_at.weekday(), next_at.hour, next_at.minute) == (0, 9, 0)
    assert datetime.now(UTC) < next_at <= datetime.now(UTC) + timedelta(days=7, hours=1)
    assert (item["last_run"], item["problem"], item["problem_at"]) == (None, None, None)
    assert (await one(server, headers=KOREAN))["description"] == "매주 월요일 09:00"
    await server.place.instance.scheduler.fire_due()
    assert (await one(server))["next_at"] == item["next_at"]


async def test_the_list_shows_the_last_run_and_why_there_was_none(server: Server) -> None:
    await scheduled(server, daily="09:00")
    instance = server.place.instance
    pool = instance.database.pool
    now = await instance.schedules.now()
    minute = now.replace(second=0, microsecond=0)
    await pool.execute("UPDATE schedules SET planned = true, next_at = $1", minute)
    assert await instance.scheduler.fire_due() == 1
    run = (await one(server))["last_run"]
    assert (await server.ended(run["id"]))["trigger"] == "schedule"
    assert (await one(server))["last_run"]["state"] == "done"
    told = Stopped("schedule_overlapped").as_json()
    await pool.execute("UPDATE schedules SET not_run_at = $1, not_run = $2", minute, told)
    item = await one(server, headers=KOREAN)
    assert datetime.fromisoformat(item["problem_at"]) == minute
    assert (item["problem"]["code"], item["problem"]["message"][:3]) == ("schedule_overlapped", "앞선 ")


async def test_a_schedule_that_nothing_starts_is_told(server: Server) -> None:
    await scheduled(server, daily="09:00")
    pool = server.place.instance.database.pool
    await pool.execute("UPDATE schedules SET planned = true, next_at = now() - interval '5 minutes 30 seconds'")
    item = await one(server)
    assert (item["problem"]["code"], item["problem"]["details"]) == ("schedule_overdue", {"minutes": 5})
    assert item["problem_at"] == item["next_at"]
    await pool.execute("UPDATE schedules SET active = false")
    item = await one(server)
    assert (item["active"], item["next_at"], item["problem"]) == (False, None, None)


async def test_one_that_cannot_be_followed_any_more_is_listed_all_the_same(server: Server) -> None:
    await scheduled(server, daily="09:00")
    await server.place.instance.database.pool.execute("UPDATE organizations SET timezone = 'No/Where'")
    item = await one(server)
    assert (item["next_at"], item["problem"]["code"]) == (None, "timezone_unknown")


async def test_pages_go_on_where_the_one_before_ended(server: Server) -> None:
    for number in range(3):
        await scheduled(server, f"Flow {number}", every={"hours": 1})
    first = (await server.get("/api/v1/schedules?limit=2")).json
    rest = (await server.get(f"/api/v1/schedules?limit=2&cursor={first['next_cursor']}")).json
    assert [item["flow_name"] for item in first["items"] + rest["items"]] == ["Flow 2", "Flow 1", "Flow 0"]
    assert rest["next_cursor"] is None
    _, key = await server.stranger()
    assert (await server.get("/api/v1/schedules", key=key)).json["items"] == []


async def test_a_preview_shows_the_next_five_times(server: Server) -> None:
    reply = await server.post("/api/v1/schedules/preview", {"trigger": {"cron": "0 9 * * *"}})
    assert reply.status == 200
    assert (reply.json["timezone"], reply.json["description"]) == ("Asia/Seoul", "By cron 0 9 * * *")
    times = [datetime.fromisoformat(each) for each in reply.json["times"]]
    assert [each.strftime("%H:%M%z") for each in times] == ["09:00+0900"] * 5
    assert times[0] > datetime.now(UTC)
    assert {later - before for before, later in pairwise(times)} == {timedelta(days=1)}
    in_zone = {"kind": "schedule", "every": {"minutes": 30}, "timezone": "UTC"}
    reply = await server.post("/api/v1/schedules/preview", {"trigger": in_zone}, headers=KOREAN)
    assert (reply.json["timezone"], reply.json["description"]) == ("UTC", "30분마다")
    assert (await server.get("/api/v1/schedules")).json["items"] == []


@pytest.mark.parametrize(
    ("trigger", "code", "field"),
    [
        ({}, "schedule_form_missing", "trigger"),
        ({"cron": "0 9 30 2 *"}, "cron_never", "trigger.cron"),
        ({"daily": "9"}, "schedule_time_invalid", "trigger.daily"),
        ({"dayly": "09:00"}, "flow_key_unknown", "trigger.dayly"),
        ({"daily": "09:00", "timezone": "Seoul"}, "timezone_unknown", "trigger.timezone"),
        ({"kind": "manual"}, "schedule_wanted", "trigger.kind"),
    ],
)
async def test_a_preview_of_what_cannot_be_followed_says_where(
    server: Server, trigger: dict[str, Any], code: str, field: str
) -> None:
    reply = await server.post("/api/v1/schedules/preview", {"trigger": trigger})
    assert reply.status in {400, 422}
    problem = (reply.json.get("problems") or [reply.json])[0]
    assert (problem["code"], problem["place"]["field"]) == (code, field)


async def test_an_impossible_schedule_is_not_saved(server: Server) -> None:
    document = flow(trigger={"kind": "schedule", "cron": "0 9 31 2 *"})
    reply = await server.post("/api/v1/flows", {"document": document})
    assert reply.status in {400, 422}
    assert [problem["code"] for problem in reply.json.get("problems") or [reply.json]] == ["cron_never"]
    assert (await server.get("/api/v1/schedules")).json["items"] == []
