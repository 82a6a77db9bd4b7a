"""JSON in and out with exact numbers, where FastAPI itself would pass through binary floats."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import InputProblem


def read_json(content: str | bytes, field: str) -> Json:
    """JSON of a request; raises InputProblem that names the field it came in."""
    try:
        return json.loads(content)
    except InputProblem as problem:
        problem.at(field=field)
        raise


class _ExactRequest(Request):
    async def json(self) -> Any:
        return read_json(await self.body(), "body")


class ExactRoute(APIRoute):
    """A route whose JSON body is read with exact numbers; use as ``APIRouter(route_class=ExactRoute)``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def exact(request: Request) -> Response:
            return await handle(_ExactRequest(request.scope, request.receive))

        return exact


def answer(model: BaseModel, status: int = 200) -> Response:
    """A model as the answer, its numbers as they are; the route's ``response_model`` documents it."""
    return Response(json.dump_bytes(model.model_dump(mode="python")), status, media_type="application/json")
