"""What references are resolved against: one value a root: task ``a``, ``trigger``, ``run``, ``now``, ``row``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from outcode.values.json import Json


@dataclass(frozen=True, slots=True)
class Root:
    """What a root stands for.

    ``value`` is a task's result; where the task that is being resolved iterates, the engine has put the current element
    in place of the array, and the array itself in ``whole``: a path that begins with ``[0]`` or ``[*]`` means that one.
    ``meta`` is what ``.$meta`` reads; ``label`` is what people call it ("task a").
    """

    value: Json
    meta: Json | None = None
    label: str = ""
    whole: list[Json] | None = None


Scope = Mapping[str, Root]
