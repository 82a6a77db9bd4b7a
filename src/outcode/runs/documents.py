"""The documents that runs are made of, read once: a version never changes, so what was parsed of it is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from outcode.appkit import Action, App
from outcode.engine.plan import Plan
from outcode.flows.checks.tasks import actions_of
from outcode.flows.dataflow import Dataflow
from outcode.runs.journal import Journal
from outcode.workspace.scope import Scope

_MOST_KEPT = 256


@dataclass(frozen=True, slots=True)
class Planned:
    """A document, the actions of its tasks as far as they exist, and the order of its tasks."""

    document: Dataflow
    actions: Mapping[str, Action]
    plan: Plan


class Documents:
    """Versions in their parsed form, the latest used ones."""

    def __init__(self, journal: Journal, apps: Mapping[str, App]) -> None:
        self._journal = journal
        self._apps = apps
        self._kept: OrderedDict[tuple[str, str], Planned] = OrderedDict()

    async def of(self, scope: Scope, version_id: str) -> Planned:
        """A version of the team; raises KeyError when there is none."""
        key = (scope.team_id, version_id)
        planned = self._kept.get(key)
        if planned is None:
            document = Dataflow.model_validate(await self._journal.document(scope, version_id))
            actions = actions_of(document, self._apps)
            planned = self._kept[key] = Planned(document, actions, Plan.of(document, actions))
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return planned
