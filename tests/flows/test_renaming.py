"""Renaming a declared input: in its place, in every reference, and in nothing else."""

from __future__ import annotations

import pytest

from outcode.flows.dataflow import Dataflow, FlowInput, Task
from outcode.flows.renaming import rename_input
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.tagged import tag, untag


def flow(value: Json) -> Dataflow:
    inputs = {"mail": FlowInput(sample="x"), "other": FlowInput(), "method": FlowInput()}
    return Dataflow(name="Test", inputs=inputs, tasks={"a": Task(app="x", action="y", inputs={"in": tag(value)})})


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        ("{{trigger.body.mail}}", "email", "{{trigger.body.email}}"),
        ("{{ trigger . body . mail | upper }}!", "email", "{{ trigger . body .email | upper }}!"),
        ("{{trigger['body'][\"mail\"].x}}", "email", "{{trigger['body'].email.x}}"),
        ("{{trigger.body.mail}}", "이메일", "{{trigger.body.이메일}}"),
        ("{{trigger.body.mail}}", 'a "b"', '{{trigger.body["a \\"b\\""]}}'),
        ("{{trigger.mail}}", "email", "{{trigger.email}}"),
        ("{{trigger.mail}}", "body", "{{trigger.body.body}}"),
        ("{{trigger.mail}}", "$meta", "{{trigger.body.$meta}}"),
        ("{{trigger.mail}} {{trigger.body.mail}}", "e mail", '{{trigger["e mail"]}} {{trigger.body["e mail"]}}'),
        ("{{trigger.query.mail}} {{a.mail}} {{trigger.body.x.mail}} mail", "email", None),
        ("{{trigger.body.mails}} {{trigger.body}} {{trigger.body[0]}}", "email", None),
        ("{{a | default('trigger.body.mail')}}", "email", None),
        (r"\{{trigger.body.mail}}", "email", None),
        (r"\\{{trigger.body.mail}}", "email", r"\\{{trigger.body.email}}"),
        ("{{trigger.body.mail", "email", None),
        (
            ["{{trigger.body.mail}}", {"mail": "{{trigger.mail}}"}],
            "e",
            ["{{trigger.body.e}}", {"mail": "{{trigger.e}}"}],
        ),
        ({"mail": "mail"}, "email", None),
    ],
)
def test_renames_the_references_and_nothing_else(before: Json, new: str, after: Json) -> None:
    renamed = rename_input(flow(before), "mail", new)
    assert untag(renamed.tasks["a"].inputs["in"]) == (before if after is None else after)
    assert list(renamed.inputs) == [new, "other", "method"]
    assert renamed.inputs[new].sample == "x"
    back = rename_input(renamed, new, "mail")
    assert list(back.inputs) == list(flow(before).inputs)


def test_the_triggers_own_method_is_not_an_input_of_that_name() -> None:
    renamed = rename_input(flow("{{trigger.method}} {{trigger.body.method}}"), "method", "verb")
    assert untag(renamed.tasks["a"].inputs["in"]) == "{{trigger.method}} {{trigger.body.verb}}"


def test_the_same_name_changes_nothing() -> None:
    assert rename_input(flow("{{trigger.mail}}"), "mail", "mail") == flow("{{trigger.mail}}")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("nope", "x", "flow_input_rename_unknown"),
        ("mail", "other", "flow_input_rename_taken"),
        ("mail", " ", "flow_input_rename_empty"),
    ],
)
def test_refuses(old: str, new: str, code: str) -> None:
    with pytest.raises(InputProblem) as caught:
        rename_input(flow("x"), old, new)
    assert caught.value.code == code
    assert caught.value.message("ko")
    assert caught.value.hint("en")
