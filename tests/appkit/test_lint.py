"""Every app reads well; and the rules do find what they are for."""

from __future__ import annotations

from typing import Any

import pytest

from outcode.appkit import (
    Action,
    App,
    Bearer,
    Field,
    Input,
    Option,
    OutputField,
    Outputs,
    Request,
    SelectField,
    TextField,
    Words,
)
from outcode.appkit.lint import lint
from outcode.apps.registry import all_apps

SAME = Words(en="URL", ko="URL")


@pytest.mark.parametrize("slug", list(all_apps()))
def test_every_app_is_in_good_form(slug: str) -> None:
    assert lint(all_apps()[slug]) == []


def text(key: str = "url", **changes: Any) -> TextField:
    return TextField(**{"key": key, "label": SAME} | changes)


def select(default: str | None, *values: str) -> SelectField:
    options = tuple(Option(value=value, label=SAME) for value in values)
    return SelectField(key="url", label=SAME, default=default, options=options)


def action(*fields: Field, **changes: Any) -> Action:
    call = Request(method="GET", url=Input(field="url"))
    words = Words(en="Reads it.", ko="읽습니다.")
    given = {"key": "read", "name": "Read", "description": words, "fields": fields, "call": call}
    return Action(**given | {"outputs": Outputs(), "idempotent": True} | changes)


def app(*actions: Action, **changes: Any) -> App:
    given = {"slug": "my-app", "name": "My app", "category": "Mail", "actions": actions}
    return App(**given | {"description": Words(en="An app.", ko="앱입니다.")} | changes)


def test_a_good_app_has_no_findings() -> None:
    assert lint(app(action(text()))) == []


@pytest.mark.parametrize(
    ("bad", "finding"),
    [
        (app(), "my-app: has no action"),
        (app(action(text()), slug="My_App"), "My_App: slug is not lower case words joined by hyphens"),
        (app(action(text()), description=SAME), "my-app: description is the same text in both languages"),
        (app(action(text()), action(text())), "my-app: key 'read' is there twice"),
        (app(action(text(), key="readIt")), "my-app: key 'readIt' is not lower case letters, digits and underscores"),
        (app(action(text(), text())), "read: key 'url' is there twice"),
        (app(action(text(), text("x"))), "read.x: no part of the call takes this field"),
        (app(action()), "read: the call takes the field 'url', and there is none"),
        (
            app(action(text(), call=Request(method="GET", url="https://x.io/{id}", query={"u": Input(field="url")}))),
            "read: the call takes the field 'id', and there is none",
        ),
        (
            app(action(text(), outputs=Outputs(rows=Input(field="rows")))),
            "read: the call takes the field 'rows', and there is none",
        ),
        (app(action(text(label=Words(en="Sure?", ko="확인")))), "read.url: label ends in a question mark in en"),
        (app(action(text(label=Words(en="Sure", ko="확인?")))), "read.url: label ends in a question mark in ko"),
        (app(action(text(label=Words(en="Sure", ko=" ")))), "read.url: label is empty in ko"),
        (
            app(action(text(help=Words(en="x" * 71, ko="짧게")))),
            "read.url: help is longer than 70 characters in en",
        ),
        (
            app(action(text(help=Words(en="Copied.", ko="Copied.")))),
            "read.url: help is the same text in both languages",
        ),
        (app(action(text(required=True, advanced=True))), "read.url: is required, so it cannot be advanced"),
        (app(action(select("c", "a", "b"))), "read.url: default 'c' is not among the options"),
        (app(action(select(None, "a", "a"))), "read.url: option 'a' is there twice"),
        (
            app(action(text(), outputs=Outputs(fields=(OutputField(path="x", label=Words(en="", ko="값")),)))),
            "read output x: label is empty in en",
        ),
        (
            app(action(text()), connections=(Bearer(key="token", label=SAME, fields=(text("apiKey"),)),)),
            "my-app.token: key 'apiKey' is not lower case letters, digits and underscores",
        ),
    ],
)
def test_each_rule_finds_its_fault(bad: App, finding: str) -> None:
    assert finding in lint(bad)


def test_a_placeholder_in_the_url_counts_as_use() -> None:
    call = Request(method="GET", url="https://x.io/{url}/x")
    assert lint(app(action(text(), call=call), hosts=("x.io",))) == []
