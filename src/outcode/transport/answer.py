"""What every call to the outside answers: the task's result, what stood around it, and the traces of the way.

One shape for all transports, because references, tables and run history know nothing of HTTP or SQL.
"""

from __future__ import annotations

import re
from asyncio import CancelledError
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol

from outcode.appkit.outputs import Outputs
from outcode.appkit.template import Input, literal_or_input
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place, Problem, VendorRejected

_LONGEST_STATEMENT = 10_000
_STEP = re.compile(r"""\.?([^.\[\]"]+)|\[(\d+)\]|\.?\["((?:[^"\\]|\\.)*)"\]""")


class CallTrace(Protocol):
    """One exchange with the outside, redacted, ready for run history."""

    @property
    def failed(self) -> bool:
        """Whether it brought no answer, or one that says no."""
        ...

    def as_dict(self) -> dict[str, Json]:
        """Plain values only."""
        ...


@dataclass(frozen=True, slots=True)
class StatementTrace:
    """A statement for a database, as it was written: bound values are not part of it, names in quotes are.

    ``error`` is the code of the problem that it ended with, or ``cancelled``.
    """

    statement: str
    started_at: datetime
    elapsed_ms: int
    error: str | None = None

    @property
    def failed(self) -> bool:
        """Whether it ended with a problem."""
        return self.error is not None

    def as_dict(self) -> dict[str, Json]:
        """Plain values only, times in ISO 8601."""
        return {**asdict(self), "started_at": self.started_at.isoformat()}

    @classmethod
    @contextmanager
    def of(cls, statement: str, record: Callable[[CallTrace], None]) -> Iterator[None]:
        """Tell ``record`` of what happens inside, however it ends.

        >>> traces = []
        >>> with StatementTrace.of("SELECT 1", traces.append):
        ...     pass
        >>> traces[0].statement, traces[0].error
        ('SELECT 1', None)
        """
        started_at, begun = datetime.now(UTC), monotonic()
        error: str | None = None
        try:
            yield
        except Problem as problem:
            error = problem.code
            raise
        except CancelledError:
            error = "cancelled"
            raise
        finally:
            elapsed = int(1000 * (monotonic() - begun))
            record(cls(statement[:_LONGEST_STATEMENT], started_at, elapsed, error))


@dataclass(frozen=True, slots=True)
class Answer:
    """``value`` is the task's result; ``meta`` is what stood around rows (``{{a.$meta.row_count}}``), else None."""

    value: Json
    meta: dict[str, Json] | None = None
    traces: tuple[CallTrace, ...] = ()


def shaped(
    whole: dict[str, Json], outputs: Outputs, inputs: Mapping[str, Json], traces: tuple[CallTrace, ...] = ()
) -> Answer:
    """The answer that the declaration's ``outputs`` make of everything the other side said.

    With ``rows`` the value is that array and the rest is ``meta``, with ``row_count``; with ``result`` the value stands
    at that path; else the value is ``whole``. Raises InputProblem (the user wrote the path) or VendorRejected (the app
    did) ``rows_path_missing`` or ``rows_path_not_list``.

    >>> answer = shaped({"status": 200, "data": {"items": [1], "total": 9}}, Outputs(rows="data.items"), {})
    >>> answer.value, answer.meta
    ([1], {'status': 200, 'data': {'total': 9}, 'row_count': 1})
    """
    path = literal_or_input(outputs.rows, inputs)
    if path:
        rows = rows_at(whole, outputs, inputs)
        return Answer(rows, {**_without(whole, steps_of(path)), "row_count": len(rows)}, traces)
    if outputs.result is not None:
        return Answer(_reach(whole, outputs, outputs.result), None, traces)
    return Answer(whole, None, traces)


def rows_at(whole: dict[str, Json], outputs: Outputs, inputs: Mapping[str, Json]) -> list[Json]:
    """The rows that ``outputs.rows`` names; null there means no rows. Raises as :func:`shaped` does."""
    path = literal_or_input(outputs.rows, inputs)
    rows = _reach(whole, outputs, path)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise _problem(outputs, "rows_path_not_list", path=path, type=_kind(rows))
    return rows


def steps_of(path: str) -> tuple[str | int, ...]:
    """A written path as keys and positions; empty when it is not a path.

    >>> steps_of('data.orders[0]["first name"]')
    ('data', 'orders', 0, 'first name')
    """
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None:
            return ()
        key, index, quoted = found.groups()
        steps.append(int(index) if index is not None else key or re.sub(r"\\(.)", r"\1", quoted))
        position = found.end()
    return tuple(steps)


def optional_at(whole: Json, path: str) -> Json:
    """The value at a path, or None when any step of it is not there."""
    for step in steps_of(path) or ("",):
        present, whole = _step(whole, step)
        if not present:
            return None
    return whole


def _reach(whole: Json, outputs: Outputs, path: str) -> Json:
    value, walked = whole, ""
    for step in steps_of(path) or (path,):
        present, following = _step(value, step)
        if not present:
            there = list(value)[:20] if isinstance(value, dict) else [_kind(value)]
            raise _problem(outputs, "rows_path_missing", path=path, at=walked or "answer", keys=there)
        walked += f"[{step}]" if isinstance(step, int) else f".{step}" if walked else step
        value = following
    return value


def _step(value: Json, step: str | int) -> tuple[bool, Json]:
    if isinstance(step, int):
        return (True, value[step]) if isinstance(value, list) and step < len(value) else (False, None)
    return (True, value[step]) if isinstance(value, dict) and step in value else (False, None)


def _without(value: Json, steps: tuple[str | int, ...]) -> Json:
    """A copy of ``value`` that lacks what stands at ``steps``; a list on the way is left out as a whole."""
    head, rest = steps[0], steps[1:]
    if rest and isinstance(value[head], dict):
        return {**value, head: _without(value[head], rest)}
    return {key: item for key, item in value.items() if key != head}


def _problem(outputs: Outputs, code: str, **details: Json) -> Problem:
    if isinstance(outputs.rows, Input):
        return InputProblem(code, Place(field=f"inputs.{outputs.rows.field}"), **details)
    return VendorRejected(code, **details)


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "text"
        case list():
            return "list"
        case dict():
            return "object"
        case _:
            return "number"
