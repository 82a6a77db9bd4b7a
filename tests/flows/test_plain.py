"""Bad documents and what is said about them; pydantic's own words never reach anybody."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from outcode.flows.dataflow import Dataflow, Task, WebhookTrigger
from outcode.flows.plain import parse_flow, plain
from outcode.values.json import Json
from outcode.values.problems import Place, Problem, ProblemList
from outcode.values.tagged import List, Literal, Object, Template

TASK: dict[str, Json] = {"app": "api", "action": "http_request"}


def flow(**changes: Json) -> dict[str, Json]:
    return {"outcode": 1, "kind": "dataflow", "name": "Orders", "tasks": {"a": TASK}} | changes


def task(**changes: Json) -> dict[str, Json]:
    return flow(tasks={"a": TASK | changes})


def problems_of(data: Json) -> list[Problem]:
    with pytest.raises(ProblemList) as caught:
        parse_flow(data)
    return caught.value.problems


@pytest.mark.parametrize(
    ("data", "code", "where", "details"),
    [
        ([], "flow_expected_object", Place(), {}),
        (None, "flow_expected_object", Place(), {}),
        (flow(nam="x"), "flow_key_superfluous", Place(field="nam"), None),
        ({"tasks": {}}, "flow_key_missing", Place(field="name"), {"key": "name"}),
        (flow(triger={}), "flow_key_unknown", Place(field="triger"), {"key": "triger", "known": ["trigger"]}),
        (flow(name=""), "flow_text_empty", Place(field="name"), {}),
        (flow(name="x" * 201), "flow_text_too_long", Place(field="name"), {"maximum": 200}),
        (flow(name=5), "flow_expected_text", Place(field="name"), {}),
        (flow(outcode=2), "flow_format_unknown", Place(field="outcode"), {"found": "2"}),
        (flow(outcode=True), "flow_format_unknown", Place(field="outcode"), {"found": "true"}),
        (
            flow(kind="dataflo"),
            "flow_choice_unknown",
            Place(field="kind"),
            {"value": '"dataflo"', "known": ["dataflow"]},
        ),
        (flow(tasks=[]), "flow_expected_object", Place(field="tasks"), {}),
        (flow(tasks={"a": 5}), "flow_expected_object", Place(task="a"), {}),
        (flow(tasks={"A": TASK}), "task_letter_invalid", Place(task="A"), {"letter": '"A"'}),
        (flow(tasks={"abcd": TASK}), "task_letter_invalid", Place(task="abcd"), {"letter": '"abcd"'}),
        (flow(tasks={"a\n": TASK}), "task_letter_invalid", Place(task="a\n"), {"letter": '"a\\n"'}),
        (flow(tasks={"run": TASK}), "task_letter_reserved", Place(task="run"), {"letter": "run"}),
        (flow(tasks={"a": {"app": "api"}}), "flow_key_missing", Place(task="a", field="action"), {"key": "action"}),
        (task(input={}), "flow_key_unknown", Place(task="a", field="input"), {"key": "input", "known": ["inputs"]}),
        (task(inputs=[]), "flow_expected_object", Place(task="a", field="inputs"), {}),
        (task(after="b"), "flow_expected_list", Place(task="a", field="after"), {}),
        (task(after=["b", 5]), "flow_expected_text", Place(task="a", field="after[1]"), {}),
        (task(run_once="yes"), "flow_expected_switch", Place(task="a", field="run_once"), {}),
        (task(run_once=1), "flow_expected_switch", Place(task="a", field="run_once"), {}),
        (task(at_once=0), "flow_number_too_small", Place(task="a", field="at_once"), {"minimum": 1}),
        (task(at_once=51), "flow_number_too_large", Place(task="a", field="at_once"), {"maximum": 50}),
        (task(at_once=Decimal(5)), "flow_expected_whole_number", Place(task="a", field="at_once"), {}),
        (task(at_once="5"), "flow_expected_whole_number", Place(task="a", field="at_once"), {}),
        (flow(trigger=5), "flow_expected_object", Place(field="trigger"), {}),
        (flow(trigger={}), "flow_key_missing", Place(field="trigger.kind"), {"key": "kind"}),
        (
            flow(trigger={"kind": "webhok"}),
            "flow_choice_unknown",
            Place(field="trigger.kind"),
            {"value": '"webhok"', "known": ["webhook"]},
        ),
        (flow(trigger={"kind": "webhook"}), "flow_key_missing", Place(field="trigger.name"), {"key": "name"}),
        (
            flow(trigger={"kind": "webhook", "name": "x", "reply": "never"}),
            "flow_choice_unknown",
            Place(field="trigger.reply"),
            {"value": '"never"', "known": ["at_once", "last_task", "respond"]},
        ),
        (
            flow(trigger={"kind": "webhook", "name": "x", "replay": "at_once"}),
            "flow_key_unknown",
            Place(field="trigger.replay"),
            {"key": "replay", "known": ["reply"]},
        ),
        (flow(inputs={"city": {"type": "txt"}}), "flow_choice_unknown", Place(field="inputs.city.type"), None),
        (flow(inputs={"city": {"typ": "text"}}), "flow_key_unknown", Place(field="inputs.city.typ"), None),
        (flow(inputs={"city": "text"}), "flow_expected_object", Place(field="inputs.city"), {}),
        (task(inputs={"url": "a\x00b"}), "flow_value_has_nul", Place(task="a", field="inputs.url"), {}),
        (task(inputs={"a\x00b": 1}), "flow_value_has_nul", Place(task="a", field="inputs"), {}),
        (task(inputs={"n": Decimal("1E+999999")}), "flow_number_unusable", Place(task="a", field="inputs.n"), None),
        (task(inputs={"n": [Decimal("NaN")]}), "flow_number_unusable", Place(task="a", field="inputs.n[0]"), None),
    ],
)
def test_one_fault(data: Json, code: str, where: Place, details: dict[str, Any] | None) -> None:
    if code == "flow_key_superfluous":
        data = {"description": "x", "inputs": {}, "trigger": {"kind": "manual"}} | data
    (problem,) = problems_of(data)
    assert (problem.code, problem.place) == (code, where)
    assert details is None or problem.details == details
    for language in ("en", "ko"):
        assert "pydantic" not in problem.message(language)
        assert "{" not in problem.message(language) + problem.hint(language)


def test_endless_depth_is_named() -> None:
    deep: Json = "x"
    for _ in range(500):
        deep = [deep]
    (problem,) = problems_of(task(inputs={"x": deep}))
    assert (problem.code, problem.place.task) == ("flow_value_too_deep", "a")


def test_all_faults_are_named() -> None:
    data = flow(name="", tasks={"a": TASK | {"at_once": 99}, "B": TASK, "now": TASK, "c": {}})
    assert sorted(each.code for each in problems_of(data)) == [
        "flow_key_missing",
        "flow_key_missing",
        "flow_number_too_large",
        "flow_text_empty",
        "task_letter_invalid",
        "task_letter_reserved",
    ]


def test_inputs_are_tagged_by_what_was_typed() -> None:
    inputs = {"url": "https://x.io/{{a.b}}", "n": 5, "l": ["x", "{{b}}"], "o": {"k": {"j": "{{c}}"}}, "m": {"k": 1}}
    found = parse_flow(task(inputs=inputs)).tasks["a"].inputs
    assert found == {
        "url": Template(text="https://x.io/{{a.b}}"),
        "n": Literal(value=5),
        "l": List(items=(Literal(value="x"), Template(text="{{b}}"))),
        "o": Object(entries={"k": Object(entries={"j": Template(text="{{c}}")})}),
        "m": Literal(value={"k": 1}),
    }


def test_plain_leaves_out_what_is_so_anyway() -> None:
    document = Dataflow(
        name="Orders",
        trigger=WebhookTrigger(name="orders"),
        tasks={
            "a": Task(app="api", action="http_request", run_once=True, after=("b",), inputs={"n": Literal(value=0)})
        },
    )
    assert plain(document) == {
        "outcode": 1,
        "kind": "dataflow",
        "name": "Orders",
        "trigger": {"kind": "webhook", "name": "orders"},
        "tasks": {"a": {"app": "api", "action": "http_request", "inputs": {"n": 0}, "after": ["b"], "run_once": True}},
    }
    assert parse_flow(plain(document)) == document


def test_a_default_of_false_or_zero_is_kept() -> None:
    data = flow(inputs={"n": {"type": "number", "default": 0}, "b": {"type": "boolean", "default": False}})
    assert plain(parse_flow(data))["inputs"] == data["inputs"]
