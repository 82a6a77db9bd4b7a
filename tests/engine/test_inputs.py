"""The answers of a form with references in it: what is shown, and what moments mean."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from outcode.appkit import (
    Action,
    App,
    DatetimeField,
    Input,
    Option,
    Outputs,
    Request,
    SelectField,
    ShownWhen,
    TextField,
    Words,
)
from outcode.engine.inputs import resolve_inputs
from outcode.flows.check import check_dataflow
from outcode.flows.plain import parse_flow
from outcode.values.problems import InputProblem
from outcode.values.references import Root

WORDS = Words(en="Thing", ko="항목")
ACTION = Action(
    key="act",
    name="Act",
    description=WORDS,
    fields=(
        TextField(key="name", label=WORDS, required=True, shown_when=ShownWhen(field="kind", values=("named",))),
        SelectField(
            key="kind",
            label=WORDS,
            default="plain",
            options=(Option(value="plain", label=WORDS), Option(value="named", label=WORDS)),
        ),
        DatetimeField(key="since", label=WORDS),
    ),
    call=Request(method="GET", url="https://x.example/", query={"n": Input(field="name"), "s": Input(field="since")}),
    outputs=Outputs(result="data"),
    idempotent=True,
)
APP = App(slug="test-app", name="Test", category="Test", description=WORDS, actions=(ACTION,))
SCOPE = {"b": Root({"kind": "named", "since": "2026-11-22T09:00:00"}, label="b")}
SEOUL = ZoneInfo("Asia/Seoul")


def flow(inputs: dict[str, Any]) -> Any:
    tasks = {"z": {"app": "test-app", "action": "act", "inputs": inputs}}
    return parse_flow({"outcode": 1, "kind": "dataflow", "name": "x", "tasks": tasks})


def resolved(inputs: dict[str, Any]) -> dict[str, Any]:
    task = flow(inputs).tasks["z"]
    return resolve_inputs(task, ACTION, SCOPE, SCOPE, allowed_hosts=frozenset(), timezone=SEOUL)


def test_a_hidden_field_is_not_asked() -> None:
    assert resolved({})["name"] is None
    assert resolved({"name": "ignored"})["name"] is None
    assert resolved({"kind": "named", "name": "Kim"})["name"] == "Kim"
    with pytest.raises(InputProblem) as missing:
        resolved({"kind": "{{b.kind}}"})
    assert missing.value.place.field == "inputs.name"


@pytest.mark.parametrize(
    ("inputs", "codes"),
    [
        ({}, []),
        ({"kind": "named"}, ["field_required"]),
        ({"kind": "plain"}, []),
        ({"kind": "{{trigger.body.kind}}"}, []),
        ({"kind": "{{trigger.body.kind}}", "name": [1]}, ["field_type_wrong"]),
    ],
)
def test_the_check_asks_what_the_form_would(inputs: dict[str, Any], codes: list[str]) -> None:
    found = check_dataflow(flow(inputs), {"test-app": APP})
    assert [problem.code for problem in found] == codes


def test_moments_without_an_offset_are_meant_in_the_organizations_timezone() -> None:
    assert resolved({"since": "2026-11-22T09:00:00"})["since"] == "2026-11-22T09:00:00+09:00"
    assert resolved({"since": "{{b.since}}"})["since"] == "2026-11-22T09:00:00+09:00"
    assert resolved({"since": "2026-11-22T09:00:00Z"})["since"] == "2026-11-22T09:00:00+00:00"
    assert resolved({})["since"] is None
