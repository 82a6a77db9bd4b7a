"""How an app is connected to: the kinds of credentials, each with the fields its form asks.

A connection's fields live in ``fields``; those marked ``sensitive`` are stored encrypted and never shown again.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field as _Field

from outcode.appkit.base import Declared, Words
from outcode.appkit.fields import Field


class _ConnectionKind(Declared):
    label: Words
    fields: tuple[Field, ...]
    required: bool = True
    """False where actions also work without a connection."""


class HttpCredential(_ConnectionKind):
    """Basic, bearer, key in a header or the query; attached only to the hosts the connection allows."""

    kind: Literal["http_credential"] = "http_credential"


class DatabaseCredential(_ConnectionKind):
    """Host, port, database, user and password of a database server."""

    kind: Literal["database"] = "database"
    dialect: Literal["postgresql", "mysql", "sqlserver", "oracle"]


class FileConnection(_ConnectionKind):
    """The file itself is the connection; its field ``file`` is the upload."""

    kind: Literal["file"] = "file"


ConnectionKind = Annotated[HttpCredential | DatabaseCredential | FileConnection, _Field(discriminator="kind")]
