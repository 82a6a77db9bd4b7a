"""The rules about whole declarations find what they are for: each fault is one change to an app without any."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from outcode.appkit import (
    ApiKey,
    App,
    Basic,
    Bearer,
    ChoiceField,
    ClientCredentials,
    ConnectionTest,
    DatabaseCredential,
    ErrorMap,
    Field,
    FileConnection,
    FromConnection,
    Input,
    Limit,
    ListField,
    LoginSession,
    LoginStep,
    NoteField,
    NumberField,
    OAuth2Code,
    Option,
    OutputField,
    Outputs,
    Paging,
    Query,
    Request,
    RequestSignature,
    SecretUrl,
    SelectField,
    ShownWhen,
    Subscription,
    Success,
    TextField,
    Words,
)
from outcode.appkit.connections import ConnectionKind
from outcode.appkit.lint import lint
from tests.appkit.hostile.good import (
    CREATE,
    FIELDS,
    GOOD,
    KIND,
    LIST,
    LISTS,
    MANY,
    NAME,
    app,
    contact_added,
    create_contact,
    list_contacts,
)

AROUND: dict[str, Any] = {"label": NAME, "steps": KIND.steps, "link": KIND.link}
TOKEN = TextField(key="token", label=NAME, required=True, sensitive=True)
PLAIN = TextField(key="token", label=NAME, required=True)
CREATE_FIELDS = create_contact().fields


def with_kind(kind: ConnectionKind, **changes: Any) -> App:
    return app(connections=(kind,), **changes)


def with_field(field: Field) -> App:
    return app(list_contacts(fields=(*list_contacts().fields, field), call=taking(field)))


def taking(field: Field) -> Request:
    return LIST.model_copy(update={"query": {"q": Input(field="q"), "more": Input(field=field.key)}})


def shown(field: str, *values: str | bool) -> App:
    return with_field(TextField(key="more", label=NAME, shown_when=ShownWhen(field=field, values=values)))


def labelled(en: str, ko: str) -> App:
    return with_field(TextField(key="more", label=Words(en=en, ko=ko)))


def requesting(**changes: Any) -> App:
    return app(list_contacts(call=LIST.model_copy(update=changes)))


def paging(**changes: Any) -> App:
    return requesting(paging=Paging(**changes))


def choosing(**changes: Any) -> App:
    pick = ChoiceField(key="list_id", label=NAME, required=True, choices=LISTS.model_copy(update=changes))
    return app(create_contact(fields=(pick, CREATE_FIELDS[1])))


def batching(**changes: Any) -> App:
    return app(create_contact(batch=MANY.model_copy(update=changes)))


def triggering(**changes: Any) -> App:
    return app(triggers=(contact_added(**changes),))


def subscribing(**changes: Any) -> App:
    subscription: Subscription = contact_added().subscription
    return triggering(subscription=subscription.model_copy(update=changes))


def signing(**changes: Any) -> App:
    signature = contact_added().signature
    assert signature is not None
    return triggering(signature=signature.model_copy(update=changes))


def login(**changes: Any) -> App:
    step = LoginStep(
        request=Request(method="POST", url="/login", body={"t": Input(field="token")}, body_type="json"), keep={}
    )
    given = {"key": "k", "fields": (TOKEN,), "login": (step.model_copy(update=changes),)}
    return with_kind(LoginSession(**given | AROUND))


def agreeing(**changes: Any) -> App:
    """An app whose operator's client goes to hosts that the kind says."""
    base_url = changes.pop("app_base_url", GOOD.app.base_url)
    fields = (TextField(key="site", label=NAME, required=True),)
    given = {"authorize_url": "https://acme.example/authorize", "token_url": "https://acme.example/token"}
    return with_kind(OAuth2Code(key="k", fields=fields, **given | changes | AROUND), base_url=base_url)


def hook(**changes: Any) -> App:
    """An app whose connection is a secret URL."""
    url = TextField(key="url", label=NAME, required=True, sensitive=True, place="url")
    call = LIST.model_copy(update={"url": "{connection.url}/contacts"} | changes)
    return with_kind(SecretUrl(key="k", fields=(url,), **AROUND), actions=(list_contacts(call=call),), test=None)


def asking(**changes: Any) -> App:
    """An app of a database."""
    fields = (TextField(key="sql", label=NAME, required=True),)
    call = Query(dialect=changes.get("dialect", "mysql"), statement=Input(field="sql"))
    action = list_contacts(fields=fields, call=call, before=changes.get("before"), idempotent=False)
    kind = DatabaseCredential(key="k", label=NAME, fields=(TOKEN,), engine=changes.get("engine", "mariadb"))
    return with_kind(kind, actions=(action,), test=None, base_url=None)


SECRET = "which is secret; 'api_key' itself has to send it"
UNWRITTEN = "is not written, and the operator's client secret goes there"


@pytest.mark.parametrize(
    ("bad", "findings"),
    [
        *[
            (requesting(**changes), [f"list_contacts: takes 'api_key' of the connection, {SECRET}"])
            for changes in (
                {"url": "/contacts/{connection.api_key}"},
                {"query": {"q": Input(field="q"), "key": FromConnection(field="api_key")}},
                {"headers": {"X-Key": FromConnection(field="api_key")}},
                {"method": "PUT", "body_type": "json", "body": {"a": ({"b": FromConnection(field="api_key")},)}},
            )
        ],
        (
            batching(item={"name": Input(field="name"), "key": FromConnection(field="api_key")}),
            [f"create_contact batch: takes 'api_key' of the connection, {SECRET}"],
        ),
        (
            triggering(
                subscription=contact_added().subscription.model_copy(
                    update={
                        "remove": Request(method="DELETE", url="/hooks/{subscription_id}/{connection.api_key}"),
                    }
                )
            ),
            [f"contact_added remove: takes 'api_key' of the connection, {SECRET}"],
        ),
        (
            app(base_url="https://api.acme.example/{connection.api_key}"),
            [f"acme-crm.api_key base_url: takes 'api_key' of the connection, {SECRET}"],
        ),
        (
            hook(url="https://api.acme.example/{connection.url}"),
            [f"list_contacts: takes 'url' of the connection, {SECRET.replace('api_key', 'k')}"],
        ),
        (
            hook(url="{connection.url}/{connection.url}"),
            [f"list_contacts: takes 'url' of the connection, {SECRET.replace('api_key', 'k')}"],
        ),
        *[
            (agreeing(**{part: url}), [f"acme-crm.k: the host of {part} {UNWRITTEN}"])
            for part in ("authorize_url", "token_url", "revoke_url")
            for url in (
                "{site}/token",
                "{connection.site}",
                "https://{site}/token",
                "https://{site}:443/token",
                "https://{site}.com/token",
                "https://{site}acme.example/token",
                "https://acme.example{site}/token",
                "https://acme.example@{site}/token",
            )
        ],
        (
            agreeing(token_url="/token", base_url="https://{connection.site}/api"),
            [f"acme-crm.k: the host of token_url {UNWRITTEN}"],
        ),
        (asking(engine="sqlserver"), ["acme-crm.k: no transport carries calls to 'sqlserver'"]),
        (asking(engine="mongodb"), ["acme-crm.k: no transport carries calls to 'mongodb'"]),
        (asking(dialect="oracle"), ["list_contacts: no transport carries queries of the dialect 'oracle'"]),
        (asking(before=dict), ["list_contacts: before is called for requests only, and the call is none"]),
    ],
)
def test_secrets_stay_where_they_belong_and_somebody_carries_each_call(bad: App, findings: list[str]) -> None:
    assert [found for found in lint(bad) if "no such field" not in found] == findings


@pytest.mark.parametrize(
    "good",
    [
        hook(),
        hook(url="{connection.url}"),
        agreeing(token_url="https://{connection.site}.acme.example/token", revoke_url="/revoke"),
        agreeing(kept={"zone": "zone"}, base_url="https://{connection.zone}.acme.example"),
        agreeing(token_url="https://login.acme.example/{site}/token"),
        asking(),
    ],
)
def test_secrets_and_hosts_in_their_places_are_no_fault(good: App) -> None:
    assert lint(good) == []


def test_the_good_app_has_no_fault() -> None:
    assert lint(GOOD.app) == []


@pytest.mark.parametrize(
    ("bad", "finding"),
    [
        (app(name=" Acme"), "acme-crm: name is empty or has spaces around it"),
        (labelled("Name.", "이름"), "list_contacts.more: label ends in punctuation in en"),
        (labelled("Name", "Namen"), "list_contacts.more: label has no Korean in ko"),
        (labelled("이름", "이름"), "list_contacts.more: label has Korean in en"),
        (labelled("Name ", "이름"), "list_contacts.more: label has spaces around it in en"),
        (
            labelled("A very long name with words", "A very long name with words"),
            "list_contacts.more: label is the same text in both languages",
        ),
        (with_field(NoteField(key="more", label=NAME)), "list_contacts.more: a note without help says nothing"),
        (with_field(SelectField(key="more", label=NAME, options=())), "list_contacts.more: has no options"),
        (
            with_field(NumberField(key="more", label=NAME, minimum=5, maximum=1)),
            "list_contacts.more: minimum is above maximum",
        ),
        (with_field(ListField(key="more", label=NAME, default=5)), "list_contacts.more: default 5 is not taken"),
        (shown("nobody", "a"), "list_contacts.more: shown_when names 'nobody', and there is no such other field"),
        (shown("q", "a"), "list_contacts.more: shown_when names 'q', which is neither a select nor a switch"),
        (
            choosing(depends_on=("name",)),
            "create_contact.list_id: depends on 'name', and there is no such field before it",
        ),
        (choosing(depends_on=("name",)), "create_contact.list_id: the choices depend on 'name' and do not take it"),
        (
            choosing(call=Request(method="GET", url="/x/{name}")),
            "create_contact.list_id: the choices take 'name' without depending on it",
        ),
        (choosing(rows="data..x"), "create_contact.list_id: rows of the choices is not a path"),
        (requesting(method="get"), "list_contacts: method 'get' is none that can be sent"),
        (requesting(url="https://evil.example/x"), "list_contacts: goes to evil.example, which is neither"),
        (requesting(url="contacts"), "list_contacts: url 'contacts' is neither absolute nor a path"),
        (app(base_url=None), "list_contacts: '/contacts' is a path, and the app has no base_url"),
        (
            requesting(url="/{connection.site}/contacts"),
            "list_contacts: takes 'site' of the connection, which 'api_key' has not",
        ),
        (
            app(list_contacts(call=LIST.model_copy(update={"headers": {"X": FromConnection(field="site")}}))),
            "list_contacts: takes 'site' of the connection, which 'api_key' has not",
        ),
        (
            app(
                connections=(),
                test=None,
                actions=(list_contacts(call=LIST.model_copy(update={"headers": {"X": FromConnection(field="site")}})),),
            ),
            "list_contacts: takes 'site' of the connection, and the app has none",
        ),
        (app(base_url="https://{connection.site}.acme.example"), "acme-crm.api_key: base_url takes 'site'"),
        (requesting(idempotency_header="Key"), "list_contacts: a GET needs no idempotency_header"),
        (requesting(body={"a": 1}), "list_contacts: has a body of type none"),
        (paging(style="cursor", path="data.next"), "list_contacts: paging by cursor has no parameter"),
        (paging(style="next_url"), "list_contacts: paging by next_url has no path"),
        (paging(style="next_url", path="a..b"), "list_contacts: path of the paging is not a path"),
        (paging(style="page", parameter="page", size=10), "list_contacts: paging has a size and no size_parameter"),
        (
            app(list_contacts(outputs=Outputs(result="data", fields=FIELDS))),
            "list_contacts: pages without rows cannot be put together",
        ),
        (app(list_contacts(idempotent=False)), "list_contacts: a GET may be repeated, so it is idempotent"),
        (
            app(list_contacts(idempotent="by_inputs")),
            "list_contacts: whether it may be repeated does not depend on inputs",
        ),
        (app(list_contacts(link="http://acme.example")), "list_contacts: link is not an https address"),
        (batching(maximum=1), "create_contact batch: takes one element at most, so it is none"),
        (batching(call=CREATE), "create_contact batch: the call does not take the items"),
        (batching(shared=("nobody",)), "create_contact batch: shares the field 'nobody', and there is none"),
        (batching(shared=()), "create_contact batch: the call takes 'list_id', which differs from element to element"),
        (batching(item={"n": Input(field="nobody")}), "create_contact batch: the item takes the field 'nobody'"),
        (batching(outcomes=None), "create_contact batch: judges outcomes, and none are listed"),
        (batching(error="a..b"), "create_contact batch: 'a..b' is not a path"),
        (app(errors=ErrorMap(message=("a..b",))), "acme-crm: 'a..b' in errors is not a path"),
        (app(errors=ErrorMap(codes={"x": "invalid"})), "acme-crm: errors map codes, and no path says where"),
        (app(errors=ErrorMap(statuses={200: "invalid"})), "acme-crm: errors give status 200 a meaning"),
        (app(errors=ErrorMap(success=Success(path="", equals=True))), "acme-crm: '' in success is not a path"),
        (
            app(limits=(Limit(calls=0, seconds=1, source="https://x.example", checked=date(2026, 11, 20)),)),
            "acme-crm: a limit of 0 calls in 1 seconds lets nothing through",
        ),
        (
            app(limits=(Limit(calls=1, seconds=1, source="somebody", checked=date(2026, 11, 20)),)),
            "acme-crm: a limit names no page of the vendor as its source",
        ),
        (
            app(list_contacts(outputs=Outputs(rows="data.items", result="data", fields=FIELDS))),
            "list_contacts: outputs have rows and a result",
        ),
        (
            app(list_contacts(outputs=Outputs(rows="data.items", fields=(OutputField(path="a..b", label=NAME),)))),
            "list_contacts output a..b: is not a path",
        ),
        (
            app(
                list_contacts(
                    outputs=Outputs(rows="data.items", fields=(OutputField(path="access_token", label=NAME),))
                )
            ),
            "list_contacts output access_token: holds a secret by its name and is not sensitive",
        ),
        (
            app(test=ConnectionTest(request=Request(method="GET", url="/me/{q}"))),
            "acme-crm test: takes the field 'q', and a test has no form",
        ),
        (
            app(test=ConnectionTest(request=Request(method="GET", url="/me"), identity="Acme")),
            "acme-crm test: identity is the same for every account",
        ),
        (with_kind(KIND.model_copy(update={"steps": ()})), "acme-crm.api_key: no steps tell how to get"),
        (with_kind(KIND.model_copy(update={"link": None})), "acme-crm.api_key: no link to the vendor's page on it"),
        (
            with_kind(KIND.model_copy(update={"value": "{nobody}"})),
            "acme-crm.api_key: {nobody} in '{nobody}' is no field",
        ),
        (
            with_kind(ApiKey(key="k", fields=(PLAIN,), place="query", name="key", value="{token}", **AROUND)),
            "acme-crm.k: nothing in '{token}' is a sensitive field",
        ),
        (
            with_kind(Basic(key="k", fields=(PLAIN,), username="{token}", password="x", **AROUND)),
            "acme-crm.k: nothing in '{token}x'",
        ),
        (
            with_kind(Bearer(key="k", fields=(PLAIN,), **AROUND)),
            "acme-crm.k: nothing in '{token}' is a sensitive field",
        ),
        (
            with_kind(Bearer(key="k", fields=(TOKEN, TextField(key="client_secret", label=NAME)), **AROUND)),
            "acme-crm.k.client_secret: holds a secret by its name and is not sensitive",
        ),
        (
            with_kind(Bearer(key="k", fields=(TOKEN, CREATE_FIELDS[0]), **AROUND)),
            "acme-crm.k.list_id: choices need a connection, which is only being made",
        ),
        (
            with_kind(ClientCredentials(key="k", fields=(TOKEN,), token_url="https://a.example/{zone}", **AROUND)),
            "acme-crm.k: {zone} in 'https://a.example/{zone}' is no field of it",
        ),
        (
            with_kind(
                OAuth2Code(
                    key="k",
                    authorize_url="https://a.example",
                    token_url="https://a.example",
                    kept={"x": "a..b"},
                    **AROUND,
                )
            ),
            "acme-crm.k: 'a..b', kept as 'x', is not a path",
        ),
        (
            with_kind(RequestSignature(key="k", fields=(TOKEN,), secret="{token}", message="{moment}", **AROUND)),
            "acme-crm.k: {moment} in '{moment}' is no field of it",
        ),
        (
            with_kind(SecretUrl(key="k", fields=(TOKEN,), url="{token}", pattern="(", **AROUND)),
            "acme-crm.k: pattern is not a regular expression",
        ),
        (with_kind(FileConnection(key="k", label=NAME)), "acme-crm.k: a file connection has a field file or url"),
        (login(keep={"session": ""}), "acme-crm.k: '', kept as 'session', is not a path"),
        (
            login(request=Request(method="POST", url="/login/{nobody}")),
            "acme-crm.k login: takes 'nobody', which is no field of it and not kept by an earlier step",
        ),
        (
            subscribing(create=Request(method="POST", url="/hooks")),
            "contact_added: nothing tells the vendor where to send events",
        ),
        (
            subscribing(remove=Request(method="DELETE", url="/hooks")),
            "contact_added: remove does not say which subscription",
        ),
        (subscribing(id="a..b"), "contact_added: id of the subscription is not a path"),
        (signing(message="{timestamp}"), "contact_added: the signature does not cover the body"),
        (signing(timestamp_part=None), "contact_added: the signature's time is covered and not told"),
        (signing(message="{body}"), "contact_added: the signature's time is told and not covered"),
        (signing(message="{timestamp}{body}{x}"), "contact_added: {x} in the signature's message is neither"),
        (triggering(event_id=("a..b",)), "contact_added: 'a..b' is not a path"),
        (triggering(name=""), "contact_added: name is empty or has spaces around it"),
    ],
)
def test_each_rule_finds_its_fault(bad: App, finding: str) -> None:
    found = lint(bad)
    assert any(each.startswith(finding) for each in found), found


@pytest.mark.parametrize(
    "good",
    [
        with_field(SelectField(key="more", label=NAME, options=(Option(value="a", label=NAME),))),
        app(
            list_contacts(
                fields=(
                    *list_contacts().fields,
                    NoteField(key="n", label=NAME, help=Words(en="Long " * 40 + ".", ko="긴 " * 40 + "글.")),
                )
            )
        ),
        with_kind(
            Bearer(key="k", label=NAME, fields=(TOKEN,)),
            base_url=None,
            actions=(list_contacts(call=LIST.model_copy(update={"url": Input(field="q")})),),
            test=None,
        ),
    ],
)
def test_what_is_no_fault_is_let_pass(good: App) -> None:
    assert lint(good) == []
