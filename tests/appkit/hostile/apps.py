"""For each check of the contract one app that it must refuse, and that every other check lets pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outcode.appkit import ConnectionTest, ErrorMap, OutputField, Outputs, Paging, ReceivedAnswer, Success, TextField
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem
from tests.appkit.hostile.good import (
    CREATE,
    FIELDS,
    KIND,
    LIST,
    LISTS,
    MANY,
    NAME,
    app,
    contact_added,
    create_contact,
    delivery,
    list_contacts,
    listing,
    samples,
)
from tests.apps.contract.subjects import Subject

ANA = {"id": 1, "name": "Ana"}


def _lenient(answer: ReceivedAnswer, _inputs: Mapping[str, Json]) -> Json:
    """A hook that takes any answer for a contact."""
    try:
        return loads(answer.body)
    except InputProblem:
        return dict(ANA)


def _deaf(request: Any) -> Any:
    """A request that takes every status for a success."""
    return request.model_copy(update={"fail_on_status": False})


def _declaration() -> Subject:
    return Subject(app(list_contacts(description=NAME.model_copy(update={"ko": "Names"})), create_contact()), samples())


def _samples() -> Subject:
    return Subject(app(), samples(create_contact=None))


def _required() -> Subject:
    pick = create_contact().fields[0].model_copy(update={"required": False})
    return Subject(app(list_contacts(), create_contact(fields=(pick, create_contact().fields[1]))), samples())


def _requests() -> Subject:
    return Subject(app(), samples(list_contacts=listing(ANA, path="/people")))


def _answers() -> Subject:
    return Subject(app(), samples(list_contacts=listing(ANA, result=[{"id": 2, "name": "Ana"}])))


def _outputs() -> Subject:
    wrong = (OutputField(path="id", label=NAME, type="text"), FIELDS[1])
    return Subject(app(list_contacts(outputs=Outputs(rows="data.items", fields=wrong)), create_contact()), samples())


def _paging() -> Subject:
    short = Paging(style="cursor", parameter="after", path="data.next", max_pages=1)
    return Subject(app(list_contacts(call=LIST.model_copy(update={"paging": short})), create_contact()), samples())


def _refusals() -> Subject:
    plain = ErrorMap(message=("error.text",))
    return Subject(app(create_contact(call=_deaf(CREATE)), errors=plain), samples(list_contacts=None))


def _codes() -> Subject:
    hidden = ErrorMap(
        message=("text",), code="state.code", codes={"gone": "not_found"}, success=Success(path="state", equals=None)
    )
    return Subject(app(errors=hidden), samples())


def _broken() -> Subject:
    call = CREATE.model_copy(update={"after": _lenient})
    return Subject(app(list_contacts(), create_contact(call=call)), samples())


def _secrets() -> Subject:
    half = TextField(key="account", label=NAME, required=True)
    kind = KIND.model_copy(update={"fields": (*KIND.fields, half), "value": "{account}-{api_key}"})
    written = {"x-acme": "{connection.account}-{connection.api_key}"}
    changed = {
        name: sample.model_copy(
            update={
                "exchanges": tuple(
                    each.model_copy(update={"request": each.request.model_copy(update={"headers": written})})
                    for each in sample.exchanges
                )
            }
        )
        for name, sample in samples().items()
    }
    return Subject(app(connections=(kind,)), changed)


def _connection_test() -> Subject:
    request = app().test
    assert request is not None
    return Subject(app(test=ConnectionTest(request=request.request, identity="{account.name}")), samples())


def _connection_refused() -> Subject:
    test = app().test
    assert test is not None
    return Subject(app(test=test.model_copy(update={"request": _deaf(test.request)})), samples())


def _choices() -> Subject:
    deaf = LISTS.model_copy(update={"call": _deaf(LISTS.call)})
    pick = create_contact().fields[0].model_copy(update={"choices": deaf})
    return Subject(app(list_contacts(), create_contact(fields=(pick, create_contact().fields[1]))), samples())


def _batches() -> Subject:
    blind = MANY.model_copy(update={"outcomes": None, "success": None, "error": None, "call": _deaf(MANY.call)})
    return Subject(app(list_contacts(), create_contact(batch=blind)), samples())


def _triggers() -> Subject:
    return Subject(app(triggers=(contact_added(events="happened"),)), samples(contact_added=delivery()))


HOSTILE = {
    "declaration": _declaration,
    "samples": _samples,
    "required": _required,
    "requests": _requests,
    "answers": _answers,
    "outputs": _outputs,
    "paging": _paging,
    "refusals": _refusals,
    "codes": _codes,
    "broken": _broken,
    "secrets": _secrets,
    "connection_test": _connection_test,
    "connection_refused": _connection_refused,
    "choices": _choices,
    "batches": _batches,
    "triggers": _triggers,
}
