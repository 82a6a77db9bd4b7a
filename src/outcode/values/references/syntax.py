"""The tree a template is read into: frozen, hashable, knowing where in the text each reference stands.

    Hello {{a.items[0].name | upper}}!
    Template((Text("Hello "), Reference("a", (Key("items"), Index(0), Key("name")), (Pipe("upper"),)), Text("!")))

Offsets take no part in comparison, so that two templates which mean the same are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

Scalar = None | bool | int | Decimal | str
"""What a pipe's argument can be."""


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand for themselves; ``\\{{`` has become ``{{``."""

    value: str


@dataclass(frozen=True, slots=True)
class Key:
    """``.name`` or ``["any name"]``."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """``[0]``, or ``[-1]`` for the last."""

    position: int


@dataclass(frozen=True, slots=True)
class Each:
    """``[*]``: what follows is taken of every element."""


@dataclass(frozen=True, slots=True)
class Meta:
    """``.$meta`` right after the root: what stood around a task's rows."""


Step = Key | Index | Each | Meta


@dataclass(frozen=True, slots=True)
class Pipe:
    """``| name(argument, …)``."""

    name: str
    arguments: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """``{{root.path | pipes}}``; ``start`` and ``end`` are offsets of the braces in the text it was read from.

    ``line`` and ``column``, both from 1, are those of ``start``.
    """

    root: str
    path: tuple[Step, ...] = ()
    pipes: tuple[Pipe, ...] = ()
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)
    line: int = field(default=1, compare=False)
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Template:
    """Text and references in order; never two texts side by side, never an empty text."""

    parts: tuple[Text | Reference, ...]

    @property
    def lone(self) -> Reference | None:
        """The reference, if the template is exactly one reference and nothing else."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Reference):
            return self.parts[0]
        return None

    @property
    def references(self) -> tuple[Reference, ...]:
        """All references, in order."""
        return tuple(part for part in self.parts if isinstance(part, Reference))
