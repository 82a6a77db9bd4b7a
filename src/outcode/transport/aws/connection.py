"""An AWS access key as a connection holds it: who signs, for which region, and what must never be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from yarl import URL

from outcode.appkit.connections import AwsKeys
from outcode.appkit.template import PLACEHOLDER
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place
from outcode.values.references.rendering import render

# The region becomes part of a host name, so nothing may stand in it that could name another host.
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z0-9]+){1,4}")
_PRINTABLE = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, slots=True)
class AwsConnection:
    """A key with its region; ``base_url`` is the operator's address in place of AWS's own.

    >>> from outcode.appkit.base import Words
    >>> kind = AwsKeys(key="keys", label=Words(en="Key", ko="키"))
    >>> fields = {"access_key_id": "AKIA0", "secret_access_key": "s3", "region": "eu-west-1"}
    >>> AwsConnection.of(kind, fields).region
    'eu-west-1'
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    region: str
    values: Mapping[str, Json] = field(default_factory=dict, repr=False)
    """All fields of the connection: what ``FromConnection`` means."""
    base_url: URL | None = None

    @classmethod
    def of(cls, kind: AwsKeys, fields: Mapping[str, Json], *, base_url: str | None = None) -> Self:
        """The key that a kind makes of a connection's fields.

        Raises InputProblem ``aws_key_incomplete``, ``aws_key_invalid`` or ``aws_region_invalid`` with the place.
        """
        texts = {
            name: PLACEHOLDER.sub(lambda match: render(fields.get(match[1])), getattr(kind, name)).strip()
            for name in ("access_key_id", "secret_access_key", "session_token", "region")
        }
        for name, text in texts.items():
            place = Place(field=f"connection.{name}")
            if not text and name != "session_token":
                raise InputProblem("aws_key_incomplete", place, field=name)
            if not _PRINTABLE.fullmatch(text):
                raise InputProblem("aws_key_invalid", place, field=name)
        if not _REGION.fullmatch(texts["region"]):
            raise InputProblem("aws_region_invalid", Place(field="connection.region"), region=texts["region"][:60])
        return cls(**texts, values=fields, base_url=URL(base_url) if base_url else None)

    def secrets(self) -> tuple[str, ...]:
        """Every text that must not be shown."""
        return tuple(filter(None, (self.secret_access_key, self.session_token)))
