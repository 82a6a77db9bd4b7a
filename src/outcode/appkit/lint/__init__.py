"""Rules of good form for a declaration: what a model cannot refuse and a reader of the form would stumble over.

Names are permanent, so their spelling is judged at birth. Each module holds the rules of one matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from outcode.appkit.app import App
from outcode.appkit.lint.actions import action_findings
from outcode.appkit.lint.answers import limit_findings, map_findings
from outcode.appkit.lint.connections import connection_findings, test_findings
from outcode.appkit.lint.fields import key_findings
from outcode.appkit.lint.triggers import trigger_findings
from outcode.appkit.lint.words import words_findings

__all__ = ["lint"]

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def lint(app: App) -> list[str]:
    """Everything that breaks a rule, as ``"query.statement: help is longer than 70 characters in ko"``; empty is good.

    >>> from outcode.appkit.base import Words
    >>> lint(App(slug="x", name="X", category="Mail", description=Words(en="Sends mail.", ko="메일 전송"), actions=()))
    ['x: has no action']
    """
    return list(_app(app))


def _app(app: App) -> Iterator[str]:
    if not _SLUG.fullmatch(app.slug):
        yield f"{app.slug}: slug is not lower case words joined by hyphens"
    for part in ("name", "category"):
        text = getattr(app, part)
        if not text or text != text.strip():
            yield f"{app.slug}: {part} is empty or has spaces around it"
    yield from words_findings(app.slug, "description", app.description, translated=True)
    if not app.actions:
        yield f"{app.slug}: has no action"
    yield from key_findings(app.slug, [action.key for action in app.actions])
    yield from key_findings(app.slug, [kind.key for kind in app.connections])
    yield from key_findings(app.slug, [trigger.key for trigger in app.triggers])
    yield from map_findings(app)
    yield from limit_findings(app)
    yield from test_findings(app)
    for kind in app.connections:
        yield from connection_findings(app, kind)
    for action in app.actions:
        yield from action_findings(app, action)
    for trigger in app.triggers:
        yield from trigger_findings(app, trigger)
    for question, answer in app.troubleshooting:
        yield from words_findings(app.slug, "troubleshooting", question, translated=True)
        yield from words_findings(app.slug, "troubleshooting", answer, translated=True)
