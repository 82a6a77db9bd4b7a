"""``outcode apps``: which apps and actions there are."""

from __future__ import annotations

from typing import Annotated

import typer

from outcode.appkit import App
from outcode.apps.quality import tier_of
from outcode.apps.registry import AppEntry, app_entries, find_app
from outcode.cli.console import out, show, show_table
from outcode.cli.words import language
from outcode.values import json
from outcode.values.json import Json


def apps(
    slug: Annotated[str | None, typer.Argument(help="Show one app with its actions and fields.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, names as in the product.")] = False,
) -> None:
    """List apps and their actions."""
    if slug is not None:
        _one(slug, as_json=as_json)
    elif as_json:
        out(json.dumps([_with_tier(entry) for entry in app_entries()]))
    else:
        rows = [
            (
                entry["category"],
                entry["name"],
                entry["slug"],
                tier_of(entry["slug"]) or "",
                ", ".join(action["name"] for action in entry["actions"]),
            )
            for entry in app_entries()
        ]
        show_table(("Category", "App", "Slug", "Tier", "Actions"), rows)


def _with_tier(entry: AppEntry) -> dict[str, Json]:
    return {**entry, "tier": tier_of(entry["slug"])}


def _one(slug: str, *, as_json: bool) -> None:
    app = find_app(slug)
    if as_json:
        entry = next(entry for entry in app_entries() if entry["slug"] == slug)
        out(json.dumps([_with_tier(entry)]))
    else:
        _describe(app)


def _describe(app: App) -> None:
    words = language()
    show(f"{app.name} ({app.category})", bold=True)
    show(getattr(app.description, words))
    for action in app.actions:
        show(f"\n{action.name} ({action.key})", bold=True)
        show(getattr(action.description, words))
        rows = [
            (
                field.key,
                getattr(field.label, words),
                field.kind,
                "yes" if field.required else "",
                "" if field.default is None else json.dumps(field.default),
            )
            for field in action.fields
        ]
        show_table(("Field", "Label", "Kind", "Required", "Default"), rows)
