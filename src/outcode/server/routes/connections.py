"""Connections: list, try, add (with a file where the app takes one), change, remove. Secrets go in, never out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile

from outcode.apps.registry import find_app
from outcode.server.access import KEY_HEADER, SESSION_COOKIE, CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer, read_json
from outcode.server.language import Language
from outcode.server.models import (
    Connection,
    ConnectionList,
    ConnectionRename,
    ConnectionTried,
    ConsentBegun,
    ConsentWanted,
    connection_answer,
)
from outcode.server.routes.oauth import callback_of
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place
from outcode.workspace.connections import Upload

router = APIRouter(prefix="/connections", tags=["connections"], route_class=TeamRoute)

AppSlug = Annotated[str, Form(description="The app's slug.")]
Kind = Annotated[str | None, Form(description="One of the app's kinds of connection; left out: the usual one.")]
Fields = Annotated[str, Form(description="A JSON object: the app's connection fields.")]
Uploaded = Annotated[UploadFile | None, File(description="The file, for apps whose connection is one.")]
Test = Annotated[bool, Form(description="Whether the credentials are tried first; a failure stores nothing.")]


@router.get("", response_model=ConnectionList)
async def list_connections(instance: CurrentInstance, scope: CurrentScope, language: Language) -> Response:
    """The team's connections by name."""
    found = await instance.connections.list(scope)
    return answer(ConnectionList(items=[connection_answer(info, language) for info in found]))


@router.post("", response_model=Connection, status_code=201)
async def add_connection(
    instance: CurrentInstance,
    scope: CurrentScope,
    language: Language,
    app: AppSlug,
    name: Annotated[str, Form(min_length=1, max_length=200)],
    kind: Kind = None,
    fields: Fields = "{}",
    file: Uploaded = None,
    test: Test = True,
) -> Response:
    """Try a connection and store it. The credentials are encrypted and never shown again.

    ``same_as`` of the answer names other connections to the same account.
    """
    declared, answers, upload = find_app(app, instance.apps), _answers(fields), await _upload(file)
    info = await instance.connector.add(scope, declared, name, answers, upload, kind=kind, test=test)
    return answer(connection_answer(info, language), 201)


@router.post("/test", response_model=ConnectionTried)
async def try_connection(
    instance: CurrentInstance,
    scope: CurrentScope,
    app: AppSlug,
    kind: Kind = None,
    fields: Fields = "{}",
    file: Uploaded = None,
) -> Response:
    """Try what a form holds without storing it; a problem says what is wrong."""
    declared = find_app(app, instance.apps)
    tested = await instance.connector.try_form(scope, declared, _answers(fields), await _upload(file), kind=kind)
    identity = tested.identity if tested else None
    same_as = await instance.connections.same_as(scope, declared, identity)
    return answer(ConnectionTried(tried=tested is not None, identity=identity, same_as=list(same_as)))


@router.post("/oauth", response_model=ConsentBegun)
async def begin_consent(
    request: Request, instance: CurrentInstance, scope: CurrentScope, wanted: ConsentWanted
) -> Response:
    """Begin to connect an app whose vendor asks the person: the address of the vendor's page, good for ten minutes.

    The browser that opens it must be signed in here as the same user. With ``reconnect`` the connection of that name
    is connected anew.
    """
    session = request.cookies.get(SESSION_COOKIE) if request.headers.get(KEY_HEADER) is None else None
    url = await instance.consents.begin(
        scope,
        find_app(wanted.app, instance.apps),
        wanted.name,
        wanted.fields,
        kind=wanted.kind,
        callback=callback_of(instance),
        session=session,
        reconnect=wanted.reconnect,
    )
    return answer(ConsentBegun(authorize_url=url))


@router.post("/{name:path}/test", response_model=Connection)
async def check_connection(instance: CurrentInstance, scope: CurrentScope, language: Language, name: str) -> Response:
    """Try a stored connection and keep its state; a problem says what is wrong."""
    info = await instance.connections.find(scope, name)
    tested = await instance.connector.test(scope, find_app(info.app, instance.apps), name)
    return answer(connection_answer(tested, language))


@router.put("/{name:path}", response_model=Connection)
async def change_connection(
    instance: CurrentInstance,
    scope: CurrentScope,
    language: Language,
    name: str,
    kind: Kind = None,
    fields: Fields = "{}",
    file: Uploaded = None,
    test: Test = True,
) -> Response:
    """Connect anew with the same form: sensitive fields, and a file, that are left out stay as they are.

    Tried before it is stored; after a failure the connection is what it was.
    """
    info = await instance.connections.find(scope, name)
    declared, answers, upload = find_app(info.app, instance.apps), _answers(fields), await _upload(file)
    changed = await instance.connector.update(scope, declared, name, answers, upload, kind=kind, test=test)
    return answer(connection_answer(changed, language))


@router.patch("/{name:path}", response_model=Connection)
async def rename_connection(
    instance: CurrentInstance, scope: CurrentScope, language: Language, name: str, wanted: ConnectionRename
) -> Response:
    """Give a connection another name, in the flows that use it, too."""
    return answer(connection_answer(await instance.connections.rename(scope, name, wanted.name), language))


@router.delete("/{name:path}", status_code=204)
async def remove_connection(
    instance: CurrentInstance,
    scope: CurrentScope,
    name: str,
    used: Annotated[bool, Query(description="Whether to remove it although flows use it.")] = False,
) -> None:
    """Remove a connection and its file; refused while flows use it, unless told otherwise."""
    await instance.connector.remove(scope, name, instance.apps, used=used)


def _answers(fields: str) -> dict[str, Json]:
    answers = read_json(fields, "fields")
    if not isinstance(answers, dict):
        raise InputProblem("connection_fields_not_object", Place(field="fields"))
    return answers


async def _upload(file: UploadFile | None) -> Upload | None:
    return Upload(file.filename or "file", await file.read()) if file is not None else None
