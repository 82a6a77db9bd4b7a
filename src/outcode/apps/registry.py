"""Finds every app: a package beside this module that holds ``APP``. Adding an app is adding its package."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import TypedDict

import outcode.apps
from outcode.appkit import App
from outcode.values.problems import NotFound, Unexpected


class ActionEntry(TypedDict):
    """An action in the listing."""

    key: str
    name: str
    kind: str


class AppEntry(TypedDict):
    """An app in the listing."""

    slug: str
    name: str
    category: str
    actions: list[ActionEntry]


def find_apps(package: ModuleType) -> Mapping[str, App]:
    """The apps of all packages inside a package by slug, ordered by category and name.

    Raises Unexpected ``app_not_declared`` for a package whose ``APP`` is missing or whose slug is not its package's
    name (``-`` written as ``_``), so that no two apps can share a slug.
    """
    found: list[App] = []
    for module in iter_modules(package.__path__, f"{package.__name__}."):
        if module.ispkg:
            name = module.name.rpartition(".")[2]
            app = getattr(import_module(module.name), "APP", None)
            if not isinstance(app, App) or app.slug.replace("-", "_") != name:
                raise Unexpected("app_not_declared", package=name, slug=getattr(app, "slug", "–"))
            found.append(app)
    found.sort(key=lambda app: (app.category, app.name.casefold()))
    return MappingProxyType({app.slug: app for app in found})


@cache
def all_apps() -> Mapping[str, App]:
    """Every app of this installation by slug, ordered by category and name; imported at the first call."""
    return find_apps(outcode.apps)


def find_app(slug: str, apps: Mapping[str, App] | None = None) -> App:
    """The app of that slug among ``apps`` (None: all); raises NotFound ``app_unknown`` with the nearest names.

    >>> find_app("table").name
    'Table'
    """
    apps = all_apps() if apps is None else apps
    if slug not in apps:
        known = get_close_matches(slug.casefold(), apps, n=2) or list(apps)[:12]
        raise NotFound("app_unknown", app=slug[:60], known=known)
    return apps[slug]


def app_entries() -> list[AppEntry]:
    """All apps with their actions, as lists and the HTTP API show them.

    >>> next(entry["actions"] for entry in app_entries() if entry["slug"] == "javascript")
    [{'key': 'function_execution', 'name': 'Function Execution', 'kind': 'action'}]
    """
    return [
        {
            "slug": app.slug,
            "name": app.name,
            "category": app.category,
            "actions": [
                ActionEntry(key=each.key, name=each.name, kind=kind)
                for kind, offered in (("action", app.actions), ("trigger", app.triggers))
                for each in offered
            ],
        }
        for app in all_apps().values()
    ]
