"""The app "API": what is peculiar to it; its samples are played by the contract."""

from __future__ import annotations

from outcode.apps.api import APP
from outcode.transport.http.body import BODY_TYPES
from outcode.transport.http.paging import STYLES
from outcode.transport.http.prepare import METHODS, RESPONSE_TYPES
from tests.support.connections import connected

ACTION = APP.actions[0]


def options(key: str) -> tuple[str, ...]:
    field = ACTION.field(key)
    assert field is not None
    assert field.kind == "select"
    return tuple(option.value for option in field.options)


def test_it_needs_no_connection_and_takes_each_kind_that_a_server_may_ask_for() -> None:
    assert not APP.connection_required
    kinds = [kind.key for kind in APP.connections]
    secret = [field.key for kind in APP.connections for field in kind.fields if field.sensitive]
    assert kinds == ["bearer", "basic", "api_key_header", "api_key_query", "oauth2_client_credentials", "none"]
    assert secret == ["token", "password", "value", "value", "client_secret"]


def test_a_credential_is_bound_to_hosts() -> None:
    """Everybody in a team may use a connection, so nobody may say where its credential goes but who made it."""
    required = {kind.key: field.required for kind in APP.connections for field in kind.fields if field.kind == "list"}
    assert required == {kind.key: kind.key != "none" for kind in APP.connections}


def test_every_choice_of_the_form_is_one_the_transport_knows() -> None:
    assert options("method") == METHODS
    assert set(options("body_type")) <= set(BODY_TYPES)
    assert set(options("response_type")) <= set(RESPONSE_TYPES)
    assert options("paging") == STYLES


def test_every_secret_of_the_form_is_marked_and_known_to_the_transport() -> None:
    fields = [field for kind in APP.connections for field in kind.fields]
    secret = {field.key: f"s3cret-{field.key}" for field in fields if field.sensitive}
    assert set(secret) == {"password", "token", "value", "client_secret"}
    for kind in APP.connections:
        given = {field.key: secret.get(field.key, "https://x.example") for field in kind.fields if field.kind == "text"}
        told = connected(APP, kind.key, given).secrets()
        assert {given[field.key] for field in kind.fields if field.sensitive} <= set(told)
