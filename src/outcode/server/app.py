"""The FastAPI application: routers, problem details, security headers, and the built web application at the root."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from outcode import __version__
from outcode.runs.instance import Instance
from outcode.server import problems
from outcode.server.access import KEY_HEADER, SESSION_COOKIE
from outcode.server.hooks import HookDoor
from outcode.server.hooks_openapi import HOOK_PATHS
from outcode.server.middleware import RequestLimits, SecurityHeaders
from outcode.server.models import ProblemDetails
from outcode.server.routes import (
    apps,
    connections,
    flows,
    health,
    oauth,
    people,
    repeats,
    runs,
    schedules,
    trials,
    versions,
    webhooks,
)
from outcode.server.routes import files as stored_files

_STATIC = Path(str(files("outcode.server").joinpath("static")))
_PROBLEM = {"model": ProblemDetails, "description": "What went wrong"}
_STATUSES: tuple[int | str, ...] = (400, 401, 403, 404, "default")
_PROBLEMS: dict[int | str, dict[str, Any]] = dict.fromkeys(_STATUSES, _PROBLEM)
_SECURITY = {
    "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
    "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
}


class _Application(FastAPI):
    """FastAPI with our headers around everything, its own answer to a fault included, and webhooks ahead of it."""

    _is_delivery: Callable[[Scope], bool] | None = None
    _deliver: ASGIApp

    def open_hooks(self, door: HookDoor) -> None:
        """Serve webhooks, with around them what FastAPI would put there, and no more."""
        self._is_delivery = door.takes
        self._deliver = SecurityHeaders(ServerErrorMiddleware(door, handler=problems.on_fault))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_delivery is not None and self._is_delivery(scope):
            await self._deliver(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        return SecurityHeaders(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        """The document, its problem answers under the media type that they are sent with.

        FastAPI documents every answer of a route under one media type.
        """
        if self.openapi_schema is None:
            document = super().openapi()
            document["components"]["securitySchemes"] = _SECURITY
            for address, path in document["paths"].items():
                for operation in path.values():
                    if address.startswith("/api/"):
                        operation["security"] = [{name: []} for name in _SECURITY]
                    for status, response in operation["responses"].items():
                        if not status.startswith(("2", "3")):
                            (schema,) = response["content"].values()
                            response["content"] = {problems.MEDIA_TYPE: schema}
            document["paths"] |= HOOK_PATHS
        return super().openapi()


def create_app(instance: Instance | None) -> FastAPI:
    """The application that serves an instance; without one only its OpenAPI document is of use."""
    app = _Application(
        title="Outcode",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
    )
    app.state.instance = instance
    for router in (people.start_router, oauth.router, health.router):
        app.include_router(router, responses={"default": _PROBLEM})
    api = APIRouter(prefix="/api/v1", responses=_PROBLEMS)
    teams = (people, flows, versions, trials, webhooks, schedules, runs, repeats, connections, apps, stored_files)
    for router in (module.router for module in teams):
        api.include_router(router)
    app.include_router(api)
    problems.register(app)
    app.add_middleware(RequestLimits)
    if instance is not None:
        app.open_hooks(HookDoor(instance))
    _serve_web(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def _serve_web(app: FastAPI) -> None:
    """The web application's files, and its page for every address that is a place inside it."""
    assets = _STATIC / "assets"
    if assets.is_dir():
        app.mount("/assets", StaticFiles(directory=assets), name="assets")

    @app.get("/{path:path}", include_in_schema=False, name=problems.PAGE_ROUTE)
    async def page(path: str) -> Response:
        if path.startswith(("api/", "hooks/", "assets/")) or not (_STATIC / "index.html").is_file():
            raise problems.page_unknown(f"/{path}")
        return FileResponse(_STATIC / "index.html", headers={"Cache-Control": "no-cache"})
