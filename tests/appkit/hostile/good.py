"""A small app that keeps the whole contract; the hostile ones differ from it in one thing each."""

from __future__ import annotations

from datetime import date
from typing import Any

from outcode.appkit import (
    Action,
    ApiKey,
    App,
    Batch,
    ChoiceField,
    Choices,
    ConnectionTest,
    ErrorMap,
    Handshake,
    Input,
    Limit,
    OutputField,
    Outputs,
    Paging,
    Request,
    Subscription,
    Success,
    TextField,
    Trigger,
    WebhookSignature,
    Words,
)
from outcode.appkit.samples import Sample
from tests.apps.contract.checks.triggers import CALLBACK, SECRET
from tests.apps.contract.subjects import Subject

URL = "https://api.acme.example/v1"
HEADERS = {"x-acme": "{connection.api_key}"}
NAME = Words(en="Name", ko="이름")
LIST = Request(method="GET", url="/contacts", query={"q": Input(field="q")})
CREATE = Request(method="POST", url="/lists/{list_id}/contacts", body_type="json", body={"name": Input(field="name")})
LISTS = Choices(
    call=Request(method="GET", url="/lists"),
    rows="data.lists",
    value="id",
    label="name",
    empty=Words(en="There are no lists yet.", ko="아직 목록이 없습니다."),
)
MANY = Batch(
    maximum=50,
    call=Request(method="POST", url="/lists/{list_id}/many", body_type="json", body={"all": Input(field="items")}),
    item={"name": Input(field="name")},
    outcomes="data.results",
    success=Success(path="ok", equals=True),
    error="why",
    shared=("list_id",),
)
FIELDS = (OutputField(path="id", label=Words(en="ID", ko="ID"), type="number"), OutputField(path="name", label=NAME))
ERRORS = ErrorMap(message=("error.text",), code="error.code", codes={"gone": "not_found"})
KIND = ApiKey(
    key="api_key",
    label=Words(en="API key", ko="API 키"),
    fields=(TextField(key="api_key", label=Words(en="API key", ko="API 키"), required=True, sensitive=True),),
    steps=(Words(en="Open Settings, then API.", ko="설정에서 API를 여세요."),),
    link="https://acme.example/docs/keys",
    place="header",
    name="X-Acme",
    value="{api_key}",
)


def list_contacts(**changes: Any) -> Action:
    """Rows, page after page."""
    given: dict[str, Any] = {
        "key": "list_contacts",
        "name": "List contacts",
        "description": Words(en="Reads all contacts.", ko="모든 연락처를 읽습니다."),
        "fields": (TextField(key="q", label=Words(en="Search", ko="검색어")),),
        "call": LIST.model_copy(update={"paging": Paging(style="cursor", parameter="after", path="data.next")}),
        "outputs": Outputs(rows="data.items", fields=FIELDS),
        "idempotent": True,
        "link": "https://acme.example/docs/contacts",
    }
    return Action(**given | changes)


def create_contact(**changes: Any) -> Action:
    """One row written, or many in a call."""
    pick = ChoiceField(key="list_id", label=Words(en="List", ko="목록"), required=True, choices=LISTS)
    given: dict[str, Any] = {
        "key": "create_contact",
        "name": "Create contact",
        "description": Words(en="Adds a contact to a list.", ko="목록에 연락처를 추가합니다."),
        "fields": (pick, TextField(key="name", label=NAME, required=True)),
        "call": CREATE,
        "outputs": Outputs(result="data", fields=FIELDS),
        "idempotent": False,
        "batch": MANY,
        "link": "https://acme.example/docs/contacts",
    }
    return Action(**given | changes)


def app(*actions: Action, **changes: Any) -> App:
    """The app with its two actions, or with others."""
    given: dict[str, Any] = {
        "slug": "acme-crm",
        "name": "Acme CRM",
        "category": "Productivity",
        "description": Words(en="Contacts and lists.", ko="연락처와 목록을 다룹니다."),
        "connections": (KIND,),
        "base_url": URL,
        "test": ConnectionTest(request=Request(method="GET", url="/me"), identity="{account.email}"),
        "errors": ERRORS,
        "limits": (Limit(calls=10, seconds=1, source="https://acme.example/docs/limits", checked=date(2026, 11, 20)),),
        "actions": actions or (list_contacts(), create_contact()),
    }
    return App(**given | changes)


def samples(**changes: Any) -> dict[str, Sample]:
    """One sample each; ``changes`` replace whole samples, None leaves one out."""
    ana = {"id": 1, "name": "Ana"}
    written: dict[str, Any] = {
        "connection_test": {
            "exchanges": [
                {
                    "request": {"method": "GET", "url": f"{URL}/me", "headers": HEADERS},
                    "response": {"body": {"account": {"email": "ana@acme.example"}}},
                }
            ],
        },
        "list_contacts": listing(ana),
        "create_contact": {
            "inputs": {"list_id": "l1", "name": "Ana"},
            "exchanges": [
                {
                    "request": {
                        "method": "POST",
                        "url": f"{URL}/lists/l1/contacts",
                        "headers": HEADERS,
                        "body": {"name": "Ana"},
                    },
                    "response": {"status": 201, "body": ana},
                }
            ],
            "result": ana,
        },
    }
    return {key: Sample.model_validate(value) for key, value in (written | changes).items() if value is not None}


def listing(row: dict[str, Any], *, path: str = "/contacts", result: Any = None) -> dict[str, Any]:
    """The sample of ``list_contacts``."""
    return {
        "inputs": {"q": "an"},
        "exchanges": [
            {
                "request": {"method": "GET", "url": f"{URL}{path}", "query": {"q": "an"}, "headers": HEADERS},
                "response": {"body": {"items": [row], "next": None}},
            }
        ],
        "result": result or [row],
    }


def contact_added(**changes: Any) -> Trigger:
    """An event that the app sends."""
    hooks = "/hooks"
    given: dict[str, Any] = {
        "key": "contact_added",
        "name": "Contact added",
        "description": Words(en="Somebody added a contact.", ko="연락처가 추가되었습니다."),
        "fields": (),
        "subscription": Subscription(
            create=Request(
                method="POST",
                url=hooks,
                body_type="json",
                body={"url": Input(field="callback_url"), "secret": Input(field="secret")},
            ),
            id="id",
            remove=Request(method="DELETE", url=f"{hooks}/{{subscription_id}}"),
        ),
        "handshake": Handshake(place="query", name="challenge"),
        "signature": WebhookSignature(
            header="X-Acme-Signature", part="v1", timestamp_part="t", message="{timestamp}.{body}"
        ),
        "events": "events",
        "event_id": "id",
        "outputs": Outputs(fields=FIELDS),
    }
    return Trigger(**given | changes)


def delivery() -> dict[str, Any]:
    """The sample of ``contact_added``."""
    create = {"url": CALLBACK, "secret": SECRET}
    event = {"id": 1, "name": "Ana"}
    return {
        "exchanges": [
            {
                "request": {"method": "POST", "url": f"{URL}/hooks", "headers": HEADERS, "body": create},
                "response": {"body": {"id": "h1"}},
            },
            {
                "request": {"method": "DELETE", "url": f"{URL}/hooks/h1", "headers": HEADERS},
                "response": {"status": 204},
            },
        ],
        "delivery": {"body": {"events": [event]}, "events": [event]},
    }


GOOD = Subject(app(triggers=(contact_added(),)), samples(contact_added=delivery()))
