"""What run history keeps of an exchange, and the mask that no secret passes: by name, and by value in any form."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from urllib.parse import quote, quote_plus

from yarl import URL

from outcode.values.json import Json

MASKED = "***"
_BODY_EXCERPT = 10 * 1024
_SHORTEST_SECRET = 3
_SECRET_NAME = re.compile(
    r"(?:key|token|secret|password|passwd|passphrase|pwd|sig|signature|auth|credentials?|jwt|sessionid|session)\Z",
    re.IGNORECASE,
)
_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie"}
_OPEN_NAMES = {"idempotency-key"}
_NAMED = r"[\w.-]*(?:key|token|secret|password|passwd|passphrase|pwd|credential)"
_JSON_MEMBER = re.compile(rf'("{_NAMED}"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE)
_FORM_MEMBER = re.compile(rf"((?:\A|&){_NAMED}=)[^&\s]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Trace:
    """One exchange as it went over the wire, redacted; a redirect and a retry each have their own.

    ``error`` is a problem's code when no usable answer came; ``address`` is the one that was connected to.
    """

    method: str
    url: str
    started_at: datetime
    request_headers: tuple[tuple[str, str], ...] = ()
    request_body: str | None = None
    request_size: int = 0
    attempt: int = 1
    verify_tls: bool = True
    address: str | None = None
    status: int | None = None
    response_size: int = 0
    elapsed_ms: int = 0
    error: str | None = None

    def as_dict(self) -> dict[str, Json]:
        """Plain values only, times in ISO 8601."""
        headers = [list(pair) for pair in self.request_headers]
        return {**asdict(self), "started_at": self.started_at.isoformat(), "request_headers": headers}

    def as_curl(self) -> str:
        """The same request as a command line, its secrets masked.

        >>> Trace("GET", "https://example.com/?key=***", datetime(2026, 11, 21)).as_curl()
        "curl 'https://example.com/?key=***'"
        """
        words = ["curl"]
        if self.method == "HEAD":
            words.append("--head")
        elif self.method != "GET":
            words += ["-X", self.method]
        if not self.verify_tls:
            words.append("--insecure")
        words.append(shlex.quote(self.url))
        for name, value in self.request_headers:
            words += ["-H", shlex.quote(f"{name}: {value}")]
        if self.request_body is not None:
            words += ["--data-raw", shlex.quote(self.request_body)]
        return " ".join(words)


class Mask:
    """Takes secrets out of texts, URLs and headers.

    >>> Mask(["s3cret"]).text("token s3cret"), Mask().url(URL("https://x.example/?api_key=1&page=2"))
    ('token ***', 'https://x.example/?api_key=***&page=2')
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(dict.fromkeys(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET))
        forms = {form for secret in self._secrets for form in _forms(secret)}
        self._forms = tuple(sorted(forms, key=len, reverse=True))

    def and_also(self, *secrets: str) -> Mask:
        """A mask that knows more secrets, such as a token just fetched."""
        return Mask((*self._secrets, *secrets))

    def text(self, text: str) -> str:
        """Known secrets masked, in plain, URL-encoded, JSON and base64 form, and members whose name says secret."""
        text = self._without_values(text)
        return _FORM_MEMBER.sub(rf"\1{MASKED}", _JSON_MEMBER.sub(rf'\1"{MASKED}"', text))

    def url(self, url: URL) -> str:
        """The URL with the values of secret-looking query names masked, and known secrets anywhere."""
        pairs = [(name, MASKED if _is_secret(name) else value) for name, value in url.query.items()]
        text = str(url.with_query(pairs) if any(value == MASKED for _, value in pairs) else url)
        return self._without_values(text)

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Header values masked where name or value is secret."""
        return tuple((name, MASKED if _is_secret(name) else self.text(value)) for name, value in headers)

    def body(self, body: bytes | None) -> str | None:
        """The beginning of a body as text; binary content only by its size."""
        if body is None:
            return None
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return f"<{len(body)} bytes>"
        # Masked before it is cut: half a secret is no known value any more.
        masked = self.text(text[: 2 * _BODY_EXCERPT])
        return masked if len(masked) <= _BODY_EXCERPT else masked[:_BODY_EXCERPT] + "…"

    def _without_values(self, text: str) -> str:
        # Signatures are new in every request: looking for each form costs less than a pattern that is used once.
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASKED)
        return text


def _is_secret(name: str) -> bool:
    lower = name.lower()
    return lower in _SECRET_HEADERS or (lower not in _OPEN_NAMES and _SECRET_NAME.search(lower) is not None)


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    quoted_json = secret.replace("\\", "\\\\").replace('"', '\\"')
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), encoded, encoded.rstrip("=")}
    in_query = str(URL.build(query={"k": secret})).removeprefix("?k=")
    return forms | {in_query, quoted_json, encoded.replace("+", "-").replace("/", "_").rstrip("=")}
