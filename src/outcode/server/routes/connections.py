"""Connections: list, add (with a file where the app takes one), test, remove. Secrets go in and never come out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile

from outcode.apps.registry import find_app
from outcode.server.access import CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer, read_json
from outcode.server.models import Connection, ConnectionList
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place
from outcode.workspace.connections import Upload

router = APIRouter(prefix="/connections", tags=["connections"], route_class=TeamRoute)


@router.get("", response_model=ConnectionList)
async def list_connections(instance: CurrentInstance, scope: CurrentScope) -> Response:
    """The team's connections by name."""
    found = await instance.connections.list(scope)
    return answer(ConnectionList(items=[Connection.model_validate(info) for info in found]))


@router.post("", response_model=Connection, status_code=201)
async def add_connection(
    instance: CurrentInstance,
    scope: CurrentScope,
    app: Annotated[str, Form(description="The app's slug.")],
    name: Annotated[str, Form(min_length=1, max_length=200)],
    kind: Annotated[
        str | None, Form(description="One of the app's kinds of connection; left out: the usual one.")
    ] = None,
    fields: Annotated[str, Form(description="A JSON object: the app's connection fields.")] = "{}",
    file: Annotated[UploadFile | None, File(description="The file, for apps whose connection is one.")] = None,
) -> Response:
    """Store a connection. The credentials are encrypted and never shown again."""
    answers = _answers(fields)
    upload = Upload(file.filename or "file", await file.read()) if file is not None else None
    info = await instance.connections.add(scope, find_app(app), name, answers, upload, kind=kind)
    return answer(Connection.model_validate(info), 201)


@router.post("/{name:path}/test", status_code=204)
async def check_connection(instance: CurrentInstance, scope: CurrentScope, name: str) -> None:
    """Try the connection; a problem says what is wrong."""
    info = await instance.connections.find(scope, name)
    await instance.caller.test(scope, find_app(info.app), name)


@router.delete("/{name:path}", status_code=204)
async def remove_connection(instance: CurrentInstance, scope: CurrentScope, name: str) -> None:
    """Remove a connection and its file."""
    await instance.connections.remove(scope, name)


def _answers(fields: str) -> dict[str, Json]:
    answers = read_json(fields, "fields")
    if not isinstance(answers, dict):
        raise InputProblem("connection_fields_not_object", Place(field="fields"))
    return answers
