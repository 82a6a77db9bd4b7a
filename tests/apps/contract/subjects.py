"""What the contract is about: an app with its samples, of this installation or a hostile one made for a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from outcode.appkit import Action, App, Request
from outcode.appkit.connections import ConnectionKind, DatabaseCredential, FileConnection
from outcode.appkit.samples import TEST, Sample, owner_of
from outcode.apps.registry import all_apps
from outcode.apps.samples import folder_of, samples_of


@dataclass(frozen=True)
class Subject:
    """An app and what is written of its calls."""

    app: App
    samples: Mapping[str, Sample] = field(default_factory=dict)

    def samples_of(self, action: Action) -> dict[str, Sample]:
        """The samples of an action, those of failures too."""
        return {name: sample for name, sample in self.samples.items() if owner_of(name) == action.key}

    def good(self, action: Action) -> list[Sample]:
        """The samples in which the action succeeds."""
        return [sample for sample in self.samples_of(action).values() if sample.problem is None]

    def http_cases(self) -> list[tuple[str, Action, Request, Sample]]:
        """Every sample of every action that is an HTTP request."""
        return [
            (name, action, action.call, sample)
            for action in self.app.actions
            if isinstance(action.call, Request)
            for name, sample in self.samples_of(action).items()
        ]

    def first_http_cases(self) -> list[tuple[str, Action, Request, Sample]]:
        """One good sample of each HTTP action."""
        found: dict[str, tuple[str, Action, Request, Sample]] = {}
        for name, action, call, sample in self.http_cases():
            if sample.problem is None and sample.exchanges:
                found.setdefault(action.key, (name, action, call, sample))
        return list(found.values())

    def other_actions(self) -> list[Action]:
        """The actions that are no HTTP requests."""
        return [action for action in self.app.actions if not isinstance(action.call, Request)]

    def http_kinds(self) -> list[ConnectionKind]:
        """The kinds of connection whose credentials go into requests."""
        return [kind for kind in self.app.connections if not isinstance(kind, DatabaseCredential | FileConnection)]

    def other_kinds(self) -> list[ConnectionKind]:
        """The kinds that are no credentials of requests: databases and files."""
        return [kind for kind in self.app.connections if isinstance(kind, DatabaseCredential | FileConnection)]

    @property
    def test_sample(self) -> Sample | None:
        """What the connection test is asked and answered."""
        return self.samples.get(TEST)


@cache
def installed() -> Mapping[str, Subject]:
    """The apps of this installation by slug."""
    return {slug: Subject(app, samples_of(folder_of(app))) for slug, app in all_apps().items()}
