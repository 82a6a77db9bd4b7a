"""An app whose vendor is the authorization server of the tests, and a place that offers it."""

from __future__ import annotations

from datetime import date
from typing import Any

from outcode.appkit import (
    Action,
    App,
    Bearer,
    ConnectionTest,
    Input,
    Limit,
    OAuth2Code,
    Outputs,
    Request,
    TextField,
    Words,
)
from tests.support.authorization import Authorization

SAME = Words(en="Vendor", ko="벤더")


def vendor_app(server: Authorization, **more: Any) -> App:
    """Connects by consent, or with a token pasted; ``me`` asks whose account it is."""
    code = OAuth2Code(
        key="consent",
        label=SAME,
        authorize_url=server.authorize_url,
        token_url=server.token_url,
        scopes=("profile",),
        revoke_url=server.revoke_url,
    )
    token = TextField(key="token", label=SAME, required=True, sensitive=True)
    zone = TextField(key="zone", label=SAME)
    me = Request(method="GET", url="/me", retries=0)
    return App(
        slug="vendor",
        name="Vendor",
        category="Tests",
        description=SAME,
        base_url=server.base,
        connections=(code, Bearer(key="token", label=SAME, fields=(token, zone))),
        limits=(Limit(calls=500, seconds=1, source="https://vendor.example/limits", checked=date(2026, 11, 20)),),
        test=ConnectionTest(request=me, identity="{email}"),
        actions=(
            Action(
                key="me",
                name="Me",
                description=SAME,
                fields=(TextField(key="note", label=SAME),),
                call=Request(method="GET", url="/me", query={"note": Input(field="note")}, retries=0),
                outputs=Outputs(result="data"),
                idempotent=True,
            ),
        ),
        **more,
    )
