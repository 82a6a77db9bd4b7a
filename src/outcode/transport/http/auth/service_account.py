"""Service accounts: an assertion signed with the account's own key, exchanged for a token (RFC 7523)."""

from __future__ import annotations

from datetime import datetime, timedelta

import jwt

from outcode.appkit.connections import ServiceAccount
from outcode.transport.http.auth.connection import HttpConnection
from outcode.transport.http.auth.service_key import private_key
from outcode.transport.http.auth.texts import filled_text, names_in
from outcode.transport.http.auth.token_endpoint import ask, read
from outcode.transport.http.auth.tokens import Flow
from outcode.values.problems import InputProblem, Place

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def asserted(connection: HttpConnection, kind: ServiceAccount, *, now: datetime) -> Flow:
    """The flow from the account's key to a token; raises InputProblem ``service_key_...`` with the field's place."""
    assertion = assertion_of(connection, kind, now=now)
    form = {"grant_type": GRANT_TYPE, "assertion": assertion}
    reply = yield from ask(connection, kind, form, None, private=(assertion, assertion.rpartition(".")[2]))
    return read(connection, kind, reply, None, now=now, refusal="connection_refused_credentials")


def assertion_of(connection: HttpConnection, kind: ServiceAccount, *, now: datetime) -> str:
    """The signed assertion (a JWT) of this moment."""
    values = connection.values(None)
    field = kind.key_file or min(names_in(kind.private_key), default="private_key")
    place = Place(field=f"connection.{field}")
    key = private_key(filled_text(kind.private_key, values), kind.algorithm, place)
    claims: dict[str, str | int] = {name: filled_text(text, values) for name, text in kind.claims.items()}
    for name, text in claims.items():
        if text == "":
            raise InputProblem("service_key_incomplete", place, member=_member(kind.claims[name]))
    begin = int(now.timestamp())
    claims |= {"iat": begin, "exp": int((now + timedelta(seconds=kind.lifetime_seconds)).timestamp())}
    key_id = filled_text(kind.key_id, values)
    return jwt.encode(claims, key, algorithm=kind.algorithm, headers={"kid": key_id} if key_id else None)


def _member(text: str) -> str:
    return ", ".join(sorted(names_in(text)))
