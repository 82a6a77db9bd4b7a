"""The contract holds for every kind of connection, with the vendor's side of tokens and sessions played as well."""

from __future__ import annotations

from typing import Any

import pytest

from outcode.appkit import (
    ApiKey,
    AwsKeys,
    Basic,
    Bearer,
    ClientCredentials,
    Field,
    LoginSession,
    LoginStep,
    OAuth2Code,
    Outputs,
    Request,
    RequestSignature,
    SecretUrl,
    ServiceAccount,
    Success,
    TextField,
    Words,
)
from outcode.appkit.connections import ConnectionKind
from outcode.appkit.samples import Sample
from outcode.appkit.template import Input
from tests.appkit.hostile.good import app, list_contacts, samples
from tests.apps.contract.checks import CHECKS
from tests.apps.contract.subjects import Subject

NAME = Words(en="Name", ko="이름")
AROUND: dict[str, Any] = {
    "label": NAME,
    "steps": (Words(en="Open Settings.", ko="설정을 여세요."),),
    "link": "https://acme.example/docs",
}
TOKEN_URL = "https://login.acme.example/oauth/token"


def text(key: str, *, secret: bool = False, **more: Any) -> Field:
    return TextField(key=key, label=NAME, required=True, sensitive=secret, **more)


KINDS: dict[str, tuple[ConnectionKind, dict[str, str]]] = {
    "key in the query": (
        ApiKey(key="k", fields=(text("token", secret=True),), place="query", name="key", value="{token}", **AROUND),
        {},
    ),
    "basic": (
        Basic(key="k", fields=(text("username"), text("password", secret=True)), **AROUND),
        {},
    ),
    "bearer": (
        Bearer(key="k", fields=(text("token", secret=True),), **AROUND),
        {"authorization": "Bearer {connection.token}"},
    ),
    "client credentials": (
        ClientCredentials(
            key="k", fields=(text("client_id"), text("client_secret", secret=True)), token_url=TOKEN_URL, **AROUND
        ),
        {"authorization": "Bearer {connection.access_token}"},
    ),
    "authorization code": (
        OAuth2Code(
            key="k", authorize_url="https://login.acme.example/oauth", token_url=TOKEN_URL, scopes=("read",), **AROUND
        ),
        {"authorization": "Bearer {connection.access_token}"},
    ),
    "service account": (
        ServiceAccount(
            key="k",
            fields=(text("key_file", secret=True),),
            key_file="key_file",
            token_url=TOKEN_URL,
            claims={"iss": "{client_email}", "scope": "read"},
            **AROUND,
        ),
        {"authorization": "Bearer {connection.access_token}"},
    ),
    "aws keys": (
        AwsKeys(
            key="k",
            fields=(text("access_key_id"), text("secret_access_key", secret=True), text("region")),
            service="execute-api",
            **AROUND,
        ),
        {},
    ),
    "request signature": (
        RequestSignature(
            key="k",
            fields=(text("customer"), text("secret", secret=True)),
            secret="{secret}",
            message="{timestamp_ms}.{method}.{path}",
            headers={"X-Customer": "{customer}", "X-Signature": "{signature}", "X-Timestamp": "{timestamp_ms}"},
            **AROUND,
        ),
        {"x-customer": "sample-customer"},
    ),
    "login session": (
        LoginSession(
            key="k",
            fields=(text("company"), text("password", secret=True)),
            login=(
                LoginStep(
                    request=Request(
                        method="POST",
                        url="/login",
                        body_type="json",
                        body={"company": Input(field="company"), "password": Input(field="password")},
                    ),
                    keep={"session": "data.session_id"},
                    success=Success(path="ok", equals=True),
                ),
            ),
            query={"SESSION": "{session}"},
            **AROUND,
        ),
        {},
    ),
}
QUERIES = {
    "key in the query": {"key": "{connection.token}"},
    "login session": {"SESSION": "{connection.session}"},
}


def subject(kind: ConnectionKind, headers: dict[str, str], query: dict[str, str]) -> Subject:
    """The good app, connected another way."""
    written = {
        name: sample.model_copy(
            update={
                "exchanges": tuple(
                    each.model_copy(
                        update={
                            "request": each.request.model_copy(
                                update={"headers": headers, "query": {**each.request.query, **query}}
                            )
                        }
                    )
                    for each in sample.exchanges
                )
            }
        )
        for name, sample in samples(create_contact=None).items()
    }
    return Subject(app(list_contacts(), connections=(kind,), hosts=("login.acme.example",)), written)


@pytest.mark.parametrize("name", KINDS)
async def test_an_app_with_any_kind_keeps_the_contract(name: str) -> None:
    kind, headers = KINDS[name]
    made = subject(kind, headers, QUERIES.get(name, {}))
    assert {check: found for check, run in CHECKS.items() if (found := await run(made))} == {}


async def test_a_secret_url_keeps_the_contract() -> None:
    kind = SecretUrl(
        key="k",
        fields=(text("url", secret=True, place="url"),),
        pattern=r"https://hooks\.acme\.example/[\w/-]+",
        **AROUND,
    )
    send = list_contacts(
        key="send",
        name="Send",
        fields=(text("note"),),
        call=Request(
            method="POST",
            url="{connection.url}",
            body_type="json",
            body={"text": Input(field="note")},
            response_type="text",
        ),
        outputs=Outputs(result="data"),
        idempotent=False,
    )
    address = "https://hooks.acme.example/services/T1/hush-hush-Zq7x"
    sample = Sample.model_validate(
        {
            "inputs": {"note": "Hello"},
            "connection": {"fields": {"url": address}},
            "exchanges": [
                {"request": {"method": "POST", "url": address, "body": {"text": "Hello"}}, "response": {"body": "ok"}}
            ],
            "result": "ok",
        }
    )
    declared = app(send, connections=(kind,), base_url=None, hosts=("hooks.acme.example",), test=None)
    made = Subject(declared, {"send": sample})
    assert {check: found for check, run in CHECKS.items() if (found := await run(made))} == {}
