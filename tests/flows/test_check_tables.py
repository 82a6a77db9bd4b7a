"""The options of table tasks are checked when a flow is saved, with the path of what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from outcode.apps.registry import all_apps
from outcode.flows.check import check_dataflow
from outcode.flows.plain import parse_flow
from outcode.flows.yaml import read_flow

SCRIPT = {"app": "javascript", "action": "function_execution", "inputs": {"code": "return []"}}


def findings(action: str, **inputs: Any) -> list[tuple[str, str | None]]:
    task = {"app": "table", "action": action, "inputs": {"rows": "{{a}}", **inputs}}
    document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "T", "tasks": {"a": SCRIPT, "b": task}})
    return [(problem.code, problem.place.field) for problem in check_dataflow(document, all_apps())]


def is_(**changes: Any) -> dict[str, Any]:
    return {"column": "x", "operator": "is", "value": 1} | changes


@pytest.mark.parametrize(
    ("action", "inputs"),
    [
        ("filter", {"conditions": is_()}),
        ("filter", {"conditions": [is_(value="{{a[0].x}}")]}),
        (
            "filter",
            {"conditions": {"match": "any", "members": [is_(type="number", operator="equals", value="{{a[0].x}}")]}},
        ),
        ("filter", {"conditions": [is_(operator="is_one_of", value=["a", "{{a[0].x}}"])]}),
        ("filter", {"conditions": "{{a[0].filter}}"}),
        ("filter", {"conditions": '[{"column": "x", "operator": "is", "value": "{{a[0].x}}"}]'}),
        (
            "set_columns",
            {"columns": [{"name": "x", "formula": "{unit price} * 2"}, {"name": "y", "value": "{{run.id}}"}]},
        ),
        ("transform_type", {"columns": [{"column": "x", "type": {"kind": "currency", "code": "KRW"}}]}),
        ("sort", {"keys": ["x", {"column": "y", "order": "descending"}]}),
        ("group", {"keys": ["x"], "summaries": [{"function": "count"}]}),
        ("group", {}),
        ("remove_duplicates", {}),
        ("limit", {"count": "{{a[0].n}}"}),
        ("limit", {"count": 5, "offset": "5"}),
        ("join", {"other": "{{a}}", "keys": ["x", {"left": "a", "right": "b"}], "kind": "anti"}),
    ],
)
def test_what_can_be_carried_out_is_not_complained_about(action: str, inputs: dict[str, Any]) -> None:
    assert findings(action, **inputs) == []


@pytest.mark.parametrize(
    ("action", "inputs", "wanted"),
    [
        ("filter", {}, [("field_required", "inputs.conditions")]),
        ("filter", {"conditions": is_(operator="iss")}, [("option_choice", "inputs.conditions.operator")]),
        ("filter", {"conditions": [is_(), is_(type="numbr")]}, [("option_choice", "inputs.conditions[1].type")]),
        (
            "filter",
            {"conditions": [is_(type="number")]},
            [("filter_operator_of_other_type", "inputs.conditions.members[0].operator")],
        ),
        (
            "filter",
            {"conditions": {"match": "any", "members": [is_(operator="matches_pattern", value="(")]}},
            [("filter_pattern_invalid", "inputs.conditions.members[0].value")],
        ),
        ("filter", {"conditions": [is_(column="{{a[0].x}}")]}, [("option_reference", "inputs.conditions[0].column")]),
        ("filter", {"conditions": "[{]"}, [("json_invalid", "inputs.conditions")]),
        (
            "set_columns",
            {"columns": [{"name": "x", "formula": "1 +"}, {"name": "y", "formula": "a | uper"}]},
            [("formula_incomplete", "inputs.columns[0].formula"), ("pipe_unknown_near", "inputs.columns[1].formula")],
        ),
        (
            "set_columns",
            {"columns": [{"name": "x", "formula": "a * {{a[0].x}}"}]},
            [("formula_reference", "inputs.columns[0].formula")],
        ),
        ("set_columns", {"columns": [{"name": "x"}]}, [("set_column_formula_or_value", "inputs.columns")]),
        (
            "set_columns",
            {"columns": [{"name": "x", "formula": "1", "value": 1}]},
            [("set_column_formula_or_value", "inputs.columns")],
        ),
        ("set_columns", {"columns": []}, [("option_limits", "inputs.columns")]),
        ("transform_type", {"columns": [{"column": "x"}]}, [("option_missing", "inputs.columns[0].type")]),
        (
            "transform_type",
            {"columns": [{"column": "x", "type": {"kind": "number", "decimals": 99}}]},
            [("option_limits", "inputs.columns[0].type.decimals")],
        ),
        ("sort", {"keys": [{"column": "x", "order": "down"}]}, [("option_choice", "inputs.keys[0].order")]),
        ("group", {"summaries": [{"function": "sum"}]}, [("summary_column_missing", "inputs.keys")]),
        ("group", {"keys": ["x", "x"]}, [("summary_name_twice", "inputs.keys")]),
        ("limit", {"count": -1}, [("field_out_of_range", "inputs.count")]),
        ("join", {"other": "{{a}}", "keys": [{"left": "x"}]}, [("option_missing", "inputs.keys[0].right")]),
        ("join", {"keys": ["x"]}, [("field_required", "inputs.other")]),
    ],
)
def test_what_cannot_be_carried_out_is_said_with_its_path(
    action: str, inputs: dict[str, Any], wanted: list[tuple[str, str]]
) -> None:
    assert findings(action, **inputs) == wanted


def test_a_formula_in_a_file_is_pointed_at() -> None:
    text = """outcode: 1
kind: dataflow
name: T
tasks:
  a: {app: javascript, action: function_execution, inputs: {code: "return []"}}
  b:
    app: table
    action: set_columns
    inputs:
      rows: "{{a}}"
      columns:
        - name: x
          formula: price * * 2
"""
    read = read_flow(text.encode(), file="flow.yaml")
    (problem,) = check_dataflow(read.document, all_apps(), positions=read.positions, file="flow.yaml")
    assert (problem.code, problem.place.line, problem.place.column) == ("formula_syntax", 13, 28)
