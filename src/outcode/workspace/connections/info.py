"""What is known of a connection: by the team, and by the one call that it is opened for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from outcode.transport.http.auth import OAuthClient
from outcode.values.json import Json

ConnectionState = Literal["untested", "working", "needs_attention", "needs_reconnect"]
"""``needs_attention``: the credentials were refused; ``needs_reconnect``: only connecting anew helps."""


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """A connection as anybody in the team may see it; sensitive fields are not part of it."""

    id: str
    app: str
    kind: str
    name: str
    settings: dict[str, Json]
    version: int
    state: ConnectionState
    identity: str | None
    """Whose account it is, as the vendor says; None where nobody has asked, or the vendor does not say."""
    problem: dict[str, Any] | None
    """Why it does not work, in the form that ``values.problems.restored`` reads."""
    tested_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    used_by: tuple[str, ...] = ()
    """The names of the flows that use it."""
    same_as: tuple[str, ...] = ()
    """Names of other connections to the same account of the same app."""


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """A connection opened for one call: all its fields in plain. Lives only as long as the call."""

    id: str
    app: str
    kind: str
    name: str
    version: int
    fields: Mapping[str, Json]
    secrets: tuple[str, ...]
    """The sensitive values, for redaction of whatever leaves the call."""
    state: ConnectionState = "untested"
    client: OAuthClient | None = None
    """The operator's client, where people agree on the vendor's page."""

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The hosts that credentials may be sent to, where the kind of connection names them."""
        return frozenset(str(host) for host in self.fields.get("allowed_hosts") or ())

    def __repr__(self) -> str:
        return f"OpenConnection(id={self.id!r}, app={self.app!r}, name={self.name!r})"
