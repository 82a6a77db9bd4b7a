"""What an answer means that says no: by the app's own codes, by its statuses, else by what HTTP says.

The vendor's sentence is told as it stands, shortened and without secrets, because it usually says best what is wrong.
"""

from __future__ import annotations

from typing import Literal

from outcode.appkit.errors import ErrorMap, Meaning
from outcode.transport.answer import optional_at
from outcode.transport.http.auth.refusals import holds
from outcode.transport.http.decode import Response, data_of, text_body
from outcode.transport.http.retry import asked_to_wait
from outcode.transport.http.trace import Mask
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem, Problem, RateLimited, VendorDown, VendorRejected
from outcode.values.references.rendering import render

BODY_EXCERPT = 2048
_SENTENCE = 300
_CODE = 100
_STATUSES: dict[int, Meaning] = {
    400: "invalid",
    401: "credentials",
    403: "permission",
    404: "not_found",
    407: "credentials",
    409: "conflict",
    410: "not_found",
    412: "conflict",
    413: "too_large",
    422: "invalid",
    429: "rate_limited",
}
_PROBLEMS: dict[Meaning | None, tuple[type[Problem], str]] = {
    "credentials": (VendorRejected, "connection_refused_credentials"),
    "permission": (VendorRejected, "http_status_permission"),
    "not_found": (VendorRejected, "http_status_not_found"),
    "conflict": (VendorRejected, "http_status_conflict"),
    "invalid": (VendorRejected, "http_status_invalid"),
    "too_large": (VendorRejected, "http_status_too_large"),
    "rate_limited": (RateLimited, "http_status_rate_limited"),
    "unavailable": (VendorDown, "http_status_server"),
    None: (VendorRejected, "http_status"),
}


def refusal(
    response: Response,
    errors: ErrorMap,
    mask: Mask,
    *,
    expected: Literal["json", "any", "content"],
    with_credentials: bool,
) -> Problem | None:
    """The problem that an answer is, or None when the call succeeded.

    ``expected``: whether a good answer is JSON, may be (its app's hook reads it), or is content such as a file, in
    which no app says whether it succeeded. ``with_credentials``: whether the call proved who is asking; if not, no
    connection is to blame. Raises VendorRejected ``http_invalid_json``.
    """
    if response.status >= 400:
        data = _lenient(response)
    elif errors.success is None or expected == "content" or response.status == 204:
        return None
    else:
        data = data_of(response, "json") if expected == "json" else _lenient(response)
        if holds(errors.success, data) or (data is None and expected == "any"):
            return None
    code = optional_at(data, errors.code) if errors.code is not None else None
    meaning = _meaning(response, code, errors)
    kind, word = _PROBLEMS[meaning]
    if meaning == "credentials" and not with_credentials:
        word = "http_status_credentials"
    elif meaning is None and response.status < 400:
        word = "http_unsuccessful"
    body = mask.text(text_body(response)[: 2 * BODY_EXCERPT])[:BODY_EXCERPT]
    return kind(
        word,
        retry_after=asked_to_wait(response, errors.reset_header),
        host=response.url.host or "",
        status=response.status,
        excerpt=sentence_of(data, errors.message, mask) or shortened(body) or _shown_code(code, mask) or "-",
        vendor_code=_shown_code(code, mask),
        body=body,
    )


def sentence_of(data: Json, paths: tuple[str, ...], mask: Mask) -> str:
    """The first text at one of the paths, masked and shortened; empty when there is none."""
    for path in paths:
        text = optional_at(data, path)
        if isinstance(text, str) and text.strip():
            # Masked before it is cut: half a secret is no known value any more.
            return shortened(mask.text(text[: 2 * BODY_EXCERPT]))
    return ""


def shortened(text: str) -> str:
    """One line of at most 300 characters.

    >>> shortened(" a \\n b ")
    'a b'
    """
    return " ".join(text.split())[:_SENTENCE]


def _meaning(response: Response, code: Json, errors: ErrorMap) -> Meaning | None:
    status = response.status
    if status in {403, 429} and any(response.header(name) == value for name, value in errors.limited_when.items()):
        return "rate_limited"
    named = errors.codes.get(render(code)) if isinstance(code, str | int) else None
    usual: Meaning | None = "unavailable" if status >= 500 else _STATUSES.get(status)
    return named or errors.statuses.get(status) or usual


def _shown_code(code: Json, mask: Mask) -> str:
    return mask.text(render(code))[:_CODE] if isinstance(code, str | int) and not isinstance(code, bool) else ""


def _lenient(response: Response) -> Json:
    try:
        return loads(text_body(response))
    except InputProblem:
        return None
