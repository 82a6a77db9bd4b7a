"""What holds for every request: a cap on bodies, counted as they arrive, and headers that protect browsers."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from outcode.server.language import language_of
from outcode.server.problems import page_unknown, problem_response
from outcode.values.problems import Problem, TooLarge

MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_UPLOAD_BYTES = 25 * 1024 * 1024
_UPLOAD_PATH = "/api/v1/connections"
_CONTENT_SECURITY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
_HEADERS: list[tuple[bytes, bytes]] = [
    (b"content-security-policy", _CONTENT_SECURITY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]
_ALL_HEADERS = [*_HEADERS, (b"cache-control", b"no-store")]
_NOT_TO_BE_KEPT = ("/api/", "/hooks/", "/start", "/oauth/")


class RequestLimits:
    """ASGI middleware: refuses a body over the limit, by its announced length or while it is read, and paths with NUL.

    Nothing that PostgreSQL stores as text can hold NUL, so nothing has such an address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = MAX_UPLOAD_BYTES if scope["path"].startswith(_UPLOAD_PATH) else MAX_BODY_BYTES
        if problem := _refused(scope, limit):
            await problem_response(problem, language_of(Request(scope)))(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, counted, send)


def _refused(scope: Scope, limit: int) -> Problem | None:
    if "\x00" in scope["path"]:
        return page_unknown(scope["path"])
    announced = Headers(scope=scope).get("content-length", "")
    return _too_large(limit) if announced.isdecimal() and int(announced) > limit else None


def _too_large(limit: int) -> TooLarge:
    return TooLarge("body_too_large", limit_mb=limit // 1024 // 1024)


class SecurityHeaders:
    """ASGI middleware: adds the headers to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = _ALL_HEADERS if scope["path"].startswith(_NOT_TO_BE_KEPT) else _HEADERS
                set_already = {name.lower() for name, _ in message["headers"]}
                more = [header for header in added if header[0] not in set_already]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await self._app(scope, receive, with_headers)
