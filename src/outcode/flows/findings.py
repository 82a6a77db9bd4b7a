"""One thing wrong in a document, before it is known where in a file that is.

The readers and the checks speak of paths inside the document (``("tasks", "a", "inputs", "url")``); only at the end a
path becomes a place: the task's letter, the field inside it and, where the document came from a file, line and column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from typing import Any

from outcode.flows.positions import Path, Positions, dotted
from outcode.values.json import Json, dumps
from outcode.values.problems import InputProblem, Problem
from outcode.values.references.suggestions import shortened

MAX_FINDINGS = 100
"""More are not listed: whoever has so many begins with the first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and the path it is about; ``at_key`` points at the key, else at the value."""

    problem: Problem
    path: Path
    at_key: bool = False

    def placed(self, positions: Positions | None, file: str | None) -> Problem:
        """The problem with everything filled in that is known of its place.

        >>> str(finding("flow_key_missing", ("tasks", "a", "app"), key="app").placed(None, None).place)
        'task a, field app'
        """
        is_task = len(self.path) > 1 and self.path[0] == "tasks"
        inside = self.path[2:] if is_task else self.path
        task = str(self.path[1]) if is_task else None
        line = column = None
        if positions is not None:
            line, column = positions.find(dotted(self.path), offset=self.problem.place.offset, at_key=self.at_key)
        field = dotted(inside) or None
        place = replace(self.problem.place, file=file, line=line, column=column, task=task, field=field)
        self.problem.place = place
        return self.problem


def finding(code: str, path: Path, *, at_key: bool = False, **details: Any) -> Finding:
    """A finding of the everyday kind: what a person wrote is wrong; texts in the details are cut short."""
    short: dict[str, Any] = {
        name: shortened(value, 100) if isinstance(value, str) else value for name, value in details.items()
    }
    return Finding(InputProblem(code, **short), path, at_key)


def placed(findings: Iterable[Finding], positions: Positions | None, file: str | None) -> list[Problem]:
    """The problems of the first findings, in the order of the file where there is one; the rest is not looked for."""
    problems = [found.placed(positions, file) for found in islice(findings, MAX_FINDINGS)]
    if positions is not None:
        problems.sort(key=lambda problem: (problem.place.line or 0, problem.place.column or 0))
    return problems


def suggestions(word: str, known: Iterable[str]) -> list[str]:
    """What may have been meant: the nearest names, or where none is near the first of them all.

    >>> suggestions("emial", ["email", "name"]), suggestions("zzz", ["email", "name"])
    (['email'], ['email', 'name'])
    """
    names = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), names, n=2, cutoff=0.6) if len(word) <= 100 else []
    return [names[name] for name in near] or sorted(names.values())[:12]


def shown(value: Json) -> str:
    """A value as it may stand in a message: as JSON, at most 40 characters.

    >>> shown("maybe"), shown([1, 2])
    ('"maybe"', '[1,2]')
    """
    return shortened(dumps(value), 40)
