"""Files as people write them: read, faults placed, written and read again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from outcode.flows.dataflow import (
    Dataflow,
    EventTrigger,
    Every,
    FlowInput,
    ManualTrigger,
    Monthly,
    ScheduleTrigger,
    Task,
    WebhookTrigger,
    Weekly,
)
from outcode.flows.yaml import parse_flow, plain, read_flow, write_flow
from outcode.values.problems import ProblemList
from outcode.values.tagged import Template, tag

ORDERS = """\
outcode: 1
kind: dataflow
name: Orders to database
description: Every order of the shop, as it comes in
inputs:
  city:
    type: text
    required: true
    sample: Seoul
trigger:
  kind: webhook
  name: orders
  reply: last_task
tasks:
  a:
    app: api
    action: http_request
    name: Fetch orders
    connection: My shop
    inputs:
      method: GET
      url: "https://shop.example/{{trigger.body.id}}"
      headers:
        X-City: "{{trigger.body.city}}"
  b:
    app: postgresql
    action: query
    connection: 창고
    inputs:
      query: |
        INSERT INTO orders (id, price)
        VALUES ({{a.id}}, 19.90)
    after: [a]
    run_once: true
"""


def test_a_file_reads_and_writes_as_it_is() -> None:
    read = read_flow(ORDERS.encode(), file="orders.yaml")
    document = read.document
    assert document.trigger == WebhookTrigger(name="orders", reply="last_task")
    assert document.inputs == {"city": FlowInput(required=True, sample="Seoul")}
    assert document.tasks["a"].inputs["url"] == Template(text="https://shop.example/{{trigger.body.id}}")
    assert document.tasks["b"].after == ("a",)
    assert document.tasks["b"].run_once
    query = document.tasks["b"].inputs["query"]
    assert isinstance(query, Template)
    assert read.positions.find("tasks.b.inputs.query", offset=query.text.index("{{")) == (32, 17)
    assert write_flow(document) == ORDERS


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "column"),
    [
        ("name: Orders to database\n", "", "flow_key_missing", 1, 1),
        ("    app: api\n", "", "flow_key_missing", 15, 3),
        ("  reply: last_task", "  repply: last_task", "flow_key_unknown", 13, 3),
        ("reply: last_task", "reply: sometimes", "flow_choice_unknown", 13, 10),
        ("after: [a]", "after: [a, 1]", "flow_expected_text", 33, 16),
        ("  a:\n    app", "  run:\n    app", "task_letter_reserved", 15, 3),
        ("  a:\n    app", "  3:\n    app", "task_letter_invalid", 15, 3),
        ("run_once: true", "run_once: on", "flow_expected_switch", 34, 15),
        ("outcode: 1", "outcode: 9", "flow_format_unknown", 1, 10),
        ('url: "https', "url: {{a}} # https", "yaml_reference_unquoted", 22, 12),
        ("      method: GET", "\tmethod: GET", "yaml_tab", 21, 1),
        ("    after: [a]", "    inputs: {}", "yaml_duplicate_key", 33, 5),
    ],
)
def test_faults_stand_at_their_line_and_column(old: str, new: str, code: str, line: int, column: int) -> None:
    assert ORDERS.count(old) == 1
    with pytest.raises(ProblemList) as caught:
        read_flow(ORDERS.replace(old, new).encode(), file="orders.yaml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.place.line, problem.place.column) == (code, line, column)
    assert str(problem).startswith(f"orders.yaml:{line}:{column}")


SCHEDULED = """\
outcode: 1
kind: dataflow
name: Report
trigger:
  kind: schedule
  weekly:
    days: [monday, thursday]
    at: "09:00"
  timezone: Asia/Seoul
  overlap: queue
tasks: {}
"""


def test_a_schedule_reads_and_writes_as_it_is() -> None:
    document = read_flow(SCHEDULED.encode()).document
    weekly = Weekly(days=("monday", "thursday"), at="09:00")
    assert document.trigger == ScheduleTrigger(weekly=weekly, timezone="Asia/Seoul", overlap="queue")
    assert write_flow(document) == SCHEDULED


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "column", "known"),
    [
        ("  weekly:", "  wekly:", "flow_key_unknown", 6, 3, ["weekly"]),
        ("    days: [", "    dyas: [", "flow_key_missing", 6, 3, None),
        ("[monday,", "[mondey,", "flow_choice_unknown", 7, 12, ["monday"]),
        ("[monday, thursday]", "monday", "flow_expected_list", 7, 11, None),
        ('at: "09:00"', "at: 9 o'clock", "schedule_time_invalid", 8, 9, None),
        ('at: "09:00"', 'at: "24:00"', "schedule_time_invalid", 8, 9, None),
        ('    days: [monday, thursday]\n    at: "09:00"', "    5", "flow_expected_object", 7, 5, None),
        ("overlap: queue", "overlap: wait", "flow_choice_unknown", 10, 12, None),
        ("  weekly:\n    days: [monday, thursday]", "  monthly:\n    day: 0", "schedule_day_invalid", 7, 10, None),
        ("  weekly:\n    days: [monday, thursday]", "  monthly:\n    day: lst", "schedule_day_invalid", 7, 10, None),
        ("    at:", "    on: 1\n    at:", "flow_key_superfluous", 8, 5, None),
        ("  weekly:\n", "  every: {minuets: 5}\n  weekly:\n", "flow_key_unknown", 6, 11, ["minutes"]),
        ("  weekly:\n", "  every: {minutes: 0}\n  weekly:\n", "flow_number_too_small", 6, 20, None),
    ],
)
def test_faults_of_a_schedule_stand_at_their_line_and_column(
    old: str, new: str, code: str, line: int, column: int, known: list[str] | None
) -> None:
    assert SCHEDULED.count(old) == 1
    with pytest.raises(ProblemList) as caught:
        read_flow(SCHEDULED.replace(old, new).encode())
    problem = caught.value.problems[0]
    assert (problem.code, problem.place.line, problem.place.column) == (code, line, column)
    assert known is None or problem.details["known"] == known
    assert problem.message("ko")


def test_faults_come_in_the_order_of_the_file() -> None:
    text = ORDERS.replace("run_once: true", "run_once: 1").replace("name: Orders to database", "naem: x")
    with pytest.raises(ProblemList) as caught:
        read_flow(text.encode())
    lines = [problem.place.line for problem in caught.value.problems]
    assert lines == sorted(lines, key=lambda line: line or 0)
    assert len(lines) == 3


@pytest.mark.parametrize("text", ["", "just text", "- a\n- b", "5"])
def test_what_is_no_object(text: str) -> None:
    with pytest.raises(ProblemList) as caught:
        read_flow(text.encode())
    assert [problem.code for problem in caught.value.problems] == ["flow_expected_object"]


LETTERS = some.sampled_from(["a", "b", "c", "z", "aa", "ab"])
NAMES = some.text(alphabet=some.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.decimals(allow_nan=False, allow_infinity=False, places=2)
    | some.sampled_from(["", "{{a.x}}", "x {{b}}\ny", "plain", "SELECT 1\n\tFROM x\n"])
    | NAMES,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
INPUTS = some.dictionaries(NAMES, JSON.map(tag), max_size=3)
TASKS = some.builds(
    Task,
    app=NAMES,
    action=NAMES,
    name=some.none() | NAMES,
    connection=some.none() | NAMES,
    inputs=INPUTS,
    after=some.lists(LETTERS, max_size=2).map(tuple),
    run_once=some.booleans(),
    at_once=some.integers(1, 50),
)
CLOCK_TIMES = some.builds("{:02}:{:02}".format, some.integers(0, 23), some.integers(0, 59))
TRIGGERS = some.one_of(
    some.builds(ManualTrigger),
    some.builds(
        ScheduleTrigger,
        every=some.none() | some.builds(Every, minutes=some.none() | some.integers(1, 90)),
        daily=some.none() | CLOCK_TIMES,
        weekly=some.none()
        | some.builds(Weekly, days=some.sampled_from([("monday",), ("sunday", "friday"), ()]), at=CLOCK_TIMES),
        monthly=some.none() | some.builds(Monthly, day=some.integers(1, 31) | some.just("last"), at=CLOCK_TIMES),
        cron=some.none() | NAMES,
        timezone=some.none() | NAMES,
        overlap=some.sampled_from(["skip", "queue", "allow"]),
        missed=some.sampled_from(["once", "skip"]),
    ),
    some.builds(WebhookTrigger, name=NAMES, reply=some.sampled_from(["at_once", "last_task"])),
    some.builds(EventTrigger, app=NAMES, trigger=NAMES, connection=some.none() | NAMES, inputs=INPUTS),
)
FLOWS = some.builds(
    Dataflow,
    name=NAMES,
    description=some.none() | NAMES,
    inputs=some.dictionaries(
        NAMES,
        some.builds(
            FlowInput,
            type=some.sampled_from(["text", "number", "boolean", "datetime", "url", "json"]),
            required=some.booleans(),
            default=JSON,
            sample=JSON,
        ),
        max_size=2,
    ),
    trigger=TRIGGERS,
    tasks=some.dictionaries(LETTERS, TASKS, max_size=3),
)


@settings(deadline=None)
@given(FLOWS)
def test_every_document_survives_the_way_out_and_back(document: Dataflow) -> None:
    assert parse_flow(plain(document)) == document
    written = write_flow(document)
    assert read_flow(written.encode()).document == document
    assert write_flow(read_flow(written.encode()).document) == written
