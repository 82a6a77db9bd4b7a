"""What each kind of connection does at a call: which flow gets its tokens, what it adds, and when it is over."""

from __future__ import annotations

from datetime import datetime

from outcode.appkit.connections import (
    ApiKey,
    AwsKeys,
    Basic,
    Bearer,
    ClientCredentials,
    LoginSession,
    NoCredential,
    OAuth2Code,
    RequestSignature,
    SecretUrl,
    ServiceAccount,
)
from outcode.transport.http.auth import signature
from outcode.transport.http.auth.adding import with_headers
from outcode.transport.http.auth.connection import HttpConnection
from outcode.transport.http.auth.keys import with_key
from outcode.transport.http.auth.oauth_code import refreshed
from outcode.transport.http.auth.refusals import holds, json_of, meaning_of, refused
from outcode.transport.http.auth.session import logged_in, with_session
from outcode.transport.http.auth.texts import filled_text
from outcode.transport.http.auth.token_endpoint import client_credentials
from outcode.transport.http.auth.tokens import Flow, Tokens
from outcode.transport.http.decode import Response
from outcode.transport.http.prepare import PreparedRequest
from outcode.transport.http.trace import Mask
from outcode.values.problems import Problem


def grant(connection: HttpConnection, previous: Tokens | None, *, now: datetime) -> Flow | None:
    """The flow that gets tokens, ``previous`` being the last ones; None: the kind needs none."""
    match connection.kind:
        case ClientCredentials() as kind:
            return client_credentials(connection, kind, now=now)
        case OAuth2Code() as kind:
            return refreshed(connection, kind, previous, now=now)
        case ServiceAccount() as kind:
            from outcode.transport.http.auth.service_account import asserted  # noqa: PLC0415 - PyJWT, for few calls

            return asserted(connection, kind, now=now)
        case LoginSession() as kind:
            return logged_in(connection, kind, now=now)
        case _:
            return None


def needs_tokens(connection: HttpConnection) -> bool:
    """Whether calls need tokens first."""
    return isinstance(connection.kind, ClientCredentials | OAuth2Code | ServiceAccount | LoginSession)


def authorized(
    request: PreparedRequest, connection: HttpConnection, tokens: Tokens | None, *, now: datetime, salt: str
) -> PreparedRequest:
    """The request with the connection's credentials in it; pure, and called anew for every attempt.

    Raises InputProblem ``http_header_invalid``, ``credential_needs_body`` or ``connection_incomplete``.
    """
    values = connection.values(tokens)
    match connection.kind:
        case NoCredential() | SecretUrl():
            return request
        case ApiKey() | Basic() | Bearer() as kind:
            return with_key(request, kind, values)
        case ClientCredentials() | OAuth2Code() | ServiceAccount() as kind:
            return with_headers(request, {"Authorization": filled_text(kind.header, values)})
        case AwsKeys() as kind:
            from outcode.transport.http.auth import aws  # noqa: PLC0415 - botocore, for few calls

            return aws.signed(request, kind, values, now=now)
        case RequestSignature() as kind:
            return signature.signed(request, kind, values, now=now, salt=salt)
        case LoginSession() as kind:
            return with_session(request, kind, values)


def is_over(response: Response, connection: HttpConnection) -> bool:
    """Whether an answer says that the credentials are not, or no longer, good: 401, or what the kind calls ended."""
    if isinstance(connection.kind, NoCredential):
        return False
    kind = connection.kind
    ended = kind.ended if isinstance(kind, ClientCredentials | OAuth2Code | ServiceAccount | LoginSession) else ()
    if response.status != 401 and not ended:
        return False
    data = json_of(response)
    if any(holds(sign, data) for sign in ended):
        return True
    return response.status == 401 and meaning_of(response, data, connection.errors) == "credentials"


def refusal(response: Response, connection: HttpConnection, mask: Mask) -> Problem:
    """The problem ``connection_refused_credentials`` of an answer that :func:`is_over`, when nothing can be renewed."""
    return refused("connection_refused_credentials", response, json_of(response), connection.errors, mask)
