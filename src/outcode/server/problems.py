"""From problems to HTTP: the only place that knows status codes; bodies follow RFC 9457 (problem details)."""

from __future__ import annotations

from math import ceil
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from outcode.server.language import language_of
from outcode.server.validation import request_problem
from outcode.values import json
from outcode.values.problems import (
    AuthProblem,
    Conflict,
    EgressRefused,
    InputProblem,
    NotFound,
    PermissionProblem,
    Place,
    Problem,
    ProblemList,
    RateLimited,
    SetupProblem,
    Stopped,
    TooLarge,
    Unexpected,
    VendorDown,
    VendorRejected,
)

MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = 5.0
PAGE_ROUTE = "page"
"""The name of the route that answers every address that no other route has."""

_STATUS: dict[type[Problem], int] = {
    InputProblem: 400,
    AuthProblem: 401,
    PermissionProblem: 403,
    EgressRefused: 422,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    RateLimited: 429,
    VendorRejected: 502,
    VendorDown: 504,
    Stopped: 409,
    SetupProblem: 503,
    Unexpected: 500,
}

DATABASE_LOST: tuple[type[Exception], ...] = (
    OperationalError,
    InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    ConnectionError,
    FileNotFoundError,
)


def status_of(problem: Problem) -> int:
    """The HTTP status of a problem: that of the nearest class in its tree."""
    return next(_STATUS[kind] for kind in type(problem).__mro__ if kind in _STATUS)


def problem_response(problem: Problem, language: str, status: int | None = None) -> Response:
    """A problem as an answer in the reader's language."""
    status = status or status_of(problem)
    listed = problem.problems if isinstance(problem, ProblemList) else []
    said = listed[0] if len(listed) == 1 else problem
    body: dict[str, Any] = {
        "type": f"urn:outcode:problem:{said.code}",
        "title": said.message(language),
        "status": status,
        "detail": said.hint(language),
        **said.as_dict(language),
    }
    body.pop("problems", None)
    if listed:
        body["problems"] = [item.as_dict(language) for item in listed]
    headers = {"Content-Language": language}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(max(1, ceil(problem.retry_after)))
    return Response(json.dump_bytes(body), status, headers, MEDIA_TYPE)


def register(app: FastAPI) -> None:
    """Answer every way a request can go wrong with problem details."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    for kind in DATABASE_LOST:
        app.add_exception_handler(kind, on_database_lost)
    app.add_exception_handler(Exception, on_fault)


async def _on_problem(request: Request, problem: Exception) -> Response:
    if not isinstance(problem, Problem):
        raise problem
    return problem_response(problem, language_of(request))


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    problem, status = request_problem(error, request)
    return problem_response(problem, language_of(request), status)


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    language = language_of(request)
    if isinstance(error.__cause__, Problem):  # FastAPI hides what our own reading of a body has raised
        return problem_response(error.__cause__, language)
    if isinstance(error.__context__, MultiPartException):
        return problem_response(form_unreadable(error.__context__.message), language)
    if error.status_code == 404 or _nothing_here(request, error):
        return problem_response(page_unknown(request.url.path), language)
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "–")
        refused = InputProblem("request_method_refused", method=request.method, allowed=allowed)
        response = problem_response(refused, language, 405)
        response.headers["Allow"] = allowed
        return response
    return problem_response(
        InputProblem("request_refused", status=error.status_code, method=request.method), language, error.status_code
    )


def page_unknown(path: str) -> NotFound:
    """There is nothing at this address."""
    return NotFound("page_unknown", path=path[:200])


def form_unreadable(reason: str) -> InputProblem:
    """A form is broken, or over a limit."""
    return InputProblem("form_unreadable", Place(field="body"), reason=reason)


def _nothing_here(request: Request, error: HTTPException) -> bool:
    """Whether only the web application's page would take this address, and not by this method."""
    endpoint = request.scope.get("endpoint")
    return error.status_code == 405 and getattr(endpoint, "__name__", "") == PAGE_ROUTE


async def on_database_lost(request: Request, error: Exception) -> Response:
    """One of :data:`DATABASE_LOST` as an answer; raises it again when it is about something else."""
    if getattr(error, "filename", None) is not None:
        raise error  # a file of ours; a database's missing socket comes without a name
    problem = SetupProblem("database_lost", error=type(error).__name__, retry_after=_RETRY_SECONDS)
    return problem_response(problem, language_of(request))


async def on_fault(request: Request, error: Exception) -> Response:
    """The server ends the connection after a fault, and says so."""
    response = problem_response(Unexpected("unexpected", error=type(error).__name__), language_of(request))
    response.headers["Connection"] = "close"
    return response
