"""Apps and their actions, from the declarations."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from outcode.appkit import App, ChoiceField
from outcode.apps.quality import tier_of
from outcode.apps.registry import find_app
from outcode.server.access import CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer
from outcode.server.language import Language
from outcode.server.models import ActionAnswer, Answer, AppAnswer, Wanted
from outcode.values.problems import NotFound

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
async def get_app(instance: CurrentInstance, _scope: CurrentScope, slug: str) -> Response:
    """One app with its declaration."""
    app = find_app(slug, instance.apps)
    return answer(AppDetails.model_validate({**_summary(app), "declaration": app.model_dump(mode="python")}))


class ChoiceAnswer(Answer):
    """One option: what is stored, and what people read."""

    value: str | int
    label: str


class ChoicesAnswer(Answer):
    """The options of a pick field, or why there are none: ``message`` says what to do then.

    ``missing`` names the fields that must be filled in first; ``more`` says that the list went on.
    """

    state: Literal["ready", "not_connected", "parent_missing", "none_found"]
    options: list[ChoiceAnswer]
    message: str | None
    missing: list[str]
    more: bool


class AskChoices(Wanted):
    """What a form holds when a pick field asks for its options."""

    connection: str | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    search: str = ""


@router.post("/{slug}/actions/{action}/choices/{field}", response_model=ChoicesAnswer)
async def list_choices(
    instance: CurrentInstance,
    scope: CurrentScope,
    language: Language,
    slug: str,
    action: str,
    field: str,
    form: AskChoices,
) -> Response:
    """The options of a pick field, asked from the app with the form's connection and other answers."""
    app = find_app(slug, instance.apps)
    declared = app.action(action)
    asked = declared.field(field) if declared else None
    if not isinstance(asked, ChoiceField):
        raise NotFound("choices_unknown", app=app.name, action=action, field=field)
    found = await instance.caller.choices(scope, app, asked, form.connection, form.inputs, search=form.search)
    message = found.message.model_dump()[language] if found.message else None
    options = [ChoiceAnswer(value=value, label=label) for value, label in found.options]
    return answer(
        ChoicesAnswer(state=found.state, options=options, message=message, missing=list(found.missing), more=found.more)
    )


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
