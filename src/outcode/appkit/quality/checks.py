"""The rules that a machine can verify: each answers what is lacking, or None."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from outcode.appkit.app import Action, App
from outcode.appkit.calls import Request
from outcode.appkit.connections import (
    ConnectionKind,
    DatabaseCredential,
    FileConnection,
    NoCredential,
)
from outcode.appkit.fields import CodeField, JsonField, ListField, MapField, RowsField
from outcode.appkit.lint import lint
from outcode.appkit.quality.icons import icon_finding
from outcode.appkit.samples import TEST, Sample, owner_of, shows, stops

_FREE_FORMS = (CodeField, JsonField, ListField, MapField, RowsField)
_READING = {"GET", "HEAD"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What stands beside a declaration: its samples by name, and its icon."""

    samples: Mapping[str, Sample] = field(default_factory=dict)
    icon: str | None = None


Check = Callable[[App, Evidence], str | None]


def _first(findings: Iterator[str]) -> str | None:
    """The first finding, with how many more there are."""
    found = list(findings)
    if not found:
        return None
    return found[0] if len(found) == 1 else f"{found[0]} (and {len(found) - 1} more)"


def _form(app: App, _evidence: Evidence) -> str | None:
    return _first(iter(lint(app)))


def _samples(app: App, evidence: Evidence) -> str | None:
    wanted = [action.key for action in app.actions] + [trigger.key for trigger in app.triggers]
    if app.test is not None:
        wanted.append(TEST)
    good = {owner_of(name) for name, sample in evidence.samples.items() if shows(app, name, sample)}
    return _first(f"{key} has no sample" for key in wanted if key not in good)


def _icon(_app: App, evidence: Evidence) -> str | None:
    return "there is no icon.svg" if evidence.icon is None else icon_finding(evidence.icon)


def _outputs(app: App, _evidence: Evidence) -> str | None:
    offered = [(each.key, each.outputs) for each in app.actions if not stops(each)]
    offered += [(each.key, each.outputs) for each in app.triggers]
    return _first(
        f"{key} declares no outputs"
        for key, outputs in offered
        if not outputs.fields and not outputs.meta and outputs.result is None
    )


def _help(app: App, _evidence: Evidence) -> str | None:
    forms = [(kind.key, kind.fields) for kind in app.connections]
    forms += [(action.key, action.fields) for action in app.actions]
    forms += [(trigger.key, trigger.fields) for trigger in app.triggers]
    return _first(
        f"{owner}.{each.key} does not say how it is written"
        for owner, fields in forms
        for each in fields
        if isinstance(each, _FREE_FORMS) and each.help is None
    )


def _steps(app: App, _evidence: Evidence) -> str | None:
    return _first(
        f"{kind.key} does not tell where its key is found" for kind in _proving(app) if not (kind.steps and kind.link)
    )


def _test(app: App, _evidence: Evidence) -> str | None:
    return "no call tries a connection" if _proving(app) and app.test is None else None


def _errors(app: App, _evidence: Evidence) -> str | None:
    return "no path of the vendor's sentence" if _requests(app) and not app.errors.message else None


def _sources(app: App, _evidence: Evidence) -> str | None:
    return _first(f"{action.key} has no link" for action, _ in _requests(app) if action.link is None)


def _paging(app: App, _evidence: Evidence) -> str | None:
    return _first(
        f"{action.key} reads one page only"
        for action, request in _requests(app)
        if request.method in _READING and action.outputs.rows is not None and request.paging.style == "none"
    )


def _limits(app: App, _evidence: Evidence) -> str | None:
    return "no rate limit is stated" if _requests(app) and not app.limits else None


def _identity(app: App, _evidence: Evidence) -> str | None:
    nameless = app.test is None or app.test.identity is None
    return "a connection does not say whose it is" if _proving(app) and nameless else None


def _error_samples(app: App, evidence: Evidence) -> str | None:
    shown = any(sample.problem is not None for sample in evidence.samples.values())
    return "no sample of a refusal" if _requests(app) and not shown else None


def _rate_limit_sample(app: App, evidence: Evidence) -> str | None:
    shown = any(sample.problem and sample.problem.kind == "rate_limited" for sample in evidence.samples.values())
    return "no sample of an answer to too many calls" if _requests(app) and not shown else None


def _troubleshooting(app: App, _evidence: Evidence) -> str | None:
    return None if app.troubleshooting else "nothing that people run into is answered"


def _live(app: App, evidence: Evidence) -> str | None:
    taken = {owner_of(name) for name, sample in evidence.samples.items() if sample.source == "live"}
    return _first(f"{action.key} has no sample taken live" for action in app.actions if action.key not in taken)


def _trigger(app: App, _evidence: Evidence) -> str | None:
    return None if app.triggers else "no event starts a flow"


def _proving(app: App) -> list[ConnectionKind]:
    """The kinds by which somebody proves over HTTP who is calling."""
    return [
        kind for kind in app.connections if not isinstance(kind, NoCredential | DatabaseCredential | FileConnection)
    ]


def _requests(app: App) -> list[tuple[Action, Request]]:
    return [(action, action.call) for action in app.actions if isinstance(action.call, Request)]


CHECKS: Mapping[str, Check] = {
    "form": _form,
    "samples": _samples,
    "icon": _icon,
    "outputs": _outputs,
    "help": _help,
    "steps": _steps,
    "connection_test": _test,
    "errors": _errors,
    "sources": _sources,
    "paging": _paging,
    "limits": _limits,
    "identity": _identity,
    "error_samples": _error_samples,
    "rate_limit_sample": _rate_limit_sample,
    "troubleshooting": _troubleshooting,
    "live": _live,
    "trigger": _trigger,
}
