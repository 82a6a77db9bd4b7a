"""A connection as the transport sees it: its kind, what its fields say, and to which hosts its credentials may go.

A credential belongs to hosts, not to a task: whoever writes the URL of a task must not be able to have it sent
elsewhere, neither directly nor by a redirect.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, Self
from urllib.parse import unquote

from yarl import URL

from outcode.appkit.app import App
from outcode.appkit.base import Words
from outcode.appkit.connections import (
    ApiKey,
    Basic,
    HttpKind,
    LoginSession,
    NoCredential,
    SecretUrl,
    ServiceAccount,
)
from outcode.appkit.errors import ErrorMap
from outcode.transport.http.auth.given import completed, hidden, host_entry, hosts_of, own_hosts, with_url
from outcode.transport.http.auth.texts import filled_text, filled_url, names_in
from outcode.transport.http.auth.tokens import Tokens
from outcode.transport.http.trace import Mask
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references.rendering import render

Origin = tuple[str, str | None, int | None]

_NOBODY = NoCredential(key="none", label=Words(en="None", ko="없음"))
_NO_ERRORS = ErrorMap()
_TOKEN_NAMES = {"access_token", "refresh_token", "id_token"}


class StoredConnection(Protocol):
    """A connection as it is stored, all fields in plain."""

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def kind(self) -> str: ...

    @property
    def fields(self) -> Mapping[str, Json]: ...


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The operator's client at a vendor."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class HttpConnection:
    """A connection, ready for calls: made by :meth:`of`, and by :meth:`after` once there are tokens.

    ``base_url``: what paths of requests follow, None as long as it is not known. ``hosts``: ``name`` or ``name:port``;
    empty: only where a call began. ``bases``: the written base URLs, the first that can be filled counts.
    """

    id: str
    version: int
    kind: HttpKind
    fields: Mapping[str, Json] = field(repr=False)
    base_url: str | None = None
    hosts: tuple[str, ...] = ()
    client: OAuthClient | None = None
    errors: ErrorMap = _NO_ERRORS
    bases: tuple[str, ...] = ()
    app: str = ""

    @classmethod
    def of(
        cls,
        app: App,
        stored: StoredConnection | None,
        *,
        base_url: str | None = None,
        client: OAuthClient | None = None,
    ) -> Self:
        """The connection of an app; None: none is used. ``base_url`` is the operator's own address of the vendor.

        Raises InputProblem: ``connection_kind_unknown``, ``connection_incomplete``, ``connection_host_invalid``,
        ``secret_url_invalid``, ``service_key_invalid`` or ``blocked_host``, with the field's place.
        """
        kind = _NOBODY if stored is None else app.connection_kind(stored.kind)
        if not isinstance(kind, HttpKind):
            known = [each.key for each in app.connections if isinstance(each, HttpKind)]
            raise InputProblem("connection_kind_unknown", app=app.name, value=stored and stored.kind, known=known)
        fields = completed(kind, stored.fields if stored is not None else {})
        fields = with_url(kind, fields, base_url)
        written = (base_url,) if base_url else tuple(filter(None, (kind.base_url, app.base_url)))
        listed = (*app.hosts, *(str(entry) for entry in fields.get("allowed_hosts") or ()))
        hosts = (*filter(None, map(host_entry, listed)), *own_hosts(kind, fields))
        made = cls(
            id=stored.id if stored is not None else "",
            version=stored.version if stored is not None else 0,
            kind=kind,
            fields=fields,
            hosts=tuple(dict.fromkeys(hosts)),
            client=client,
            errors=app.errors,
            bases=written,
            app=app.name,
        )
        return made.after(None)

    def after(self, tokens: Tokens | None) -> Self:
        """The connection once these tokens are there: they may say where calls go."""
        values = self.values(tokens)
        for written in self.bases:
            if all(values.get(name) not in {None, ""} for name in names_in(written)):
                base = filled_url(written, values).rstrip("/")
                hosts = tuple(dict.fromkeys((*self.hosts, *hosts_of(base))))
                return replace(self, base_url=base, hosts=hosts)
        return self

    def values(self, tokens: Tokens | None) -> Mapping[str, Json]:
        """What ``FromConnection`` and ``{connection.name}`` mean: fields, a key file's members, what tokens brought."""
        client = {"client_id": self.client.client_id} if self.client is not None else {}
        return {**client, **self.fields, **(tokens.values if tokens is not None else {})}

    def secrets(self, tokens: Tokens | None = None) -> tuple[str, ...]:
        """Every text that must not be shown, for whoever writes logs, traces or history."""
        return tuple(dict.fromkeys(filter(None, self._secrets(tokens))))

    def mask(self, tokens: Tokens | None = None) -> Mask:
        """What takes these secrets out of texts."""
        return Mask(self.secrets(tokens))

    def may_go_to(self, url: URL, home: Origin) -> bool:
        """Whether the credential may be sent to ``url`` in a call that began at ``home``.

        With hosts: to these only. Without: to the origin that the task names. Never from https down to http.
        """
        secure = home[0] == "https" or (self.base_url or "").startswith("https:")
        if secure and url.scheme == "http":
            return False
        if not self.hosts:
            return same_origin(origin_of(url), home)
        return not {str(url.raw_host), f"{url.raw_host}:{url.port}"}.isdisjoint(self.hosts)

    def _secrets(self, tokens: Tokens | None) -> Iterator[str]:
        for declared in self.kind.fields:
            if declared.sensitive:
                yield from hidden(render(self.fields.get(declared.key)))
        match self.kind:
            case ApiKey(encoded=True):
                yield unquote(filled_text(self.kind.value, self.fields))
            case Basic():
                password = filled_text(self.kind.password, self.fields)
                yield f"{filled_text(self.kind.username, self.fields)}:{password}" if password else ""
            case SecretUrl():
                yield from hidden(render(self.fields.get("url")))
            case ServiceAccount():
                yield filled_text(self.kind.private_key, self.fields)
        if self.client is not None:
            yield self.client.client_secret
        if tokens is not None:
            used = _TOKEN_NAMES
            if isinstance(self.kind, LoginSession):
                used = used | {
                    n for text in (*self.kind.headers.values(), *self.kind.query.values()) for n in names_in(text)
                }
            yield from (render(value) for name, value in tokens.values.items() if name in used)


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
