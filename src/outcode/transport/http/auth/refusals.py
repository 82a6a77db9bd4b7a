"""What token servers, logins and APIs say when they say no: the vendor's sentence, masked, as a problem."""

from __future__ import annotations

from datetime import UTC, datetime

from outcode.appkit.errors import ErrorMap, Meaning, Success
from outcode.transport.answer import optional_at
from outcode.transport.http.decode import Response, text_body
from outcode.transport.http.retry import retry_after
from outcode.transport.http.trace import Mask
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, Problem, RateLimited, VendorDown, VendorRejected
from outcode.values.references.rendering import render

LONGEST_READ = 64 * 1024
"""Answers beyond are results, not refusals; reading each of them twice would be paid by every call."""
_EXCERPT = 2048
_SENTENCE = 300
_USUAL_SENTENCES = ("error_description", "error.message", "message", "error", "error.errorCode", "msg")
_LATER_ERRORS = {"temporarily_unavailable", "server_error"}


def json_of(response: Response) -> Json:
    """The body as JSON, or None when it is something else or too large for a refusal."""
    if len(response.body) > LONGEST_READ:
        return None
    try:
        return loads(text_body(response))
    except InputProblem:
        return None


def holds(success: Success, data: Json) -> bool:
    """Whether an answer holds that value at that path.

    >>> holds(Success(path="ok", equals=True), {"ok": True}), holds(Success(path="ok", equals=True), {"ok": 1})
    (True, False)
    """
    found = optional_at(data, success.path)
    return isinstance(found, bool) == isinstance(success.equals, bool) and bool(found == success.equals)


def meaning_of(response: Response, data: Json, errors: ErrorMap) -> Meaning | None:
    """What the app's declaration or HTTP says of an answer; None: nothing in particular."""
    code = optional_at(data, errors.code) if errors.code is not None else None
    named = errors.codes.get(render(code)) if isinstance(code, str | int) else None
    usual: Meaning | None = None
    if response.status >= 500 or response.status == 408:
        usual = "unavailable"
    elif response.status in {401, 429}:
        usual = "credentials" if response.status == 401 else "rate_limited"
    return named or errors.statuses.get(response.status) or usual


def sentence_of(response: Response, data: Json, errors: ErrorMap, mask: Mask) -> str:
    """What the other side said, in one masked line."""
    for path in (*errors.message, *_USUAL_SENTENCES):
        said = optional_at(data, path)
        if isinstance(said, str) and said.strip():
            return _line(said, mask)
    return _line(text_body(response), mask) or f"HTTP {response.status}"


def refused(code: str, response: Response, data: Json, errors: ErrorMap, mask: Mask) -> Problem:
    """A VendorRejected of that code with the vendor's sentence."""
    sentence = sentence_of(response, data, errors, mask)
    return VendorRejected(code, host=response.url.host or "", status=response.status, excerpt=sentence)


def error_code(data: Json) -> str:
    """The standard's ``error`` code (RFC 6749, 5.2); empty where an answer has none, or something else of that name."""
    error = optional_at(data, "error")
    return error if isinstance(error, str) else ""


def unavailable(response: Response, data: Json, errors: ErrorMap, mask: Mask) -> Problem | None:
    """The problem of an answer that says nothing against the credentials, only *not now*; else None."""
    meaning = meaning_of(response, data, errors)
    if meaning not in {"unavailable", "rate_limited"} and error_code(data) not in _LATER_ERRORS:
        return None
    kind = RateLimited if meaning == "rate_limited" else VendorDown
    return kind(
        "token_server_unavailable",
        retry_after=retry_after(response.header("retry-after"), datetime.now(UTC)),
        host=response.url.host or "",
        status=response.status,
        excerpt=sentence_of(response, data, errors, mask),
    )


def _line(text: str, mask: Mask) -> str:
    # Masked before it is cut: half a secret is no known value any more.
    return " ".join(mask.text(text[:_EXCERPT]).split())[:_SENTENCE]
