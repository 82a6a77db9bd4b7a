"""What differs between two versions of a flow, as people ask for it: which tasks and fields, from what to what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from outcode.flows.dataflow import Dataflow
from outcode.flows.plain import plain
from outcode.flows.positions import Path
from outcode.values.json import Json

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs; ``old`` is None where it was added, ``new`` where it was removed."""

    path: Path
    kind: Kind
    old: Json
    new: Json


@dataclass(frozen=True, slots=True)
class TaskChange:
    """A task that differs, in plain form; ``changes`` are the places inside one that both versions have."""

    letter: str
    kind: Kind
    old: dict[str, Json] | None
    new: dict[str, Json] | None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs: ``changes`` of the flow itself (name, inputs, trigger …), and of its tasks."""

    changes: tuple[Change, ...]
    tasks: tuple[TaskChange, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not self.changes and not self.tasks


def difference(old: Dataflow, new: Dataflow) -> Difference:
    """What has to change in ``old`` to make it ``new``; the order of tasks and fields is no difference.

    >>> difference(Dataflow(name="A", tasks={}), Dataflow(name="B", tasks={})).changes
    (Change(path=('name',), kind='changed', old='A', new='B'),)
    """
    before, after = plain(old), plain(new)
    old_tasks, new_tasks = before.pop("tasks"), after.pop("tasks")
    letters = sorted(old_tasks.keys() | new_tasks.keys(), key=lambda letter: (len(letter), letter))
    tasks = (_of_task(letter, old_tasks.get(letter), new_tasks.get(letter)) for letter in letters)
    return Difference(tuple(_changes(before, after, ())), tuple(task for task in tasks if task is not None))


def _of_task(letter: str, old: dict[str, Json] | None, new: dict[str, Json] | None) -> TaskChange | None:
    if old is None or new is None:
        return TaskChange(letter, "added" if old is None else "removed", old, new)
    changes = tuple(_changes(old, new, ()))
    return TaskChange(letter, "changed", old, new, changes) if changes else None


def _changes(old: Json, new: Json, path: Path) -> Iterator[Change]:
    """The smallest places that differ: inside objects, and inside lists that are as long as they were."""
    match old, new:
        case dict(), dict():
            for key in [*old, *(key for key in new if key not in old)]:
                inner = (*path, key)
                if key not in new:
                    yield Change(inner, "removed", old[key], None)
                elif key not in old:
                    yield Change(inner, "added", None, new[key])
                else:
                    yield from _changes(old[key], new[key], inner)
        case list(), list() if len(old) == len(new):
            for index, (before, after) in enumerate(zip(old, new, strict=True)):
                yield from _changes(before, after, (*path, index))
        case _ if not _same(old, new):
            yield Change(path, "changed", old, new)


def _same(old: Json, new: Json) -> bool:
    """Whether two values that are not both objects, nor lists of one length, are the same as they are written."""
    if isinstance(old, Decimal) and isinstance(new, Decimal):
        return old.as_tuple() == new.as_tuple()
    return type(old) is type(new) and not isinstance(old, list | dict) and bool(old == new)
