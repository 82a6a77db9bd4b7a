"""Keeping secrets out of logs, run history, exports and error texts: each becomes ``••••``, which shows nothing of it.

A :class:`Redactor` knows the secrets of one call (a connection's credentials, a webhook's key) and finds them plain,
URL-encoded, JSON-escaped, and in base64, also where they are only a part of what was encoded (``user:password``); then
the whole run of base64 goes. Secrets of fewer than four characters are not looked for (in base64, fewer than five
bytes): they would be found everywhere.
Headers, parameters and keys whose very name says that they hold a secret are masked whatever they hold.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cached_property
from urllib.parse import quote, quote_plus

from outcode.values.json import Json

MASK = "••••"
SHORTEST_SECRET = 4
SHORTEST_SECRET_IN_DATA = 8
_SHORTEST_FRAGMENT = 6
_LONGEST_NUMBER_BITS = 4_000
"""Python refuses to write much longer numbers as text."""

SENSITIVE_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie"}
    | {"x-outcode-api-key", "x-outcode-user-api-key", "x-api-key", "x-auth-token", "api-key", "x-goog-api-key"}
)
SENSITIVE_KEYS = frozenset(
    {"password", "passwd", "pwd", "secret", "token", "api_key", "apikey", "api-key", "access_token", "refresh_token"}
    | {"id_token", "client_secret", "private_key", "access_key", "secret_key", "session_token"}
)
SENSITIVE_PARAMETERS = SENSITIVE_KEYS | {"key", "sig", "signature", "auth"}
"""``key`` is a secret in a query (``?key=``), and a plain name everywhere else."""


def _alternatives(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))


_HEADER = re.compile(rf"(?i)(?<![\w-])({_alternatives(SENSITIVE_HEADERS)})([ \t]*[:=][ \t]*)[^\r\n]+")
_PARAMETER = re.compile(rf"(?i)(?<![\w-])({_alternatives(SENSITIVE_PARAMETERS)})=([^&\s#\"'<>;]+)")
_MEMBER = re.compile(
    rf"(?i)([\"'])({_alternatives(SENSITIVE_HEADERS | SENSITIVE_KEYS)})\1(\s*:\s*)([\"'])"
    r"(?:[^\\\"']|\\.|(?!\4)[\"'])*(?:\4|\Z)",
    re.DOTALL,
)
_USER_INFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,30}://[^\s/:@?#]{0,200}):[^\s/@?#]{1,500}@")
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


class Redactor:
    """Replaces secrets by ``••••``.

    >>> Redactor(["hunter22"]).redact("curl -u ann:hunter22 https://x.io/?token=abc")
    'curl -u ann:•••• https://x.io/?token=••••'
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._whole = _Secrets(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
        self._in_data = _Secrets(secret for secret in self._whole.plain if len(secret) >= SHORTEST_SECRET_IN_DATA)

    def redact(self, text: str) -> str:
        """The text without secrets and without what stands behind sensitive names."""
        text = self._whole.hidden(text)
        if ":" in text:
            text = _MEMBER.sub(rf"\1\2\1\3\4{MASK}\4", text)
            text = _USER_INFO.sub(rf"\1:{MASK}@", text) if "://" in text else text
        if "=" in text:
            text = _PARAMETER.sub(rf"\1={MASK}", text)
        return _HEADER.sub(rf"\1\2{MASK}", text) if ":" in text or "=" in text else text

    def redact_data(self, value: Json) -> Json:
        """A copy of what people go on to work with: only the secrets themselves go, those of eight or more characters.

        What stands under a name such as ``token`` may be what the next task needs, and a short password such as
        ``test`` is a word of people's data.
        """
        return self._in_data.hidden_in(value) if self._in_data.plain else value

    def redact_json(self, value: Json) -> Json:
        """A copy without secrets, keys included; what stands under a sensitive key is masked as a whole.

        What is nested too deeply to be looked through is masked.
        """
        try:
            return self._value(value)
        except RecursionError:
            return MASK

    def _value(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return {
                self.redact(key) if isinstance(key, str) else key: (
                    MASK if _is_sensitive(key) and item is not None and item != "" else self._value(item)
                )
                for key, item in value.items()
            }
        return self._whole.hidden_in(value)


class _Secrets:
    """The secrets of one call, and their forms to look for."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.plain = frozenset(secrets)
        self._forms = _longest_first(form for secret in self.plain for form in _forms(secret))
        self._fragments = _longest_first(fragment for secret in self.plain for fragment in _base64_fragments(secret))

    def hidden(self, text: str) -> str:
        """The text without the secrets; looking for them plainly first spares most texts the patterns."""
        if any(fragment in text for fragment in self._fragments):
            text = _without_runs(text, self._fragment_pattern)
        if any(form in text for form in self._forms):
            text = self._form_pattern.sub(MASK, text)
        return text

    @cached_property
    def _form_pattern(self) -> re.Pattern[str]:
        return _pattern(self._forms)

    @cached_property
    def _fragment_pattern(self) -> re.Pattern[str]:
        return _pattern(self._fragments)

    def hidden_in(self, value: Json) -> Json:
        """A copy without the secrets, keys included; what is nested too deeply to be looked through is masked."""
        try:
            return self._value(value)
        except RecursionError:
            return MASK

    def _value(self, value: Json) -> Json:
        match value:
            case str():
                return self.hidden(value)
            case list():
                return [self._value(item) for item in value]
            case dict():
                return {self.hidden(key): self._value(item) for key, item in value.items()}
            case bool() | None:
                return value
            case int() if value.bit_length() < _LONGEST_NUMBER_BITS and str(value) in self.plain:
                return MASK
            case _:
                return value


def _is_sensitive(key: object) -> bool:
    return isinstance(key, str) and (key.lower() in SENSITIVE_HEADERS or key.lower() in SENSITIVE_KEYS)


def _longest_first(forms: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(forms), key=lambda form: (-len(form), form)))


def _pattern(forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(form) for form in forms))


def _forms(secret: str) -> Iterable[str]:
    yield secret
    for encoded in (quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace")):
        yield encoded
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)
    yield quote(secret, errors="replace")
    escaped = "".join(_JSON_ESCAPES.get(character, character) for character in secret)
    for written in (escaped, "".join(map(_ascii, escaped))):
        yield written
        yield written.replace("/", "\\/")
        yield _UNICODE_ESCAPE.sub(lambda found: found[0].upper().replace("U", "u"), written)


_UNICODE_ESCAPE = re.compile(r"\\u[0-9a-f]{4}")
_JSON_ESCAPES = {chr(code): f"\\u{code:04x}" for code in range(32)} | {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    units = character.encode("utf-16-be", errors="replace").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _base64_fragments(secret: str) -> Iterable[str]:
    """The characters that stand for the secret alone, for each of the three ways it can be aligned."""
    data = secret.encode(errors="replace")
    for before in range(3):
        encoded = b64encode(b"\0" * before + data).decode()
        certain = encoded[(0, 2, 3)[before] : (before + len(data)) * 8 // 6]
        if len(certain) >= _SHORTEST_FRAGMENT:
            yield certain
            yield certain.replace("+", "-").replace("/", "_")


def _without_runs(text: str, fragments: re.Pattern[str]) -> str:
    written: list[str] = []
    position = 0
    while found := fragments.search(text, position):
        start, end = found.span()
        while start > position and text[start - 1] in _BASE64:
            start -= 1
        while end < len(text) and text[end] in _BASE64:
            end += 1
        while end < len(text) and text[end] == "=":
            end += 1
        written += [text[position:start], MASK]
        position = end
    return "".join([*written, text[position:]])
