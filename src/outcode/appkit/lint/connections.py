"""Connection kinds: every placeholder has its field, every secret is kept as one, people know where to get it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from outcode.appkit.app import App
from outcode.appkit.connections import (
    CARRIED_ENGINES,
    ApiKey,
    AwsKeys,
    Basic,
    Bearer,
    ClientCredentials,
    ConnectionKind,
    DatabaseCredential,
    FileConnection,
    LoginSession,
    NoCredential,
    OAuth2Code,
    RequestSignature,
    SecretUrl,
    ServiceAccount,
)
from outcode.appkit.fields import ChoiceField
from outcode.appkit.lint.answers import success_findings
from outcode.appkit.lint.fields import fields_findings
from outcode.appkit.lint.requests import host_of, request_findings, secret_findings
from outcode.appkit.lint.taken import connection_placeholders, inputs_of, is_path, known_of, placeholders, unknown_to
from outcode.appkit.lint.words import label_findings, words_findings

_OF_REQUEST = {"method", "path", "query", "body", "timestamp", "timestamp_ms", "date", "salt"}
_OF_TOKENS = {"access_token"}
_ABSOLUTE = re.compile(r"https?://")
# A whole domain behind the placeholder: whoever fills it in must not choose whose host it is.
_WRITTEN_HOST = re.compile(r"(?:.*\}\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|localhost")
_SECRET_KEY = re.compile(r"(?:\A|_)(?:password|passwd|secret|passphrase|private_key|access_token|refresh_token)\Z")


def connection_findings(app: App, kind: ConnectionKind) -> Iterator[str]:
    """Of one way to connect."""
    place = f"{app.slug}.{kind.key}"
    yield from label_findings(place, kind.label)
    yield from fields_findings(place, kind.fields)
    for field in kind.fields:
        if isinstance(field, ChoiceField):
            yield f"{place}.{field.key}: choices need a connection, which is only being made"
        if _SECRET_KEY.search(field.key) and not field.sensitive:
            yield f"{place}.{field.key}: holds a secret by its name and is not sensitive"
    for step in kind.steps:
        yield from words_findings(place, "step", step, translated=True)
    if (app.base_url or app.hosts) and not isinstance(kind, NoCredential | DatabaseCredential | FileConnection):
        if not kind.steps:
            yield f"{place}: no steps tell how to get what the form asks"
        if kind.link is None:
            yield f"{place}: no link to the vendor's page on it"
    if kind.link is not None and not kind.link.startswith("https://"):
        yield f"{place}: link is not an https address"
    base_url = getattr(kind, "base_url", None) or app.base_url
    if base_url is not None:
        for name in unknown_to(kind, connection_placeholders(base_url)):
            yield f"{place}: base_url takes {name!r}, which this kind has not"
        yield from secret_findings(f"{place} base_url", app.model_copy(update={"connections": (kind,)}), base_url)
    yield from _placeholders(place, kind)
    yield from _secrets(place, kind)
    yield from _of_kind(place, app, kind)


def test_findings(app: App) -> Iterator[str]:
    """Of the call that tries a connection."""
    if app.test is None:
        return
    place = f"{app.slug} test"
    yield from request_findings(place, app, app.test.request)
    for name in sorted(set(inputs_of(app.test.request))):
        yield f"{place}: takes the field {name!r}, and a test has no form"
    if app.test.identity is not None:
        paths = placeholders(app.test.identity)
        if not paths:
            yield f"{place}: identity is the same for every account"
        for path in paths:
            if not is_path(path):
                yield f"{place}: {path!r} in identity is not a path"


def _texts(kind: ConnectionKind) -> Iterator[tuple[str, set[str]]]:
    """The written texts of a kind, each with the names that it may hold besides the kind's fields."""
    match kind:
        case ApiKey():
            yield from ((text, set()) for text in (kind.name, kind.value))
        case Basic():
            yield from ((text, set()) for text in (kind.username, kind.password))
        case Bearer():
            yield kind.token, set()
        case AwsKeys():
            texts = (kind.access_key_id, kind.secret_access_key, kind.region)
            yield from ((text, set()) for text in texts)
        case SecretUrl():
            yield kind.url, set()
        case RequestSignature():
            yield kind.secret, set()
            yield kind.message, _OF_REQUEST
            for parts in (kind.headers, kind.query, kind.body):
                yield from ((text, _OF_REQUEST | {"signature"}) for text in parts.values())
        case LoginSession():
            yield from ((text, set()) for text in (*kind.headers.values(), *kind.query.values()))
        case ClientCredentials() | OAuth2Code() | ServiceAccount():
            yield kind.header, _OF_TOKENS
            yield kind.token_url, set()
            yield from ((text, set()) for text in _token_texts(kind))


def _token_texts(kind: ClientCredentials | OAuth2Code | ServiceAccount) -> Iterator[str]:
    parts: list[str] = list(kind.token_parameters.values())
    match kind:
        case ClientCredentials():
            parts += [kind.client_id, kind.client_secret, kind.scope]
        case OAuth2Code():
            parts += [kind.authorize_url, *kind.scopes, *kind.authorize_parameters.values(), kind.revoke_url or ""]
        case ServiceAccount():
            parts += [kind.private_key, kind.key_id, *kind.claims.values()]
    yield from parts


def _placeholders(place: str, kind: ConnectionKind) -> Iterator[str]:
    known = known_of(kind)
    if known is None:
        return
    for text, more in _texts(kind):
        for name in placeholders(text):
            if name.removeprefix("connection.") not in known | more:
                yield f"{place}: {{{name}}} in {text[:60]!r} is no field of it"


def _secret_texts(kind: ConnectionKind) -> Iterator[str]:
    """Of each kind the text that proves something; at least one field in it is secret."""
    match kind:
        case ApiKey():
            yield kind.value
        case Basic():
            yield kind.username + kind.password
        case Bearer():
            yield kind.token
        case ClientCredentials():
            yield kind.client_secret
        case ServiceAccount():
            yield "{" + kind.key_file + "}" if kind.key_file else kind.private_key
        case AwsKeys():
            yield kind.secret_access_key
        case RequestSignature():
            yield kind.secret
        case SecretUrl():
            yield kind.url


def _secrets(place: str, kind: ConnectionKind) -> Iterator[str]:
    secret = {field.key for field in kind.fields if field.sensitive}
    for text in _secret_texts(kind):
        if not secret & {name.removeprefix("connection.") for name in placeholders(text)}:
            yield f"{place}: nothing in {text[:60]!r} is a sensitive field, and it is what proves who is calling"
    if isinstance(kind, LoginSession | DatabaseCredential) and not secret:
        yield f"{place}: no field is sensitive, and one of them proves who is calling"


def _of_kind(place: str, app: App, kind: ConnectionKind) -> Iterator[str]:
    match kind:
        case LoginSession():
            yield from _login(place, app, kind)
        case ClientCredentials() | OAuth2Code() | ServiceAccount():
            if isinstance(kind, OAuth2Code):
                yield from _paths(place, kind.kept)
                yield from _client_hosts(place, app, kind)
            yield from _paths(place, {name: getattr(kind, name) for name in ("access_token", "refresh_token")})
            for success in kind.ended:
                yield from success_findings(place, success)
        case SecretUrl(pattern=pattern) if pattern is not None:
            try:
                re.compile(pattern)
            except re.error:
                yield f"{place}: pattern is not a regular expression"
        case DatabaseCredential(engine=engine) if engine not in CARRIED_ENGINES:
            yield f"{place}: no transport carries calls to {engine!r}"
        case FileConnection():
            if not {"file", "url"} & {field.key for field in kind.fields}:
                yield f"{place}: a file connection has a field file or url"


def _client_hosts(place: str, app: App, kind: OAuth2Code) -> Iterator[str]:
    """The operator's client secret goes to these hosts, so no member of a team may name them."""
    for part in ("authorize_url", "token_url", "revoke_url"):
        url = getattr(kind, part)
        if url is None:
            continue
        followed = [base for base in (kind.base_url, app.base_url) if base] if url.startswith("/") else [url]
        if not followed or not all(
            _ABSOLUTE.match(each) and _WRITTEN_HOST.fullmatch(host_of(each)) for each in followed
        ):
            yield f"{place}: the host of {part} is not written, and the operator's client secret goes there"


def _login(place: str, app: App, kind: LoginSession) -> Iterator[str]:
    if not kind.login:
        yield f"{place}: has no step that logs in"
    known = {field.key for field in kind.fields}
    for step in kind.login:
        yield from request_findings(f"{place} login", app, step.request, kept=frozenset(known))
        for name in sorted(set(inputs_of(step.request)) - known):
            yield f"{place} login: takes {name!r}, which is no field of it and not kept by an earlier step"
        yield from _paths(place, step.keep)
        yield from success_findings(place, step.success)
        known |= set(step.keep)
    for success in kind.ended:
        yield from success_findings(place, success)


def _paths(place: str, kept: Mapping[str, str]) -> Iterator[str]:
    for name, path in kept.items():
        if not is_path(path):
            yield f"{place}: {path!r}, kept as {name!r}, is not a path"
