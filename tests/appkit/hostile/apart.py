"""Hostile apps whose calls are no HTTP requests: each differs in one thing from an app that keeps the contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from outcode.appkit import Action, OutputField, Query, ReadSheet, RedisCommand, Script, Words
from tests.apps.contract.subjects import Subject, installed

EXCEL = "microsoft-excel-xlsx-file"
LABEL = Words(en="Label", ko="이름표")


def _action(slug: str, key: str, **changes: Any) -> Subject:
    """An app of this installation with another action in place of one of its own."""
    good = installed()[slug]
    actions = tuple(action.model_copy(update=changes) if action.key == key else action for action in good.app.actions)
    return Subject(good.app.model_copy(update={"actions": actions}), good.samples)


def _call(slug: str, key: str, **changes: Any) -> Subject:
    """The same with another call."""
    return _action(slug, key, call=_found(slug, key).call.model_copy(update=changes))


def _found(slug: str, key: str) -> Action:
    action = installed()[slug].app.action(key)
    assert action is not None
    return action


def _field(slug: str, kind: str, name: str, /, **changes: Any) -> Subject:
    """An app with a kind of connection that has another field."""
    good = installed()[slug]
    kinds = tuple(
        each.model_copy(
            update={
                "fields": tuple(
                    field.model_copy(update=changes) if field.key == name else field for field in each.fields
                )
            }
        )
        if each.key == kind
        else each
        for each in good.app.connections
    )
    return Subject(good.app.model_copy(update={"connections": kinds}), good.samples)


def _other_rows(slug: str) -> Subject:
    good = installed()[slug]
    sample = good.samples["query"].model_copy(update={"result": good.samples["query"].result[:1]})
    return Subject(good.app, {"query": sample})


def _always_two() -> Subject:
    call = _found("redis", "increase_the_value").call
    assert isinstance(call, RedisCommand)
    return _call("redis", "increase_the_value", arguments=(call.arguments[0], "2"))


def _silent_of_the_value() -> Subject:
    outputs = _found("redis", "get_value_by_key").outputs
    fewer = tuple(field for field in outputs.fields if field.path != "value")
    return _action("redis", "get_value_by_key", outputs=outputs.model_copy(update={"fields": fewer}))


def _promising(slug: str, key: str) -> Subject:
    outputs = _found(slug, key).outputs
    more = (*outputs.meta, OutputField(path="never_there", label=LABEL))
    return _action(slug, key, outputs=outputs.model_copy(update={"meta": more}))


def _blind_to_the_sheet() -> Subject:
    call = _found(EXCEL, "get_rows").call
    assert isinstance(call, ReadSheet)
    options = {key: source for key, source in call.options.items() if key != "sheet"}
    return _call(EXCEL, "get_rows", options=options)


def _greedy() -> Subject:
    assert isinstance(_found("javascript", "function_execution").call, Script)
    return _call("javascript", "function_execution", memory_mb=512)


def _writing(slug: str) -> Subject:
    assert isinstance(_found(slug, "query").call, Query)
    return _call(slug, "query", read_only=False)


def _without(slug: str, key: str) -> Subject:
    """The form asks for something else in its place, so the field never reaches the server."""
    return _field(slug, "database", key, key="something_else", required=False)


HOSTILE_APART: dict[str, tuple[str, Callable[[], Subject]]] = {
    "postgresql: the sample shows other rows": ("answers", lambda: _other_rows("postgresql")),
    "mariadb: the sample shows other rows": ("answers", lambda: _other_rows("mariadb")),
    "redis: counts by two": ("answers", _always_two),
    "redis: answers what it does not declare": ("outputs", _silent_of_the_value),
    "cockroachdb: declares what it does not answer": ("outputs", lambda: _promising("cockroachdb", "query")),
    "javascript: declares what it does not answer": ("outputs", lambda: _promising("javascript", "function_execution")),
    "postgresql: writes when it may only read": ("refusals", lambda: _writing("postgresql")),
    "mysql: writes when it may only read": ("refusals", lambda: _writing("mysql")),
    "excel: reads another sheet than the one asked for": ("codes", _blind_to_the_sheet),
    "javascript: takes more memory than it may": ("broken", _greedy),
    "postgresql: shows its password": (
        "secrets",
        lambda: _field("postgresql", "database", "password", sensitive=False),
    ),
    "mariadb: shows its password": ("secrets", lambda: _field("mariadb", "database", "password", sensitive=False)),
    "redis: shows its password": ("secrets", lambda: _field("redis", "database", "password", sensitive=False)),
    "postgresql: asks no port": ("connection_test", lambda: _without("postgresql", "port")),
    "mysql: asks no password": ("connection_test", lambda: _without("mysql", "password")),
    "redis: asks no port": ("connection_test", lambda: _without("redis", "port")),
    "postgresql: asks no database": ("connection_refused", lambda: _without("postgresql", "database")),
    "mysql: asks no database": ("connection_refused", lambda: _without("mysql", "database")),
    "redis: asks no database": ("connection_refused", lambda: _without("redis", "db")),
    "postgresql: waits for ever": ("silence", lambda: _call("postgresql", "query", timeout_seconds=30)),
    "mariadb: waits for ever": ("silence", lambda: _call("mariadb", "query", timeout_seconds=30)),
}
"""What each does, the check that must refuse it, and the app."""
