"""Which branch of a condition an element takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from outcode.flows.branches import OTHERWISE, Branch, read_branches
from outcode.values import json
from outcode.values.context import ReadContext
from outcode.values.filters import read_filter, row_filter
from outcode.values.json import Json
from outcode.values.problems import Problem

_Ask = Callable[[Mapping[str, Json]], bool]


class Branching:
    """Asks elements for their branch; what is alike in all of them is read once."""

    def __init__(self, context: ReadContext) -> None:
        self._context = context
        self._known: dict[bytes, _Ask] = {}

    def branch_of(self, branches: Json) -> str:
        """The name of the branch that is taken; raises InputProblem for branches that say nothing usable.

        >>> from datetime import UTC, datetime
        >>> branching = Branching(ReadContext(UTC, datetime(2026, 1, 1, tzinfo=UTC)))
        >>> branching.branch_of([{"name": "big", "conditions": [
        ...     {"left": "1,200", "type": "number", "operator": "greater", "value": 1000}]}])
        'big'
        """
        for index, branch in enumerate(read_branches(branches)):
            try:
                matches = self._ask(branch)(branch.lefts)
            except Problem as problem:
                raise problem.at(field=f"inputs.branches[{index}].conditions") from problem
            if matches:
                return branch.name
        return OTHERWISE

    def _ask(self, branch: Branch) -> _Ask:
        key = json.dump_bytes(branch.filter)
        if key not in self._known:
            self._known[key] = row_filter(read_filter(branch.filter), self._context)
        return self._known[key]
