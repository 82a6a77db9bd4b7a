"""Connecting apps whose vendor asks the person: off to the vendor's page, and what happens when the browser is back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from outcode.appkit import App, OAuth2Code
from outcode.runs.connecting import Connector
from outcode.transport.http import HttpClient
from outcode.transport.http.auth import HttpConnection, Tokens, authorization_url, exchanged, new_verifier
from outcode.values.json import Json
from outcode.values.problems import InputProblem, VendorRejected
from outcode.workspace.connections import ConnectionInfo, ConnectionStore, OpenConnection, Verified, draft
from outcode.workspace.oauth_clients import OAuthClientStore
from outcode.workspace.oauth_requests import Consent, OAuthRequestStore
from outcode.workspace.scope import Scope

_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brings back from the vendor's page (RFC 6749, 4.1.2)."""

    state: str
    code: str | None
    error: str | None = None
    error_description: str | None = None


class Consents:
    """Begins and finishes connections by consent."""

    def __init__(
        self,
        connector: Connector,
        connections: ConnectionStore,
        clients: OAuthClientStore,
        requests: OAuthRequestStore,
        http: HttpClient,
    ) -> None:
        self._connector = connector
        self._connections = connections
        self._clients = clients
        self._requests = requests
        self._http = http

    async def begin(
        self,
        scope: Scope,
        app: App,
        name: str,
        fields: Mapping[str, Json],
        *,
        kind: str | None = None,
        callback: str,
        session: str | None,
        reconnect: bool = False,
    ) -> str:
        """The address of the vendor's page on which the person agrees.

        Raises InputProblem for wrong fields and kinds without consent, Conflict when the name is taken, SetupProblem
        when the operator has set no client.
        """
        if reconnect:
            new = await self._connections.changed(scope, app, name, fields, kind=kind)
        else:
            new = draft(app, name, fields, kind=kind)
            await self._connections.refuse_taken(scope, new.name)
        if not isinstance(new.kind, OAuth2Code):
            raise InputProblem("connection_without_consent", app=app.name)
        connection = self._as_http(app, new.opened(await self._clients.find(app.slug)))
        consent = Consent(new, not reconnect, new_verifier(), callback)
        state = await self._requests.open(scope, consent, session)
        url = authorization_url(connection, new.kind, redirect_uri=callback, state=state, verifier=consent.verifier)
        return str(url)

    async def finish(self, scope: Scope, back: Returned, session: str) -> ConnectionInfo:
        """Exchange the code, try what came, and store the connection; a problem leaves everything as it was."""
        consent = await self._requests.spend(scope, back.state, session)
        new = consent.draft
        _refuse_refusal(new.app, back)
        if not isinstance(new.kind, OAuth2Code) or not back.code:
            raise InputProblem("oauth_code_missing", app=new.app.name)
        opened = new.opened(await self._clients.find(new.app.slug))
        connection = self._as_http(new.app, opened)
        flow = exchanged(
            connection,
            new.kind,
            back.code,
            redirect_uri=consent.callback,
            verifier=consent.verifier,
            now=datetime.now(UTC),
        )
        tokens: Tokens = await self._http.run(flow, connection, None)
        tested = await self._connector.tried(scope, new, opened, tokens)
        # An app without a test call has nothing more to say than that the vendor handed out tokens.
        tested = tested or Verified(tokens=tokens)
        if consent.is_new:
            return await self._connections.insert(scope, new, tested)
        return await self._connections.replace(scope, new, tested)

    @staticmethod
    def _as_http(app: App, opened: OpenConnection) -> HttpConnection:
        return HttpConnection.of(app, opened, client=opened.client)


def _refuse_refusal(app: App, back: Returned) -> None:
    if back.error == "access_denied":
        raise VendorRejected("oauth_denied", app=app.name)
    if back.error is not None:
        said = " ".join(f"{back.error} {back.error_description or ''}".split())
        raise VendorRejected("oauth_not_granted", app=app.name, reason=said[:_LONGEST_REASON])
