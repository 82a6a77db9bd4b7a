"""The vendor's side of tokens and sessions: what is asked before the call itself, answered by the declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from outcode.appkit import ClientCredentials, LoginSession, OAuth2Code, ServiceAccount
from outcode.appkit.calls import Request
from outcode.appkit.lint.taken import placeholders
from outcode.appkit.samples import SampleResponse
from tests.apps.contract.canaries import ACCESS_TOKEN, REFRESH_TOKEN, Held
from tests.apps.contract.paths import put
from tests.apps.contract.player import Seen

Grant = Callable[[Seen], SampleResponse]


def grants_for(held: Held, base_url: str | None) -> dict[str, Grant]:
    """Addresses of tokens and sessions with what they answer."""
    kind = held.kind
    match kind:
        case ClientCredentials() | OAuth2Code() | ServiceAccount():
            answer: dict[str, Any] = {"token_type": "Bearer", "expires_in": 3600, "refresh_token": REFRESH_TOKEN}
            answer = put(answer, kind.access_token, ACCESS_TOKEN)
            for name, path in kind.kept.items() if isinstance(kind, OAuth2Code) else ():
                answer = put(answer, path, held.values[name])
            return {_filled(kind.token_url, held.values): _always(answer)}
        case LoginSession():
            found: dict[str, Grant] = {}
            for step in kind.login:
                said: Any = {}
                for name, path in step.keep.items():
                    said = put(said, path, held.values[name])
                for success in (step.success,):
                    if success is not None:
                        said = put(said, success.path, success.equals)
                found[_url(step.request, held.values, base_url)] = _always(said)
            return found
        case _:
            return {}


def _always(body: Any) -> Grant:
    return lambda _seen: SampleResponse(body=body)


def _url(request: Request, values: Mapping[str, Any], base_url: str | None) -> str:
    url = request.url if isinstance(request.url, str) else ""
    whole = (base_url or "").rstrip("/") + url if url.startswith("/") else url
    return _filled(whole, values)


def _filled(text: str, values: Mapping[str, Any]) -> str:
    for name in placeholders(text):
        text = text.replace("{" + name + "}", str(values.get(name.removeprefix("connection."))))
    return text
