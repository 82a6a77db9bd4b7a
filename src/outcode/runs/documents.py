"""The documents that runs are made of, read once: a version never changes, so what was parsed of it is kept."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from outcode.engine.plan import Plan
from outcode.flows.dataflow import Dataflow
from outcode.runs.journal import Journal
from outcode.workspace.scope import Scope

_MOST_KEPT = 256


@dataclass(frozen=True, slots=True)
class Planned:
    """A document and the order of its tasks."""

    document: Dataflow
    plan: Plan


class Documents:
    """Versions in their parsed form, the latest used ones."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._kept: OrderedDict[tuple[str, str], Planned] = OrderedDict()

    async def of(self, scope: Scope, version_id: str) -> Planned:
        """A version of the team; raises KeyError when there is none."""
        key = (scope.team_id, version_id)
        planned = self._kept.get(key)
        if planned is None:
            document = Dataflow.model_validate(await self._journal.document(scope, version_id))
            planned = self._kept[key] = Planned(document, Plan.of(document))
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return planned
