"""Putting credentials into a request: headers, query parameters and members of the body, replacing any of that name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from outcode.transport.http.auth.texts import checked_header
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.json import dump_bytes, loads
from outcode.values.problems import InputProblem, Place

_FORM = "application/x-www-form-urlencoded"


def with_headers(request: PreparedRequest, headers: Mapping[str, str]) -> PreparedRequest:
    """The request with these headers; raises InputProblem ``http_header_invalid``."""
    added = tuple(checked_header(name, value) for name, value in headers.items())
    names = {name.lower() for name, _ in added}
    return replace(request, headers=(*(pair for pair in request.headers if pair[0].lower() not in names), *added))


def with_query(request: PreparedRequest, parameters: Mapping[str, str]) -> PreparedRequest:
    """The request with these query parameters."""
    return replace(request, url=request.url.update_query(dict(parameters))) if parameters else request


def with_members(request: PreparedRequest, members: Mapping[str, str]) -> PreparedRequest:
    """The request with these members in its JSON or form body.

    Raises InputProblem ``credential_needs_body`` for another body, ``{}`` taking the place of none.
    """
    if not members:
        return request
    if (request.header("content-type") or "").partition(";")[0].strip().lower() == _FORM:
        pairs = [pair for pair in parse_qsl((request.body or b"").decode(), True) if pair[0] not in members]
        return replace(request, body=urlencode([*pairs, *members.items()]).encode())
    try:
        body = loads(request.body) if request.body else {}
    except InputProblem as problem:
        raise InputProblem("credential_needs_body", Place(field="inputs.body")) from problem
    if not isinstance(body, dict):
        raise InputProblem("credential_needs_body", Place(field="inputs.body"))
    request = replace(request, body=dump_bytes({**body, **members}))
    return request if request.header("content-type") else with_headers(request, {"Content-Type": "application/json"})
