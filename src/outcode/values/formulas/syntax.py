"""The tree a formula is read into: frozen, hashable; ``start`` is the offset of what a problem points at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal as OneOf

from outcode.values.references import Pipe
from outcode.values.references.syntax import Scalar

Operator = OneOf["+", "-", "*", "/", "&", "=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text, ``true``, ``false`` or ``null``."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Column:
    """``price``, ``customer.city`` or ``{any name}``."""

    name: str
    start: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """``-operand``."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """``left operator right``."""

    operator: Operator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class If:
    """``if(condition, then, otherwise)``; only the branch taken is worked out."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Piped:
    """``operand | pipe``."""

    operand: Node
    pipe: Pipe


Node = Constant | Column | Negative | Binary | If | Piped


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read: its text and its tree."""

    text: str
    root: Node

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column named, in order."""
        return tuple(node for node in nodes(self.root) if isinstance(node, Column))


def nodes(node: Node) -> Iterator[Node]:
    """The node and all below it, from left to right."""
    yield node
    match node:
        case Negative(operand=operand) | Piped(operand=operand):
            yield from nodes(operand)
        case Binary(left=left, right=right):
            yield from nodes(left)
            yield from nodes(right)
        case If(condition=condition, then=then, otherwise=otherwise):
            yield from nodes(condition)
            yield from nodes(then)
            yield from nodes(otherwise)
        case Constant() | Column():
            return
