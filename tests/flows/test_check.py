"""Each thing that is checked before a flow may run, with the place that is shown for it."""

from __future__ import annotations

import time
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from outcode.appkit import (
    Action,
    App,
    Bearer,
    CodeField,
    DatabaseCredential,
    Input,
    JsonField,
    ListField,
    MapField,
    NumberField,
    Option,
    OutputField,
    Outputs,
    Query,
    Request,
    RowsField,
    Script,
    SelectField,
    SwitchField,
    TextField,
    Words,
)
from outcode.apps.table import APP as TABLE
from outcode.flows.check import check_dataflow, edges_of
from outcode.flows.dataflow import Edge
from outcode.flows.plain import parse_flow
from outcode.flows.yaml import read_flow
from outcode.values.json import Json
from outcode.values.problems import Place, Problem

WORDS = Words(en="Thing", ko="것")


def outputs(*paths: str, rows: str | Input | None = None, result: str | None = None) -> Outputs:
    return Outputs(fields=tuple(OutputField(path=path, label=WORDS) for path in paths), rows=rows, result=result)


def app(slug: str, *actions: Action, **changes: Any) -> App:
    given = {"slug": slug, "name": slug.title(), "category": "Test", "description": WORDS, "actions": actions}
    return App(**given | changes)


def action(key: str, *fields: Any, **changes: Any) -> Action:
    given = {"key": key, "name": key, "description": WORDS, "fields": fields, "idempotent": True}
    call = Request(method="GET", url="https://x.io")
    return Action(**given | {"call": call, "outputs": Outputs()} | changes)


ASK = action(
    "ask",
    TextField(key="url", label=WORDS, required=True, place="url"),
    SelectField(
        key="method",
        label=WORDS,
        required=True,
        default="GET",
        options=(Option(value="GET", label=WORDS), Option(value="POST", label=WORDS)),
    ),
    NumberField(key="seconds", label=WORDS, whole=True, minimum=Decimal(1), maximum=Decimal(300)),
    SwitchField(key="follow", label=WORDS),
    ListField(key="tags", label=WORDS, max_items=3),
    MapField(key="headers", label=WORDS),
    JsonField(key="body", label=WORDS, accepts=("object", "list")),
    TextField(key="rows", label=WORDS),
    outputs=outputs("status", "headers.etag", "data", rows=Input(field="rows")),
)
APPS = {
    "web": app("web", ASK),
    "shop": app(
        "shop",
        action("orders", outputs=outputs("id", "price", rows="items")),
        action("order", TextField(key="id", label=WORDS), outputs=outputs("id", "price")),
        connections=(Bearer(key="token", label=WORDS),),
    ),
    "store": app(
        "store",
        action(
            "query",
            CodeField(key="sql", label=WORDS, required=True, place="sql", dialect="postgresql"),
            call=Query(dialect="postgresql", statement=Input(field="sql")),
            outputs=outputs(rows="rows"),
        ),
        connections=(DatabaseCredential(key="database", label=WORDS, engine="postgresql"),),
        connection_required=False,
    ),
    "code": app(
        "code",
        action(
            "run",
            CodeField(key="code", label=WORDS, place="javascript"),
            JsonField(key="input", label=WORDS),
            RowsField(key="table", label=WORDS),
            call=Script(code=Input(field="code"), argument=Input(field="input")),
            outputs=outputs("logs", result="result"),
        ),
    ),
    "table": TABLE,
}
CONNECTIONS = {"My shop": "shop", "Other shop": "shop", "Warehouse": "store"}


def ask(url: Json = "https://x.io", **inputs: Json) -> dict[str, Json]:
    return {"app": "web", "action": "ask", "inputs": {"url": url} | inputs}


def shop(name: str, **changes: Json) -> dict[str, Json]:
    return {"app": "shop", "action": name, "connection": "My shop"} | changes


def sql(text: str) -> dict[str, Json]:
    return {"app": "store", "action": "query", "inputs": {"sql": text}}


def code(**inputs: Json) -> dict[str, Json]:
    return {"app": "code", "action": "run", "inputs": inputs}


def check(tasks: dict[str, Json], **changes: Json) -> list[Problem]:
    return check_dataflow(parse_flow({"name": "x", "tasks": tasks} | changes), APPS, connections=CONNECTIONS)


@pytest.mark.parametrize(
    ("tasks", "code", "where", "details"),
    [
        ({"a": {"app": "sohp", "action": "x"}}, "app_unknown", Place(task="a", field="app"), {"known": ["shop"]}),
        ({"a": shop("oders")}, "action_unknown", Place(task="a", field="action"), {"known": ["orders", "order"]}),
        ({"a": shop("paid")}, "action_unknown", Place(task="a", field="action"), None),
        (
            {"a": {"app": "shop", "action": "orders"}},
            "task_connection_missing",
            Place(task="a", field="connection"),
            {"app": "Shop"},
        ),
        (
            {"a": shop("orders", connection="my shop")},
            "task_connection_unknown",
            Place(task="a", field="connection"),
            {"connection": "my shop", "app": "Shop", "known": ["My shop"]},
        ),
        (
            {"a": shop("orders", connection="Warehouse")},
            "task_connection_of_other_app",
            Place(task="a", field="connection"),
            {"connection": "Warehouse", "app": "Shop", "other": "store"},
        ),
        (
            {"a": ask() | {"connection": "My shop"}},
            "task_connection_not_used",
            Place(task="a", field="connection"),
            {"app": "Web"},
        ),
        ({"a": ask(metod="GET")}, "flow_key_unknown", Place(task="a", field="inputs.metod"), None),
        ({"a": ask("")}, "field_required", Place(task="a", field="inputs.url"), None),
        ({"a": {"app": "web", "action": "ask"}}, "field_required", Place(task="a", field="inputs.url"), None),
        ({"a": ask(url=["x"])}, "field_type_wrong", Place(task="a", field="inputs.url"), None),
        ({"a": ask(method="PUSH")}, "field_not_an_option", Place(task="a", field="inputs.method"), None),
        ({"a": ask(seconds=0)}, "field_out_of_range", Place(task="a", field="inputs.seconds"), None),
        ({"a": ask(seconds=301)}, "field_out_of_range", Place(task="a", field="inputs.seconds"), None),
        ({"a": ask(seconds=Decimal("1.5"))}, "field_type_wrong", Place(task="a", field="inputs.seconds"), None),
        ({"a": ask(seconds="soon")}, "field_type_wrong", Place(task="a", field="inputs.seconds"), None),
        ({"a": ask(seconds="1{{now}}")}, "reference_not_alone", Place(task="a", field="inputs.seconds"), None),
        ({"a": ask(follow="on")}, "field_type_wrong", Place(task="a", field="inputs.follow"), None),
        ({"a": ask(tags="x")}, "field_type_wrong", Place(task="a", field="inputs.tags"), None),
        ({"a": ask(tags="{{now}}, {{now}}")}, "reference_not_alone", Place(task="a", field="inputs.tags"), None),
        ({"a": ask(tags=["a", "b", "c", "{{now}}"])}, "field_too_many", Place(task="a", field="inputs.tags"), None),
        ({"a": ask(headers=["x"])}, "field_type_wrong", Place(task="a", field="inputs.headers"), None),
        ({"a": ask(headers=[{"key": "x"}])}, "field_type_wrong", Place(task="a", field="inputs.headers"), None),
        ({"a": ask(body=5)}, "field_type_wrong", Place(task="a", field="inputs.body"), None),
        ({"a": ask(body="{x")}, "json_invalid", Place(task="a", field="inputs.body"), None),
        (
            {"a": {"app": "table", "action": "write_csv", "inputs": {"rows": [{}, 5], "file_name": "x"}}},
            "flow_expected_object",
            Place(task="a", field="inputs.rows[1]"),
            None,
        ),
        ({"a": ask() | {"after": ["b"]}}, "after_alone", Place(task="a", field="after[0]"), {"task": "b"}),
        (
            {"a": ask(), "b": ask() | {"after": ["a", "c"]}},
            "after_unknown",
            Place(task="b", field="after[1]"),
            {"task": "c", "known": ["a"]},
        ),
        ({"a": ask() | {"after": ["a"]}}, "task_needs_itself", Place(task="a", field="after[0]"), {"letter": "a"}),
        (
            {"a": code(input={"x": ["{{a.y}}"]})},
            "task_needs_itself",
            Place(task="a", field="inputs.input.x[0]", offset=None),
            {"letter": "a"},
        ),
        (
            {"a": code(input="{{c}}"), "b": ask() | {"after": ["a"]}, "c": code(input="{{b.data}}")},
            "tasks_in_a_circle",
            Place(task="a", field="inputs.input"),
            {"circle": "a → c → b → a"},
        ),
        (
            {"a": code(input="{{tigger.body}}")},
            "task_reference_unknown",
            Place(task="a", field="inputs.input", offset=0),
            {"root": "tigger", "known": ["trigger"]},
        ),
        (
            {"a": ask(), "b": ask("https://x.io/{{a.stauts}}")},
            "task_reference_key_unknown",
            Place(task="b", field="inputs.url", offset=13),
            {"owner": "task a", "key": "stauts", "known": ["status"]},
        ),
        (
            {"a": code(input="{{run.startedat}}")},
            "task_reference_key_unknown",
            Place(task="a", field="inputs.input", offset=0),
            {"owner": "run", "key": "startedat", "known": ["startedAt"]},
        ),
        (
            {"a": code(input="{{row.nr}}")},
            "task_reference_key_unknown",
            Place(task="a", field="inputs.input", offset=0),
            {"owner": "row", "key": "nr", "known": ["number"]},
        ),
        ({"a": code(input="{{now.year}}")}, "task_reference_into_now", None, {}),
        ({"a": code(input="x {{now*2}}")}, "reference_expression_instead", None, None),
        ({"a": sql("SELECT 1 -- {{now}}")}, "sql_in_comment", None, None),
        ({"a": code(code="// {{now}}")}, "script_in_comment", None, {}),
        (
            {"a": ask("https://{{trigger.body.host | lower}}/x")},
            "url_host_refused",
            None,
            {"reference": "{{trigger.body.host | lower}}"},
        ),
        ({"a": ask(body='{"x": {{now}} {{now}}}')}, "reference_json_invalid", None, None),
        (
            {"a": shop("orders"), "b": shop("orders"), "c": code(input=["{{a.id}}", "{{b.id}}"])},
            "arrays_not_aligned",
            Place(task="c", field="inputs.input[1]"),
            {"first": "a", "second": "b"},
        ),
    ],
)
def test_one_fault(tasks: dict[str, Json], code: str, where: Place | None, details: dict[str, Any] | None) -> None:
    (problem,) = check(tasks)
    assert problem.code == code
    if where is not None:
        place = problem.place
        assert (place.task, place.field, place.offset) == (where.task, where.field, where.offset)
    assert problem.place.task is not None
    assert details is None or problem.details.items() >= details.items()
    for language in ("en", "ko"):
        assert problem.message(language)
        assert problem.hint(language)


@pytest.mark.parametrize(
    "tasks",
    [
        {},
        {"a": ask(seconds=None, method=None)},
        {"a": ask(seconds="{{now}}", follow="{{now}}", tags="{{now}}", headers="{{now}}", method="{{now}}")},
        {"a": ask(headers=[{"key": "a", "value": "{{now}}"}], tags=["x{{now}}"], body={"x": ["{{now}}"]})},
        {"a": ask(headers={"a": 5}, body='{"x": {{now}}}', seconds=300)},
        {"a": ask(body='{"x": 1}')},
        {"a": ask(), "b": ask("{{a.data.anything[0].next}}")},
        {"a": ask(rows="data.items"), "b": code(input="{{a.whatever}}")},
        {"a": ask(rows="{{trigger.body.path}}"), "b": code(input="{{a.whatever}}")},
        {"a": ask(), "b": code(input="{{a.maybe | default(1)}}")},
        {"a": sql("SELECT 1"), "b": code(input="{{a.any_column}}")},
        {"a": code(), "b": code(input="{{a.any_key}}")},
        {"a": code(input="{{trigger.body.x}} {{trigger.old}} {{run.id}} {{row.number}} {{now}}")},
        {"a": sql("SELECT '{{trigger.body.x}}', {{now}}")},
        {"b": code(input="{{a}}"), "a": code() | {"after": ["z"]}, "z": ask()},
        # one list, or lists made from one another, row by row
        {"a": shop("orders"), "b": shop("order", inputs={"id": "{{a.id}}"}), "c": code(input="{{a.id}}{{b.price}}")},
        {"a": shop("orders"), "b": ask("{{a.url}}"), "c": ask("{{b.data}}"), "d": code(input="{{a.id}}{{c.status}}")},
        # two lists, of which one is taken whole or by an element
        {"a": shop("orders"), "b": shop("orders"), "c": code(input="{{a.id}}{{b[0].id}}{{b.$meta.x}}")},
        {"a": shop("orders"), "b": shop("orders"), "c": code(input="{{a.id}}", table="{{b}}")},
        {"a": shop("orders"), "b": shop("orders"), "c": code(input="{{a.id}}{{b[*].id}}")},
        {"a": shop("orders"), "b": shop("orders"), "c": code(input="{{a}}{{b}}") | {"run_once": True}},
    ],
)
def test_nothing_wrong(tasks: dict[str, Json]) -> None:
    assert [str(problem) for problem in check(tasks)] == []


def test_lists_of_unlike_origin_stay_apart_further_down() -> None:
    tasks = {"a": shop("orders"), "b": shop("orders"), "c": ask("{{a.url}}"), "d": code(input="{{b.id}}{{c.status}}")}
    (problem,) = check(tasks)
    assert (problem.code, problem.details) == ("arrays_not_aligned", {"first": "b", "second": "c"})


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"trigger": {"kind": "schedule"}}, "schedule_form_missing", "trigger"),
        (
            {"trigger": {"kind": "schedule", "daily": "09:00", "cron": "* * * * *"}},
            "schedule_forms_many",
            "trigger.cron",
        ),
        ({"trigger": {"kind": "schedule", "every": {}}}, "schedule_interval_empty", "trigger.every"),
        (
            {"trigger": {"kind": "schedule", "weekly": {"days": [], "at": "09:00"}}},
            "schedule_days_missing",
            "trigger.weekly.days",
        ),
        (
            {"trigger": {"kind": "schedule", "daily": "09:00", "timezone": "Asia/Soul"}},
            "timezone_unknown",
            "trigger.timezone",
        ),
        (
            {"trigger": {"kind": "schedule", "daily": "09:00"}, "inputs": {"n": {"required": True}}},
            "schedule_input_needed",
            "inputs.n",
        ),
        ({"trigger": {"kind": "event", "app": "shop", "trigger": "paid"}}, "trigger_not_available", "trigger.kind"),
        ({"trigger": {"kind": "webhook", "name": "a/b"}}, "webhook_name_invalid", "trigger.name"),
        ({"trigger": {"kind": "webhook", "name": " a"}}, "webhook_name_invalid", "trigger.name"),
        ({"trigger": {"kind": "webhook", "name": ".."}}, "webhook_name_invalid", "trigger.name"),
        ({"trigger": {"kind": "webhook", "name": "a\u200bb"}}, "webhook_name_invalid", "trigger.name"),
        ({"inputs": {"n": {"type": "number", "default": "5"}}}, "flow_input_of_other_type", "inputs.n.default"),
        ({"inputs": {"n": {"type": "boolean", "sample": 1}}}, "flow_input_of_other_type", "inputs.n.sample"),
        ({"inputs": {"n": {"type": "text", "sample": 1}}}, "flow_input_of_other_type", "inputs.n.sample"),
    ],
)
def test_triggers_and_inputs(changes: dict[str, Json], code: str, field: str) -> None:
    (problem,) = check({}, **changes)
    assert (problem.code, problem.place) == (code, Place(field=field))


@pytest.mark.parametrize(
    ("cron", "code", "offset", "column"),
    [
        ("0 9 * *", "cron_fields_wrong", None, 48),
        ("0 0 9 * * 1", "cron_fields_wrong", None, 48),
        ("@daily", "cron_fields_wrong", None, 48),
        ("0 25 * * *", "cron_field_invalid", 2, 51),
        ("0 9 * * mnday", "cron_field_invalid", 8, 57),
        ("*/0 9 * * *", "cron_field_invalid", 0, 49),
        ("0 9 30 2 *", "cron_never", 4, 53),
        ("0 9 31 4,6,9,11 *", "cron_never", 4, 53),
    ],
)
def test_a_cron_that_cannot_be_followed_is_refused_at_its_field(
    cron: str, code: str, offset: int | None, column: int
) -> None:
    text = f'name: x\ntasks: {{}}\ntrigger: {{kind: schedule, timezone: UTC, cron: "{cron}"}}\n'
    read = read_flow(text.encode())
    (problem,) = check_dataflow(read.document, APPS, positions=read.positions)
    assert (problem.code, problem.place.offset) == (code, offset)
    assert (problem.place.field, problem.place.line, problem.place.column) == ("trigger.cron", 3, column)


@pytest.mark.parametrize("cron", ["0 9 * * 1-5", "0 9 29 2 *", "*/15 8-18 * * mon-fri", "0 9 l * *", "0 9 * * 1#2"])
def test_crons_that_can_be_followed(cron: str) -> None:
    assert check({}, trigger={"kind": "schedule", "cron": cron}) == []


def test_inputs_with_defaults_can_be_scheduled() -> None:
    inputs: dict[str, Json] = {"city": {"required": True, "default": "Seoul"}, "note": {}}
    assert check({}, trigger={"kind": "schedule", "daily": "09:00"}, inputs=inputs) == []


@pytest.mark.parametrize("name", ["orders", "주문 접수", "new-order_2", "a.b"])
def test_names_that_a_webhook_can_have(name: str) -> None:
    assert check({}, trigger={"kind": "webhook", "name": name}) == []


def test_a_flow_started_by_hand_has_its_declared_inputs_only() -> None:
    inputs = {"city": {"type": "text"}}
    good = {"a": code(input="{{trigger.body.city}} {{trigger.city}} {{trigger.query.any}}")}
    assert check(good, inputs=inputs) == []
    for text in ("{{trigger.body.ctiy}}", "{{trigger.ctiy}}"):
        (problem,) = check({"a": code(input=text)}, inputs=inputs)
        assert problem.code == "task_reference_key_unknown"
        assert problem.details["known"] == ["city"]
    webhook = {"kind": "webhook", "name": "orders"}
    assert check({"a": code(input="{{trigger.body.more}}")}, inputs=inputs, trigger=webhook) == []


def test_without_a_team_connections_are_not_looked_up() -> None:
    document = parse_flow({"name": "x", "tasks": {"a": shop("orders", connection="Anything")}})
    assert check_dataflow(document, APPS) == []
    (problem,) = check_dataflow(document, APPS, connections={})
    assert problem.code == "task_connection_none"


def test_a_connection_may_allow_the_host_that_a_reference_names() -> None:
    web = APPS["web"].model_copy(
        update={"connections": (Bearer(key="token", label=WORDS),), "connection_required": False}
    )
    data = {"name": "x", "tasks": {"a": ask("https://{{now}}/x") | {"connection": "C"}}}
    assert check_dataflow(parse_flow(data), {"web": web}) == []


def test_the_first_hundred_of_many_faults_are_listed_soon() -> None:
    letters = [f"{x}{y}" for x in "abcdefghijklmnopqrstuvwxyz" for y in "abcdefghijklmnopqrstuvwxyz"]
    started = time.process_time()
    problems = check({letter: code(input=[f"{{{{unknown{letter}.x}}}}"] * 20) for letter in letters})
    assert len(problems) == 100
    assert time.process_time() - started < 20


def test_too_many_tasks() -> None:
    letters = [f"{x}{y}" for x in "abcdefghijklmnopqrstuvwxyz" for y in "abcdefghijklmnopqrstuvwxyz"]
    letters += [f"a{letter}" for letter in letters]
    assert check({letter: ask() for letter in letters[:1000]}) == []
    (problem,) = check({letter: ask() for letter in letters[:1001]})
    assert (problem.code, problem.details) == ("too_many_tasks", {"count": 1001, "maximum": 1000})


FILE = """\
name: Orders
tasks:
  a:
    app: web
    action: ask
    inputs:
      url: https://x.io/{{trigger.body.id}}/{{b.x}}
      seconds: 400
  c:
    app: store
    action: query
    connection: Warehous
    inputs:
      sql: |
        SELECT *
        FROM orders  -- {{a.status}}
      sqll: x
  d:
    app: web
    action: ask
    inputs:
      headers: {X: "{{a.staus}}"}
"""


def test_faults_of_a_file_stand_at_their_line_and_column_in_its_order() -> None:
    read = read_flow(FILE.encode(), file="orders.yaml")
    problems = check_dataflow(
        read.document, APPS, connections=CONNECTIONS, positions=read.positions, file="orders.yaml"
    )
    assert [(each.code, each.place.line, each.place.column) for each in problems] == [
        ("task_reference_unknown", 7, 45),
        ("field_out_of_range", 8, 16),
        ("task_connection_unknown", 12, 17),
        ("sql_in_comment", 16, 25),
        ("flow_key_superfluous", 17, 7),
        ("field_required", 21, 5),
        ("task_reference_key_unknown", 22, 21),
    ]
    assert {each.place.file for each in problems} == {"orders.yaml"}


def test_dependencies_are_references_and_after() -> None:
    tasks = {
        "a": ask(),
        "b": code(input={"x": ["{{a.status}}", "{{now}}"]}) | {"after": ["c"]},
        "c": ask("{{trigger.body.url}}"),
        "d": code(input="{{b}} {{c}} {{x}}", code="broken {{a*}}") | {"after": ["y"]},
    }
    edges = edges_of(parse_flow({"name": "x", "tasks": tasks}))
    assert {letter: {edge.letter for edge in found} for letter, found in edges.items()} == {
        "a": set(),
        "b": {"a", "c"},
        "c": set(),
        "d": {"b", "c"},
    }


def test_a_branch_that_is_waited_for_stands_for_its_task() -> None:
    tasks = {
        "a": {"app": "flow", "action": "set_values", "inputs": {"values": {"x": 1}}, "on_error": "branch"},
        "b": code(input={"x": "{{a.error.message}}"}) | {"after": ["a.error"]},
    }
    assert edges_of(parse_flow({"name": "x", "tasks": tasks}))["b"] == (Edge("a", "error"),)


def test_three_hundred_tasks_are_checked_in_a_blink() -> None:
    letters = [f"{x}{y}" for x in "abcdefghijkl" for y in "abcdefghijklmnopqrstuvwxyz"][:300]
    tasks = {letters[0]: ask()}
    for before, letter in pairwise(letters):
        url = f"https://{letter}.io/{{{{{before}.status}}}}?x={{{{trigger.body.id | upper}}}}"
        tasks[letter] = ask(url, body={"x": f"{{{{{before}.data.x}}}}"})
    document = parse_flow({"name": "x", "tasks": tasks})
    started = time.process_time()
    assert check_dataflow(document, APPS) == []
    assert time.process_time() - started < 3
