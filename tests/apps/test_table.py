"""The declaration of the table app, and each of its actions carried out with its defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from outcode.appkit import Action, TableTask, WriteFile
from outcode.appkit.accept import accept_answers
from outcode.appkit.lint import lint
from outcode.apps.table import APP
from outcode.values.tables import OPERATIONS, check_options, read_options, run_table
from outcode.values.types import ReadContext

TASKS = [action for action in APP.actions if isinstance(action.call, TableTask)]
INPUTS: dict[str, dict[str, Any]] = {
    "filter": {"conditions": [{"column": "n", "type": "number", "operator": "greater", "value": 1}]},
    "set_columns": {"columns": [{"name": "m", "formula": "n * 2"}]},
    "transform_type": {"columns": [{"column": "n", "type": "text"}]},
    "sort": {"keys": [{"column": "n", "order": "descending"}]},
    "group": {"summaries": [{"function": "sum", "column": "n"}]},
    "remove_duplicates": {},
    "limit": {"count": 1},
    "join": {"keys": ["n"], "other": [{"n": 2, "x": "b"}]},
}
RESULTS: dict[str, list[Any]] = {
    "filter": [{"n": 2}],
    "set_columns": [{"n": 1, "m": 2}, {"n": 2, "m": 4}],
    "transform_type": [{"n": "1"}, {"n": "2"}],
    "sort": [{"n": 2}, {"n": 1}],
    "group": [{"sum_n": 3}],
    "remove_duplicates": [{"n": 1}, {"n": 2}],
    "limit": [{"n": 1}],
    "join": [{"n": 1, "x": None}, {"n": 2, "x": "b"}],
}


def test_the_actions_are_those_the_product_lists() -> None:
    assert (APP.slug, APP.category, APP.connections) == ("table", "Built-in", ())
    assert [action.name for action in APP.actions] == [
        "Filter",
        "Set columns",
        "Transform type",
        "Sort",
        "Group and summarize",
        "Remove duplicates",
        "Limit",
        "Join / Lookup",
        "Write .csv file",
    ]
    assert isinstance(APP.actions[-1].call, WriteFile)
    assert lint(APP) == []


def test_every_operation_is_an_action_of_the_same_name() -> None:
    assert [action.key for action in TASKS] == list(OPERATIONS)
    assert get_args(TableTask.model_fields["operation"].annotation) == OPERATIONS
    assert all(isinstance(action.call, TableTask) and action.call.operation == action.key for action in TASKS)


@pytest.mark.parametrize("action", TASKS, ids=lambda action: action.key)
def test_every_action_works_with_its_defaults(action: Action) -> None:
    assert isinstance(action.call, TableTask)
    rows: list[Any] = [{"n": 1}, {"n": 2}]
    answers = accept_answers(action.fields, {"rows": rows, **INPUTS[action.key]})
    options = {name: answers[source.field] for name, source in action.call.options.items()}
    assert check_options(action.call.operation, options) == []
    context = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))
    other = answers["other"] if action.call.other else None
    result = run_table(answers["rows"], other, read_options(action.call.operation, options), context)
    assert result.rows == RESULTS[action.key]
    assert {field.path for field in action.outputs.meta} == result.meta.keys()
