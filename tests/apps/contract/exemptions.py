"""Which checks have nothing to ask an app, and why: no check passes in silence for want of a question."""

from __future__ import annotations

from collections.abc import Callable

from outcode.appkit import ChoiceField, FlowStep, NoCredential, Request, TableTask, WriteFile
from tests.apps.contract.checks.paging import pages
from tests.apps.contract.subjects import Subject

_Holds = Callable[[Subject], bool]


def _asks_nobody(subject: Subject) -> bool:
    return all(isinstance(action.call, TableTask | WriteFile | FlowStep) for action in subject.app.actions)


def _sends_nothing(subject: Subject) -> bool:
    return not any(isinstance(action.call, Request) for action in subject.app.actions)


def _is_not_tried(subject: Subject) -> bool:
    return subject.app.test is None and not subject.other_kinds()


def _needs_no_proof(subject: Subject) -> bool:
    return all(isinstance(kind, NoCredential) for kind in subject.app.connections)


def _has_no_codes(subject: Subject) -> bool:
    return not subject.other_actions() and (subject.app.errors.code is None or not subject.app.errors.codes)


def _has_one_page(subject: Subject) -> bool:
    calls = (action.call for action in subject.app.actions)
    return not any(isinstance(call, Request) and pages(call.paging) for call in calls)


def _offers_no_choice(subject: Subject) -> bool:
    forms = [each.fields for each in subject.app.actions] + [each.fields for each in subject.app.triggers]
    return not any(isinstance(field, ChoiceField) for fields in forms for field in fields)


def _takes_one(subject: Subject) -> bool:
    return all(action.batch is None for action in subject.app.actions)


EXEMPTIONS: dict[str, tuple[tuple[str, _Holds], ...]] = {
    "requests": (("no action is an HTTP request", _sends_nothing),),
    "paging": (("no action reads page after page by the app's own rule", _has_one_page),),
    "refusals": (("it computes on this machine and asks nobody", _asks_nobody),),
    "codes": (
        ("it computes on this machine and asks nobody", _asks_nobody),
        ("the vendor has no codes of errors besides the statuses", _has_no_codes),
    ),
    "broken": (("it computes on this machine and asks nobody", _asks_nobody),),
    "silence": (("it computes on this machine and asks nobody", _asks_nobody),),
    "secrets": (("it has no connection that holds a secret", _needs_no_proof),),
    "connection_test": (("no call tries a connection", _is_not_tried),),
    "connection_refused": (
        ("no call tries a connection", _is_not_tried),
        ("no connection proves anything", _needs_no_proof),
    ),
    "choices": (("no field offers a list of the vendor's to choose from", _offers_no_choice),),
    "batches": (("no action carries many elements in one call", _takes_one),),
    "triggers": (("no event of the app starts a flow", lambda subject: not subject.app.triggers),),
}


def exemption(check: str, subject: Subject) -> str | None:
    """Why a check has nothing to ask the app; None where it has."""
    return next((reason for reason, holds in EXEMPTIONS.get(check, ()) if holds(subject)), None)
