"""What completion offers: only what can be referred to, each with label, type and sample, and nothing secret."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from outcode.appkit import Action, App, OutputField, Outputs, Request, RowsField, TextField, Words
from outcode.flows.completion import Suggestion, pipe_suggestions, suggestions
from outcode.flows.dataflow import Dataflow, FlowInput, ScheduleTrigger, Task, WebhookTrigger
from outcode.flows.samples import LONGEST_SAMPLE, MAX_FOUND
from outcode.values.json import Json
from outcode.values.references import PIPES, Root, parse_template, resolve_text
from outcode.values.tagged import tag

WORDS = Words(en="Thing", ko="것")
GIVEN = OutputField(path="user.email", label=Words(en="E-mail", ko="이메일"), type="text")
SECRET = OutputField(path="pin", label=WORDS, type="text", sensitive=True)
COUNT = OutputField(path="row_count", label=Words(en="Rows", ko="행 수"), type="number")


def action(key: str, outputs: Outputs) -> Action:
    fields = (TextField(key="text", label=WORDS), RowsField(key="rows", label=WORDS))
    call = Request(method="GET", url="https://x.io")
    return Action(key=key, name=key, description=WORDS, fields=fields, call=call, outputs=outputs, idempotent=True)


APPS = {
    "x": App(
        slug="x",
        name="X",
        category="Test",
        description=WORDS,
        actions=(
            action("get", Outputs(fields=(GIVEN, SECRET))),
            action("list", Outputs(rows="rows", fields=(GIVEN, SECRET), meta=(COUNT,))),
        ),
    )
}


def task(act: str = "get", **inputs: Json) -> Task:
    return Task(app="x", action=act, inputs={key: tag(value) for key, value in inputs.items()})


def flow(tasks: dict[str, Task], **changes: Any) -> Dataflow:
    return Dataflow(name="Test", tasks=tasks, **changes)


def offered(
    document: Dataflow, letter: str, field: str = "text", samples: dict[str, Json] | None = None
) -> dict[str, Suggestion]:
    found = suggestions(document, APPS, letter, field, samples=samples)
    by_text = {each.text: each for each in found}
    assert len(by_text) == len(found)
    return by_text


def test_declared_outputs_of_other_tasks_are_offered_before_any_run() -> None:
    found = offered(flow({"a": task(), "b": task("list"), "c": task()}), "c")
    assert found["{{a.user.email}}"] == Suggestion("{{a.user.email}}", GIVEN.label, "text", None, "a")
    assert found["{{b.user.email}}"].source == "b"
    assert found["{{b.$meta.row_count}}"].label.ko == "행 수"
    assert (found["{{a}}"].type, found["{{b}}"].label.en) == ("any", "Each row")
    assert not any(text.startswith("{{c") for text in found)
    assert [text for text in found if text.startswith(("{{run", "{{now"))] == [
        "{{run.id}}",
        "{{run.startedAt}}",
        "{{now}}",
    ]


def test_tasks_that_wait_for_this_one_are_not_offered() -> None:
    document = flow(
        {
            "a": task(),
            "b": task(text="{{a.x}}"),
            "c": task(text="{{b.x}}"),
            "d": task().model_copy(update={"after": ("a",)}),
        }
    )
    roots = {each.source for each in offered(document, "a").values()}
    assert roots == {"run", "now", "trigger"}
    assert {each.source for each in offered(document, "b").values()} == {"a", "d", "run", "now", "trigger"}
    assert {"a", "b", "c", "d"} <= {each.source for each in offered(document, "e").values()}


def test_samples_fill_declared_keys_and_add_those_that_only_the_other_side_knows() -> None:
    result: Json = {"user": {"email": "ann@x.io", "first name": "Ann"}, "n": Decimal("1.50"), "tags": [{"id": 7}]}
    found = offered(flow({"a": task(), "b": task()}), "b", samples={"a": result})
    assert found["{{a.user.email}}"].sample == "ann@x.io"
    assert found["{{a.user.email}}"].label == GIVEN.label
    assert found['{{a.user["first name"]}}'].label.en == "first name"
    assert (found["{{a.n}}"].type, found["{{a.n}}"].sample) == ("number", "1.5")
    assert (found["{{a.tags}}"].type, found["{{a.tags}}"].sample) == ("list", '[{"id":7}]')
    assert (found["{{a.tags[*].id}}"].type, found["{{a.tags[*].id}}"].sample) == ("list", "7")
    scope = {"a": Root(result)}
    for text in found:
        if text.startswith("{{a") and "pin" not in text:
            resolve_text(parse_template(text), scope)


def test_a_list_is_offered_by_element_and_in_fields_that_take_it_whole_by_all() -> None:
    document = flow({"a": task("list"), "b": task(), "c": task().model_copy(update={"run_once": True})})
    samples: dict[str, Json] = {"a": [None, {"id": 1}, {"id": 2}]}
    by_element = offered(document, "b", samples=samples)
    assert (by_element["{{a.id}}"].type, by_element["{{a.id}}"].sample) == ("number", "1")
    for found in (offered(document, "b", "rows", samples), offered(document, "c", "text", samples)):
        assert (found["{{a}}"].type, found["{{a}}"].label.en) == ("list", "All rows")
        assert found["{{a[*].id}}"].type == "list"
        assert found["{{a[*].user.email}}"].label == GIVEN.label
        assert "{{a.id}}" not in found


def test_row_number_is_offered_only_where_the_task_iterates() -> None:
    document = flow(
        {
            "a": task("list"),
            "b": task(text="{{a.id}}"),
            "c": task(text="{{b.x}}"),
            "d": task(rows="{{a}}"),
            "e": task(text="{{a[0].id}}"),
            "f": task(text="{{a.id}}").model_copy(update={"run_once": True}),
        }
    )
    with_number = [letter for letter in document.tasks if "{{row.number}}" in offered(document, letter)]
    assert with_number == ["b", "c"]
    assert "{{row.number}}" not in offered(document, "b", "rows")
    unknown = flow({"a": task(), "b": task(text="{{a.id}}")})
    assert "{{row.number}}" not in offered(unknown, "b")
    assert "{{row.number}}" in offered(unknown, "b", samples={"a": [{"id": 1}]})


def test_declared_inputs_are_the_body_with_their_samples() -> None:
    inputs = {
        "mail": FlowInput(sample="ann@x.io"),
        "many": FlowInput(type="number", default=3),
        "any": FlowInput(type="json"),
    }
    found = offered(flow({"a": task()}, inputs=inputs), "a")
    mail, many = found["{{trigger.body.mail}}"], found["{{trigger.body.many}}"]
    assert (mail.type, mail.sample, many.type, many.sample) == ("text", "ann@x.io", "number", "3")
    assert (found["{{trigger.body.any}}"].type, found["{{trigger.body.any}}"].sample) == ("any", None)
    assert "{{trigger.headers}}" not in found
    last = {"trigger": {"body": {"mail": "bo@x.io", "more": True}}}
    found = offered(flow({"a": task()}, inputs=inputs), "a", samples=last)
    assert found["{{trigger.body.mail}}"].sample == "bo@x.io"
    assert found["{{trigger.body.more}}"].type == "boolean"


def test_a_webhook_also_has_query_headers_and_method_and_a_schedule_its_time() -> None:
    hook = flow({"a": task()}, trigger=WebhookTrigger(name="hook"))
    sample = {"trigger": {"headers": {"x-id": "7", "Authorization": "Bearer x"}, "query": {"q": "1"}, "method": "POST"}}
    found = offered(hook, "a", samples=sample)
    assert found["{{trigger.headers.x-id}}"].sample == "7"
    assert found["{{trigger.headers.Authorization}}"].sample == "••••"
    assert found["{{trigger.headers}}"].sample == '{"x-id":"7","Authorization":"••••"}'
    assert found["{{trigger.query.q}}"].sample == "1"
    assert found["{{trigger.method}}"].sample == "POST"
    timed = offered(flow({"a": task()}, trigger=ScheduleTrigger(cron="* * * * *")), "a")
    assert timed["{{trigger.scheduledAt}}"].type == "datetime"
    assert {each.source for each in timed.values()} == {"trigger", "run", "now"}


@pytest.mark.parametrize("act", ["get", "list"])
def test_nothing_sensitive_is_shown(act: str) -> None:
    value: Json = {
        "pin": "s3cr3t",
        "token": "s3cr3t",
        "deep": {"password": "s3cr3t", "er": [{"api_key": {"x": "s3cr3t"}}]},
    }
    document = flow({"a": task(act), "b": task()})
    for field in ("text", "rows"):
        found = offered(document, "b", field, {"a": [value] if act == "list" else value})
        assert "s3cr3t" not in repr(found)
        assert any("deep" in text for text in found)


def test_large_results_give_short_lists_and_short_samples() -> None:
    deep: Json = "x"
    for _ in range(500):
        deep = {"k": [deep]}
    value: Json = {f"key{number}": "y" * 10_000 for number in range(10_000)} | {"x" * 10_000: 1, "deep": deep}
    value["long"] = 10**5000
    found = offered(flow({"a": task(), "b": task()}), "b", samples={"a": {"big": value, "n": [value] * 1000}})
    assert len(found) < MAX_FOUND + 20
    assert all(len(each.sample or "") <= LONGEST_SAMPLE for each in found.values())


def test_every_pipe_is_there_with_words_and_example() -> None:
    found = {each.name: each for each in pipe_suggestions()}
    assert list(found) == list(PIPES)
    assert found["upper"].example == "ann → ANN"
    assert all(each.words.ko and each.words.en and each.accepts and each.usage for each in found.values())


def test_an_unknown_app_and_texts_that_cannot_be_read_are_no_hindrance() -> None:
    document = flow({"a": Task(app="gone", action="x"), "b": task(text="{{a.x")})
    assert "{{a}}" in offered(document, "b")
