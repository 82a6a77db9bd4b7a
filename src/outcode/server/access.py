"""Who is asking: an API key in a header, or a browser session in a cookie; without either every route refuses.

All routes of the API are :class:`TeamRoute`\\ s: who is asking is settled before any of the request's body is read.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response, params
from fastapi.dependencies.utils import get_flat_params

from outcode.runs.instance import Instance
from outcode.server.exact import ExactRoute
from outcode.server.validation import refuse_unknown_parameters
from outcode.values.problems import PermissionProblem
from outcode.workspace.keys import scope_of_key, scope_of_session
from outcode.workspace.scope import Scope

KEY_HEADER = "x-outcode-api-key"
SESSION_COOKIE = "outcode_session"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class TeamRoute(ExactRoute):
    """A route for members of a team only; use as ``APIRouter(route_class=TeamRoute)``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        fields = get_flat_params(self.dependant)
        known = sorted(field.alias for field in fields if isinstance(field.field_info, params.Query))

        async def guarded(request: Request) -> Response:
            request.state.team_scope = await authenticate(request)
            refuse_unknown_parameters(request, known)
            return await handle(request)

        return guarded


def instance_of(request: Request) -> Instance:
    """The instance this server serves."""
    found: Instance = request.app.state.instance
    return found


async def authenticate(request: Request) -> Scope:
    """The team and user of a request; raises AuthProblem, or PermissionProblem for another site's request.

    A key is never sent by a browser of its own accord; a cookie is, so a change by session must come from our pages.
    """
    instance = instance_of(request)
    key = request.headers.get(KEY_HEADER)
    if key is not None:
        return await scope_of_key(instance.database, key)
    if request.method not in _READING:
        _refuse_other_sites(request)
    return await scope_of_session(instance.database, request.cookies.get(SESSION_COOKIE))


def _refuse_other_sites(request: Request) -> None:
    origin = request.headers.get("origin")
    if origin is None:
        return
    if urlsplit(origin).netloc != request.headers.get("host"):
        raise PermissionProblem("foreign_origin", origin=origin[:200])


# Dependencies are coroutines although they wait for nothing: FastAPI gives a plain function a thread for each request.
async def _current_instance(request: Request) -> Instance:
    return instance_of(request)


async def _scope_of(request: Request) -> Scope:
    found: Scope = request.state.team_scope
    return found


CurrentInstance = Annotated[Instance, Depends(_current_instance)]
CurrentScope = Annotated[Scope, Depends(_scope_of)]
"""The team and user who ask; for routes of a :class:`TeamRoute` router."""
