"""Credentials of a connection: what they add to a request, and to which hosts they may go.

A credential belongs to hosts, not to a task: whoever writes the URL of a task must not be able to have it sent
elsewhere, neither directly nor by a redirect.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from yarl import URL

from outcode.appkit.app import App
from outcode.appkit.base import Words
from outcode.appkit.connections import ApiKey, Basic, Bearer, ClientCredentials, ConnectionKind, NoCredential
from outcode.appkit.template import PLACEHOLDER
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place

AUTH_TYPES = ("none", "basic", "bearer", "api_key_header", "api_key_query", "oauth2_client_credentials")
_NEEDED = {
    "basic": ("username",),
    "bearer": ("token",),
    "api_key_header": ("name", "value"),
    "api_key_query": ("name", "value"),
    "oauth2_client_credentials": ("token_url", "client_id", "client_secret"),
}
_TEXTS = ("username", "password", "token", "name", "value", "token_url", "client_id", "client_secret", "scope")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")

Origin = tuple[str, str | None, int | None]


class StoredConnection(Protocol):
    """A connection as the workspace opens it."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, Json]: ...


Tokens = Mapping[str, Json]


class TokenKeeper(Protocol):
    """Where tokens are kept."""


_NO_KIND = NoCredential(key="none", label=Words(en="None", ko="없음"))


@dataclass(frozen=True, slots=True)
class HttpConnection:
    """The fields of an ``http_credential`` connection, complete for its auth type.

    >>> HttpConnection.from_fields({"auth_type": "bearer", "token": "t0p"}).auth_type
    'bearer'
    """

    auth_type: str = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    name: str = ""
    value: str = field(default="", repr=False)
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scope: str = ""
    allowed_hosts: tuple[str, ...] = ()
    id: str = ""
    base_url: str | None = None
    kind: ConnectionKind = field(default=_NO_KIND, compare=False)
    fields: Mapping[str, Json] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, app: App, stored: StoredConnection | None, *, base_url: str | None = None) -> Self:
        """The connection of an app that a call uses; without a stored one, none is proven."""
        fields = stored.fields if stored is not None else {}
        kind = app.connection_kind(stored.kind) if stored is not None else None
        address = base_url or app.base_url

        def value(match: re.Match[str]) -> str:
            return str(fields.get(match[1].removeprefix("connection.")) or "")

        def text(template: str) -> str:
            return PLACEHOLDER.sub(value, template)

        match kind:
            case Bearer():
                made = {"auth_type": "bearer", "token": text(kind.token)}
            case Basic():
                made = {"auth_type": "basic", "username": text(kind.username), "password": text(kind.password)}
            case ApiKey():
                made = {"auth_type": f"api_key_{kind.place}", "name": text(kind.name), "value": text(kind.value)}
            case ClientCredentials():
                made = {key: str(fields.get(key) or "") for key in ("token_url", "client_id", "client_secret", "scope")}
                made["auth_type"] = "oauth2_client_credentials"
            case _:
                made = {}
        connection = cls.from_fields({**made, "allowed_hosts": fields.get("allowed_hosts")})
        return replace(
            connection,
            id=stored.id if stored is not None else "",
            base_url=text(address) if address else None,
            kind=kind or _NO_KIND,
            fields=fields,
        )

    def after(self, _tokens: Tokens | None) -> Self:
        """The connection once these tokens are there."""
        return self

    def values(self, _tokens: Tokens | None) -> Mapping[str, Json]:
        """What ``{connection.name}`` means."""
        return self.fields

    @classmethod
    def from_fields(cls, fields: Mapping[str, Json]) -> Self:
        """A connection from its stored fields; raises InputProblem naming the field that is missing or wrong."""
        auth_type = fields.get("auth_type") or "none"
        if auth_type not in AUTH_TYPES:
            place = Place(field="connection.auth_type")
            raise InputProblem("http_setting_choice", place, value=str(auth_type)[:100], choices=list(AUTH_TYPES))
        texts: dict[str, Json] = {key: str(fields.get(key) or "") for key in _TEXTS}
        # A space or line break around a pasted key is never part of it; a password may hold anything.
        texts = {key: text if key == "password" else text.strip() for key, text in texts.items()}
        for key in _NEEDED.get(auth_type, ()):
            if not texts[key]:
                place = Place(field=f"connection.{key}")
                raise InputProblem("http_credential_incomplete", place, field=key, auth_type=auth_type)
        if auth_type == "api_key_header" and not _HEADER_NAME.match(texts["name"]):
            raise InputProblem("http_header_invalid", Place(field="connection.name"), name=texts["name"][:100])
        for key in ("token", "value"):
            if re.search(r"[\x00-\x1f\x7f]", texts[key]):
                raise InputProblem("http_header_invalid", Place(field=f"connection.{key}"), name=texts["name"] or key)
        hosts = tuple(filter(None, (_host(str(entry)) for entry in fields.get("allowed_hosts") or ())))
        return cls(auth_type=auth_type, allowed_hosts=hosts, **texts)

    def secrets(self) -> tuple[str, ...]:
        """Every text that must not be shown, for whoever writes logs or history."""
        pair = f"{self.username}:{self.password}" if self.password else ""
        return tuple(filter(None, (self.password, pair, self.token, self.value, self.client_secret)))

    def may_go_to(self, url: URL, home: Origin) -> bool:
        """Whether the credential may be sent to ``url`` in a call that began at ``home``.

        With allowed hosts: to these only. Without: to the origin that the task names. Never from https down to http.
        """
        if home[0] == "https" and url.scheme == "http":
            return False
        if not self.allowed_hosts:
            return same_origin(origin_of(url), home)
        return not {str(url.raw_host), f"{url.raw_host}:{url.port}"}.isdisjoint(self.allowed_hosts)


@dataclass(frozen=True, slots=True)
class Credential:
    """What is added to a request: one header or one query parameter, replacing any of that name."""

    header: tuple[str, str] | None = None
    query: tuple[str, str] | None = None

    def added_to(self, url: URL, headers: tuple[tuple[str, str], ...]) -> tuple[URL, tuple[tuple[str, str], ...]]:
        """URL and headers with the credential in them."""
        if self.query is not None:
            url = url.update_query([self.query])
        if self.header is not None:
            name = self.header[0].lower()
            headers = (*(pair for pair in headers if pair[0].lower() != name), self.header)
        return url, headers


def credential_of(connection: HttpConnection, access_token: str = "") -> Credential:
    """What a connection adds; ``access_token`` is the fetched one where its auth type needs one."""
    match connection.auth_type:
        case "basic":
            return Credential(header=("Authorization", basic(connection.username, connection.password)))
        case "bearer":
            return Credential(header=("Authorization", f"Bearer {connection.token}"))
        case "api_key_header":
            return Credential(header=(connection.name, connection.value))
        case "api_key_query":
            return Credential(query=(connection.name, connection.value))
        case "oauth2_client_credentials":
            return Credential(header=("Authorization", f"Bearer {access_token}"))
        case _:
            return Credential()


def basic(username: str, password: str) -> str:
    """The value of a basic ``Authorization`` header.

    >>> basic("Aladdin", "open sesame")
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
    """
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def origin_of(url: URL) -> Origin:
    """Scheme, host and port, the port never left out."""
    return url.scheme, url.raw_host, url.port


def same_origin(origin: Origin, home: Origin) -> bool:
    """Whether it is the same place, or the same host moved from http to https on the usual ports."""
    return origin == home or (home == ("http", home[1], 80) and origin == ("https", home[1], 443))


def _host(entry: str) -> str:
    text = entry.strip()
    try:
        url = URL(text if "://" in text else f"//{text}")
    except ValueError as error:
        raise InputProblem("blocked_host", Place(field="connection.allowed_hosts"), host=text, port="-") from error
    host = url.raw_host or ""
    return f"{host}:{url.explicit_port}" if url.explicit_port else host
