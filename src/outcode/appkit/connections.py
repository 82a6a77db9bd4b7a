"""How an app is connected to: one kind for each way of proving who is calling, each with the fields its form asks.

A connection's fields live in ``fields``; those marked ``sensitive`` are stored encrypted and never shown again. Texts
such as ``value`` of :class:`ApiKey` hold ``{field}`` placeholders for them. Everything a kind says is data; the room
``transport`` carries it out, and sends credentials to ``hosts`` of the app only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field as _Field

from outcode.appkit.base import Declared, Words
from outcode.appkit.calls import Request
from outcode.appkit.errors import Success
from outcode.appkit.fields import Field


class _ConnectionKind(Declared):
    key: str
    """Permanent name among the app's kinds, such as ``api_token``."""
    label: Words
    fields: tuple[Field, ...] = ()
    steps: tuple[Words, ...] = ()
    """What a person does on the vendor's side to get what the form asks, one sentence a step."""
    link: str | None = None
    """The vendor's page on it."""


class _HttpKind(_ConnectionKind):
    base_url: str | None = None
    """Replaces the app's where connections of this kind go elsewhere; may hold ``{connection.name}``, also of what a
    token answer or a login gave. The operator's own address still comes first."""


class NoCredential(_HttpKind):
    """Nothing is proven; the connection only holds settings, such as which hosts may be called."""

    kind: Literal["none"] = "none"


class ApiKey(_HttpKind):
    """A key in a header, in the query, or as a member of the JSON body.

    >>> words = Words(en="Key", ko="키")
    >>> ApiKey(key="k", label=words, place="header", name="Authorization", value="Key {api_key}").place
    'header'
    """

    kind: Literal["api_key"] = "api_key"
    place: Literal["header", "query", "body"]
    name: str
    value: str
    encoded: bool = False
    """Whether the vendor also shows the key percent-encoded, so that a pasted one may have to be decoded first."""


class Basic(_HttpKind):
    """HTTP basic authentication (RFC 7617)."""

    kind: Literal["basic"] = "basic"
    username: str = "{username}"
    password: str = "{password}"


class Bearer(_HttpKind):
    """A token that does not change, in ``Authorization: Bearer`` (RFC 6750)."""

    kind: Literal["bearer"] = "bearer"
    token: str = "{token}"


class _TokenEndpoint(_HttpKind):
    """URLs are absolute, or paths that follow the base URL. ``access_token``, ``refresh_token`` and ``expires_in`` are
    paths into the token answer."""

    token_url: str
    token_body: Literal["form", "json"] = "form"
    client_authentication: Literal["basic", "body", "either"] = "basic"
    """How the client proves itself: in the header, in the form, or in the header first and then in the form."""
    token_parameters: Mapping[str, str] = {}
    """More members of the form sent to ``token_url``; empty ones are left out."""
    parameter_names: Mapping[str, str] = {}
    """How the vendor spells the standard's parameters, where not as the standard: ``client_id`` to ``clientId``."""
    access_token: str = "access_token"
    refresh_token: str = "refresh_token"
    expires_in: str = "expires_in"
    token_lifetime_seconds: int | None = None
    """How long a token is good when the answer does not say; None: until it is refused."""
    header: str = "Bearer {access_token}"
    """The ``Authorization`` header of a call."""
    ended: tuple[Success, ...] = ()
    """What an answer holds (any of these) once the token is no longer good, besides status 401."""


class ClientCredentials(_TokenEndpoint):
    """OAuth 2.0 client credentials (RFC 6749, 4.4)."""

    kind: Literal["client_credentials"] = "client_credentials"
    client_id: str = "{client_id}"
    client_secret: str = "{client_secret}"
    scope: str = ""


class OAuth2Code(_TokenEndpoint):
    """OAuth 2.0 authorization code (RFC 6749, 4.1) with PKCE (RFC 7636) where the vendor takes it.

    The client belongs to the operator, who sets its id and secret once for the app; a person only agrees on the
    vendor's page. ``refresh``: ``token`` exchanges a refresh token (RFC 6749, 6), also when it rotates; ``none``: the
    token does not expire or cannot be renewed, and the connection asks to be made anew.
    """

    kind: Literal["oauth2_code"] = "oauth2_code"
    authorize_url: str
    scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    pkce: bool = True
    authorize_parameters: Mapping[str, str] = {}
    refresh: Literal["token", "none"] = "token"
    kept: Mapping[str, str] = {}
    """Members of the token answer that calls need as ``{connection.name}``: their name to their path."""
    revoke_url: str | None = None


class ServiceAccount(_TokenEndpoint):
    """A signed assertion exchanged for a token (RFC 7523), such as a Google service account's.

    ``key_file``: the field that holds the vendor's JSON key; its members are then placeholders, too
    (``{client_email}``). ``claims`` are those of the assertion besides ``iat`` and ``exp``.
    """

    kind: Literal["service_account"] = "service_account"
    key_file: str | None = None
    private_key: str = "{private_key}"
    key_id: str = ""
    algorithm: Literal["RS256", "ES256"] = "RS256"
    claims: Mapping[str, str]
    lifetime_seconds: int = 3600


class AwsKeys(_HttpKind):
    """An AWS access key, used to sign requests (Signature Version 4).

    ``service`` is the name under which plain requests are signed; None: the first word of the host. Operations of AWS's
    service models name their own.
    """

    kind: Literal["aws_keys"] = "aws_keys"
    access_key_id: str = "{access_key_id}"
    secret_access_key: str = "{secret_access_key}"
    session_token: str = "{session_token}"
    region: str = "{region}"
    service: str | None = None


class RequestSignature(_HttpKind):
    """A signature over parts of each request, made anew for every attempt.

    ``secret``, ``message``, ``headers``, ``query`` and ``body`` (members added to the JSON body) are texts with the
    connection's fields and ``{method}``, ``{path}`` (no query), ``{query}``, ``{body}``, ``{timestamp}`` (Unix
    seconds), ``{timestamp_ms}``, ``{date}`` (ISO 8601, UTC), ``{salt}`` (32 hexadecimal digits, never twice), and,
    except in ``secret`` and ``message``, ``{signature}``.
    """

    kind: Literal["request_signature"] = "request_signature"
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    secret: str
    message: str
    encoding: Literal["hex", "base64"] = "hex"
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    body: Mapping[str, str] = {}


class LoginStep(Declared):
    """One request of a login; ``keep`` names what of its answer's JSON later steps and calls use: name to path.

    In the request, inputs are the connection's fields and what earlier steps kept. Of the request only method, URL,
    query, headers, body and body type count.
    """

    request: Request
    keep: Mapping[str, str]
    success: Success | None = None


class LoginSession(_HttpKind):
    """A session that is got by logging in, kept, shared by all processes and got anew when it has ended.

    One login at a time; a failed one is never repeated by itself, because vendors lock accounts. ``headers`` and
    ``query`` are texts with ``{name}`` for what the steps kept; ``base_url`` replaces the app's where the login says
    where to go, for calls and, as soon as everything in it is known, for paths of later steps. ``ended``: what an
    answer holds (any of these) once the session is over, besides status 401.
    """

    kind: Literal["login_session"] = "login_session"
    login: tuple[LoginStep, ...]
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    lifetime_seconds: int = 3600
    ended: tuple[Success, ...] = ()


class SecretUrl(_HttpKind):
    """The URL is the secret, such as that of an incoming webhook; calls write ``{connection.url}``.

    ``pattern`` is a regular expression that the URL must match, so that nobody stores another one by mistake.
    """

    kind: Literal["secret_url"] = "secret_url"
    url: str = "{url}"
    pattern: str | None = None


class DatabaseCredential(_ConnectionKind):
    """Host, port, user and password of a database server."""

    kind: Literal["database"] = "database"
    engine: Literal["postgresql", "cockroachdb", "mysql", "mariadb", "sqlserver", "oracle", "redis", "mongodb"]


CARRIED_ENGINES: Mapping[str, str | None] = {
    "postgresql": "postgresql",
    "cockroachdb": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "redis": None,
}
"""The engines that a transport carries calls to, each with the dialect of its queries; None: it takes none. Whoever
adds a transport adds its engines here, and apps of them may be declared."""


class FileConnection(_ConnectionKind):
    """The file itself is the connection: its field ``file`` is the upload, or its field ``url`` says where it is."""

    kind: Literal["file"] = "file"


ConnectionKind = Annotated[
    NoCredential
    | ApiKey
    | Basic
    | Bearer
    | ClientCredentials
    | OAuth2Code
    | ServiceAccount
    | AwsKeys
    | RequestSignature
    | LoginSession
    | SecretUrl
    | DatabaseCredential
    | FileConnection,
    _Field(discriminator="kind"),
]

HttpKind = (
    NoCredential
    | ApiKey
    | Basic
    | Bearer
    | ClientCredentials
    | OAuth2Code
    | ServiceAccount
    | AwsKeys
    | RequestSignature
    | LoginSession
    | SecretUrl
)
"""The kinds whose credentials go into HTTP requests."""


class ConnectionTest(Declared):
    """A harmless call that shows whether the credentials work, and whose they are.

    ``identity``: a text with ``{path}`` placeholders for values of the answer's data, such as ``{email} ({team})``:
    the connection's name in lists, and how the same account connected twice is noticed.
    """

    request: Request
    identity: str | None = None
