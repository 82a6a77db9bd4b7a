"""Who is asking, and how a browser gets its session."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from outcode.server.access import SESSION_COOKIE, CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer
from outcode.server.models import Me, Organization, Person, Team
from outcode.workspace.keys import open_session
from outcode.workspace.people import seat_of

router = APIRouter(tags=["people"], route_class=TeamRoute)
start_router = APIRouter(tags=["people"])

_SESSION_SECONDS = 14 * 24 * 3600


@router.get("/me", response_model=Me)
async def me(instance: CurrentInstance, scope: CurrentScope) -> Response:
    """The user, organization and team of this key or session."""
    seat = await seat_of(instance.database, scope)
    return answer(
        Me(
            user=Person(id=scope.user_id, name=seat.user_name, email=seat.user_email),
            organization=Organization(
                id=scope.organization_id,
                name=seat.organization_name,
                domain=seat.organization_domain,
                timezone=seat.timezone,
            ),
            team=Team(id=scope.team_id, name=seat.team_name),
        )
    )


@start_router.get("/start", response_class=RedirectResponse, status_code=303)
async def start_session(request: Request, instance: CurrentInstance, token: str) -> RedirectResponse:
    """Spend a one-time link: the browser gets a session and goes to the first page."""
    session = await open_session(instance.database, token)
    response = RedirectResponse("/", 303)
    response.set_cookie(
        SESSION_COOKIE,
        session,
        max_age=_SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response
