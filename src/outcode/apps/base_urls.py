"""Other addresses for vendors' APIs, set by the operator: for a proxy, a private region, or tests."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from outcode.appkit import App
from outcode.values.problems import SetupProblem


def with_base_urls(apps: Mapping[str, App], text: str) -> Mapping[str, App]:
    """The apps, those named in ``text`` at another address; credentials then go there and no longer to the vendor.

    ``text`` is that of ``OUTCODE_BASE_URLS``: ``slug=https://…`` separated by white space. Raises SetupProblem
    ``base_url_invalid`` naming the entry.

    >>> from outcode.apps.registry import all_apps
    >>> with_base_urls(all_apps(), "") == all_apps()
    True
    """
    changed: dict[str, App] = {}
    for entry in text.split():
        slug, _, url = entry.partition("=")
        app = apps.get(slug)
        if app is None or app.base_url is None:
            known = sorted(each.slug for each in apps.values() if each.base_url is not None)
            raise SetupProblem("base_url_of_no_app", entry=entry, known=known)
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            raise SetupProblem("base_url_invalid", entry=entry)
        # A kind of connection may have an address of its own, which the operator's replaces, too.
        kinds = tuple(
            kind.model_copy(update={"base_url": None}) if getattr(kind, "base_url", None) else kind
            for kind in app.connections
        )
        changed[slug] = app.model_copy(update={"base_url": url, "connections": kinds})
    return MappingProxyType({**apps, **changed})
