"""Apps and their actions, from the declarations."""

from __future__ import annotations

from fastapi import APIRouter, Response

from outcode.appkit import App
from outcode.apps.quality import tier_of
from outcode.apps.registry import find_app
from outcode.server.access import CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer
from outcode.server.models import ActionAnswer, Answer, AppAnswer

router = APIRouter(prefix="/apps", tags=["apps"], route_class=TeamRoute)


class AppList(Answer):
    """All apps."""

    items: list[AppAnswer]


class AppDetails(AppAnswer):
    """An app with its whole declaration: fields, outputs, connection."""

    declaration: dict[str, object]


@router.get("", response_model=AppList)
async def list_apps(instance: CurrentInstance, _scope: CurrentScope) -> Response:
    """Every app, by category and name."""
    return answer(AppList(items=[AppAnswer.model_validate(_summary(app)) for app in instance.apps.values()]))


@router.get("/{slug}", response_model=AppDetails)
async def get_app(_scope: CurrentScope, slug: str) -> Response:
    """One app with its declaration."""
    app = find_app(slug)
    return answer(AppDetails.model_validate({**_summary(app), "declaration": app.model_dump(mode="python")}))


def _summary(app: App) -> dict[str, object]:
    actions = [
        ActionAnswer(key=each.key, name=each.name, kind=kind, description=each.description.model_dump())
        for kind, offered in (("action", app.actions), ("trigger", app.triggers))
        for each in offered
    ]
    return {
        "slug": app.slug,
        "name": app.name,
        "category": app.category,
        "description": app.description.model_dump(),
        "actions": actions,
        "tier": tier_of(app.slug),
    }
