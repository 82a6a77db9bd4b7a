from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outcode.apps.registry import all_apps
from outcode.engine.plan import Plan, letter_order, reply_task
from outcode.engine.state import FINAL_RUN_STATES, RunState, TaskState, may_follow
from outcode.flows.checks.tasks import actions_of
from outcode.flows.plain import parse_flow

DONE, WAITING, FAILED, SKIPPED = TaskState.DONE, TaskState.WAITING, TaskState.FAILED, TaskState.SKIPPED


def task(reference: str = "", after: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "app": "javascript",
        "action": "function_execution",
        "inputs": {"code": "return 1", "input": {"x": reference}},
        "after": list(after),
    }


def plan(**tasks: object) -> Plan:
    document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "x", "tasks": tasks})
    return Plan.of(document, actions_of(document, all_apps()))


def merge(mode: str, *results: str) -> dict[str, object]:
    return {"app": "flow", "action": "merge", "inputs": {"mode": mode, "results": list(results)}}


def test_references_and_after_decide_the_order() -> None:
    found = plan(a=task(), b=task("{{c.x}}"), c=task("{{a.x}}"), d=task(after=("b",)))
    assert found.ready({"a": WAITING, "b": WAITING, "c": WAITING, "d": WAITING}) == ["a"]
    assert found.ready({"a": DONE, "b": WAITING, "c": WAITING, "d": WAITING}) == ["c"]
    assert found.ready({"a": DONE, "b": WAITING, "c": SKIPPED, "d": WAITING}) == ["b"]
    assert found.ready({"a": DONE, "b": FAILED, "c": DONE, "d": WAITING}) == []


def test_the_reply_is_the_executed_leaf_with_the_highest_letter() -> None:
    tasks = {"a": task(), "b": task("{{a.x}}"), "c": task("{{a.x}}"), "aa": task("{{a.x}}")}
    edges = plan(**tasks).edges
    assert reply_task(edges, {"a", "b", "c", "aa"}) == "aa"
    assert reply_task(edges, {"a", "b", "c"}) == "c"
    assert reply_task(edges, {"a"}) == "a"
    assert reply_task({}, ()) is None


def test_a_merge_waits_for_all_its_branches_or_for_the_first() -> None:
    tasks = {"a": task(), "b": task("{{a.x}}"), "c": task("{{a.x}}")}
    states = {"a": DONE, "b": DONE, "c": WAITING, "d": WAITING}
    assert plan(**tasks, d=merge("all", "{{b}}", "{{c}}")).ready(states) == ["c"]
    assert plan(**tasks, d=merge("any", "{{b}}", "{{c}}")).ready(states) == ["c", "d"]
    assert plan(**tasks, d=merge("any", "{{b}}", "{{c}}")).ready(states | {"b": SKIPPED}) == ["c"]


def test_a_failure_that_the_flow_goes_on_with_settles_a_task() -> None:
    found = plan(a=task() | {"on_error": "continue"}, b=task("{{a.x}}"))
    assert found.ready({"a": FAILED, "b": WAITING}) == ["b"]


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=3), min_size=2, unique=True))
def test_letters_sort_as_they_are_given_out(letters: list[str]) -> None:
    def number(letter: str) -> int:
        value = 0
        for character in letter:
            value = value * 26 + ord(character) - ord("a") + 1
        return value

    assert sorted(letters, key=letter_order) == sorted(letters, key=number)


@given(st.sampled_from(list(RunState)), st.sampled_from(list(RunState)))
def test_final_states_are_never_left(state: RunState, following: RunState) -> None:
    if state in FINAL_RUN_STATES:
        assert not may_follow(state, following)
    elif following in FINAL_RUN_STATES and state is RunState.RUNNING:
        assert may_follow(state, following)
    if following is RunState.WAITING:
        assert may_follow(state, following) == (state is RunState.RUNNING)
