"""The declaration of PostgreSQL: as the product lists it, both languages, and a sample that fits."""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest

from outcode.appkit import Query
from outcode.apps.registry import find_app
from outcode.transport.sql import QueryOptions
from outcode.transport.sql.parameters import prepare
from outcode.transport.sql.settings import SSL_MODES, ServerSettings
from outcode.values.json import loads
from outcode.values.problems import InputProblem
from outcode.values.references import BoundQuery

APP = find_app("postgresql")


def test_it_is_the_app_of_the_catalogue() -> None:
    assert (APP.name, APP.category, [action.name for action in APP.actions]) == ("PostgreSQL", "Data Source", ["Query"])


def test_the_form_is_short_of_nothing_that_the_transport_reads() -> None:
    defaults = {field.key: field.default for field in APP.connections[0].fields if field.default is not None}
    settings = ServerSettings.of(defaults | {"host": "db.example.com", "username": "u"})
    assert (settings.port, settings.database, settings.sslmode) == (5432, "postgres", "prefer")
    assert [field.key for field in APP.connections[0].fields if field.sensitive] == ["password"]
    modes = next(field for field in APP.connections[0].fields if field.kind == "select")
    assert tuple(option.value for option in modes.options) == SSL_MODES


def test_defaults_of_the_action_are_the_transports() -> None:
    action = APP.actions[0]
    assert isinstance(action.call, Query)
    inputs = {field.key: field.default for field in action.fields}
    assert QueryOptions.of(action.call, inputs) == QueryOptions.of(action.call, {}) == QueryOptions()


@pytest.mark.parametrize("value", [0, -1, True, "ten", Decimal("1.5")])
@pytest.mark.parametrize("key", ["max_rows", "timeout_seconds"])
def test_limits_start_at_one(key: str, value: Any) -> None:
    call = APP.actions[0].call
    assert isinstance(call, Query)
    with pytest.raises(InputProblem) as caught:
        QueryOptions.of(call, {key: value})
    assert caught.value.place.field == f"inputs.{key}"


def test_the_sample_is_a_call_and_its_answer() -> None:
    sample = loads(files("outcode.apps.postgresql").joinpath("samples/query.json").read_bytes())
    assert set(sample["inputs"]) <= {field.key for field in APP.actions[0].fields}
    assert set(sample["meta"]) == {field.path for field in APP.actions[0].outputs.meta}
    prepared = prepare(BoundQuery(sample["inputs"]["query"]), sample["inputs"]["parameters"])
    assert prepared.values == ("paid",)
    assert [column["name"] for column in sample["meta"]["columns"]] == list(sample["result"][0])
