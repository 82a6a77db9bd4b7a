from __future__ import annotations

from typing import Any

import pytest

from outcode.appkit import Action
from outcode.apps.registry import find_app
from outcode.engine.inputs import resolve_inputs
from outcode.engine.iteration import Each, Once, iteration, scope_of, scope_of_element
from outcode.engine.results import Failure, TaskResult
from outcode.flows.dataflow import Dataflow, Task
from outcode.flows.plain import parse_flow
from outcode.values.problems import InputProblem, ReferenceProblem
from outcode.values.references import BoundQuery, BoundScript, Root

ROWS = TaskResult.of("a", [{"n": 1}, {"n": 2}], {"row_count": 2})
OTHER = TaskResult.of("c", [{"n": 7}, {"n": 8}])
ALIGNED = TaskResult([{"m": 10}, {"m": 20}], origin="a")
OBJECT = TaskResult.of("b", {"n": 5, "list": [1, 2]})


def action(app: str, key: str) -> Action:
    found = find_app(app).action(key)
    assert found is not None
    return found


JAVASCRIPT = action("javascript", "function_execution")


def task(value: Any, **more: Any) -> Task:
    inputs = {"code": "return input", "input": {"x": value}}
    data = {"app": "javascript", "action": "function_execution", "inputs": inputs, **more}
    document: Dataflow = parse_flow({"outcode": 1, "kind": "dataflow", "name": "x", "tasks": {"z": data}})
    return document.tasks["z"]


@pytest.mark.parametrize(
    "text",
    ["{{b.n}}", "{{a[0].n}}", "{{a[-1].n}}", "{{a[*].n}}", "{{a.$meta.row_count}}", "{{b.list}}", "{{trigger.x}}", "x"],
)
def test_these_do_not_iterate(text: str) -> None:
    assert iteration(task(text), JAVASCRIPT, {"a": ROWS, "b": OBJECT}) == Once()


@pytest.mark.parametrize("text", ["{{a.n}}", "{{a}}", "n is {{a.n}}", "{{a.n}} {{b.n}}", "{{a.n}} {{a[0].n}}"])
def test_a_reference_to_an_array_iterates(text: str) -> None:
    assert iteration(task(text), JAVASCRIPT, {"a": ROWS, "b": OBJECT}) == Each(frozenset("a"), "a", range(2), {})


def test_aligned_arrays_iterate_together_and_others_are_refused() -> None:
    both = task("{{a.n}} {{d.m}}")
    assert iteration(both, JAVASCRIPT, {"a": ROWS, "d": ALIGNED}) == Each(frozenset("ad"), "a", range(2), {})
    with pytest.raises(InputProblem) as caught:
        iteration(task("{{a.n}} {{c.n}}"), JAVASCRIPT, {"a": ROWS, "c": OTHER})
    assert caught.value.code == "arrays_not_aligned"


def test_run_once_and_fields_that_take_rows_get_the_array_whole() -> None:
    assert iteration(task("{{a}}", run_once=True), JAVASCRIPT, {"a": ROWS}) == Once()
    inputs = {"rows": "{{a}}", "file_name": "x.csv"}
    data = {"app": "table", "action": "write_csv", "inputs": inputs}
    write = parse_flow({"outcode": 1, "kind": "dataflow", "name": "x", "tasks": {"z": data}}).tasks["z"]
    write_csv = action("table", "write_csv")
    assert iteration(write, write_csv, {"a": ROWS}) == Once()
    whole = scope_of({"a": ROWS}, {})
    assert resolve_inputs(write, write_csv, whole, whole, allowed_hosts=frozenset())["rows"] == ROWS.value


def resolved(text: Any, index: int, results: dict[str, TaskResult]) -> Any:
    one = task(text)
    how = iteration(one, JAVASCRIPT, results)
    scope = scope_of(results, {"run": Root({"id": "r"})})
    element = scope_of_element(scope, how, index) if isinstance(how, Each) else scope
    return resolve_inputs(one, JAVASCRIPT, element, scope, allowed_hosts=frozenset())["input"]["x"]


def test_elements_are_seen_one_by_one_with_their_row_number() -> None:
    results = {"a": ROWS, "d": ALIGNED}
    assert resolved("{{a.n}}", 1, results) == 2
    assert resolved("{{row.number}}: {{a.n}}/{{d.m}} of {{a.$meta.row_count}}", 1, results) == "2: 2/20 of 2"
    assert resolved('{{a.n}} {{a[0].n}} {{a[*].n | join("+")}}', 1, results) == "2 1 1+2"


def test_a_missing_key_names_task_key_and_nearest() -> None:
    with pytest.raises(ReferenceProblem) as caught:
        resolved("{{a.m}}", 0, {"a": ROWS})
    assert "task a" in caught.value.message()
    assert caught.value.place.field == "inputs.input.x"


def test_code_is_bound_never_spliced() -> None:
    evil = TaskResult.of("a", {"x": "'; DROP TABLE t; --"})
    scope = scope_of({"a": evil}, {})
    data = {"app": "postgresql", "action": "query", "connection": "c", "inputs": {"query": "SELECT '{{a.x}}'"}}
    query = parse_flow({"outcode": 1, "kind": "dataflow", "name": "x", "tasks": {"z": data}}).tasks["z"]
    bound = resolve_inputs(query, action("postgresql", "query"), scope, scope, allowed_hosts=frozenset())["query"]
    assert bound == BoundQuery("SELECT $1", ("'; DROP TABLE t; --",))
    script = task(1).model_copy(update={"inputs": {"code": parse_code("return '{{a.x}}'.length")}})
    found = resolve_inputs(script, JAVASCRIPT, scope, scope, allowed_hosts=frozenset())["code"]
    assert isinstance(found, BoundScript)
    assert "DROP" not in found.code
    assert list(found.variables.values()) == ["'; DROP TABLE t; --"]


def parse_code(text: str) -> Any:
    data = {"app": "javascript", "action": "function_execution", "inputs": {"code": text}}
    return parse_flow({"outcode": 1, "kind": "dataflow", "name": "x", "tasks": {"z": data}}).tasks["z"].inputs["code"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {{b.n}}", "Hello 5"),
        ('{"n": {{b.n}}, "t": "{{b.n}} pieces"}', {"n": 5, "t": "5 pieces"}),
        ("[{{b.n}}, 6]", [5, 6]),
        ("{{b}}", {"n": 5, "list": [1, 2]}),
        ("{{b.n}} of {{b.n}}", "5 of 5"),
    ],
)
def test_a_body_is_json_or_text_by_how_it_begins(text: str, expected: object) -> None:
    inputs = {"method": "POST", "url": "https://x.test/", "body_type": "json", "body": text}
    data = {"app": "api", "action": "http_request", "inputs": inputs}
    post = parse_flow({"outcode": 1, "kind": "dataflow", "name": "x", "tasks": {"z": data}}).tasks["z"]
    scope = scope_of({"b": OBJECT}, {})
    found = resolve_inputs(post, action("api", "http_request"), scope, scope, allowed_hosts=frozenset())
    assert found["body"] == expected


def test_a_result_survives_the_journal() -> None:
    result = TaskResult([1, None], {"x": 1}, "a", (Failure(2, {"kind": "input"}),))
    assert TaskResult.from_json(result.as_json()) == result
    assert result.first_only().value == [1]
