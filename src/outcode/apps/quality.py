"""The tier of every app, worked out from what is there: declaration, samples, icon, and ``quality.yaml``."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources.abc import Traversable

from outcode.appkit import App
from outcode.appkit.quality import Evidence, Standing, Tier, read_claims, standing
from outcode.apps.registry import find_app
from outcode.apps.samples import claims_of, folder_of, icon_of, samples_of


def standing_in(app: App, folder: Traversable) -> Standing:
    """Where an app stands whose samples, icon and claims are in a folder."""
    claims, wrong = read_claims(claims_of(folder))
    found = standing(app, Evidence(samples_of(folder), icon_of(folder)), claims)
    return replace(found, untrue=(*wrong, *found.untrue))


@cache
def standing_of(slug: str) -> Standing:
    """Where an app of this installation stands; worked out once.

    >>> standing_of("table").tier in ("bronze", "silver", "gold")
    True
    """
    app = find_app(slug)
    return standing_in(app, folder_of(app))


def tier_of(slug: str) -> Tier | None:
    """The tier of an app of this installation; None: below bronze."""
    return standing_of(slug).tier
