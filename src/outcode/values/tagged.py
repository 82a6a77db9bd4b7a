"""How an input is stored: every value says what kind it is, so nothing is guessed when it is read again.

    {"kind": "literal", "value": 5}
    {"kind": "template", "text": "Hello {{a.name}}"}
    {"kind": "list", "items": [tagged, ...]}
    {"kind": "object", "entries": {"name": tagged, ...}}

``list`` and ``object`` stand only where a template is somewhere inside; without one the whole value is a literal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final
from typing import Literal as OneOf

from pydantic import BaseModel, ConfigDict, Field

from outcode.values.json import Json


class _Later:
    def __repr__(self) -> str:
        return "{{…}}"


LATER: Final = _Later()
"""Stands, when an input is checked, for a reference whose value only a run knows."""


class _Tagged(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Literal(_Tagged):
    """A value as it is; ``{{`` inside it means nothing."""

    kind: OneOf["literal"] = "literal"
    value: Json = None


class Template(_Tagged):
    """Text that holds at least one reference, exactly as it was typed."""

    kind: OneOf["template"] = "template"
    text: str


class List(_Tagged):
    """A list in which some element holds a reference."""

    kind: OneOf["list"] = "list"
    items: tuple[Tagged, ...]


class Object(_Tagged):
    """An object in which some value holds a reference; keys never do."""

    kind: OneOf["object"] = "object"
    entries: dict[str, Tagged]


Tagged = Annotated[Literal | Template | List | Object, Field(discriminator="kind")]
List.model_rebuild()
Object.model_rebuild()


def tag(value: Json) -> Literal | Template | List | Object:
    r"""The tagged form of what a person typed: text with ``{{`` is a template, text with only ``\{{`` too.

    >>> tag("Hello {{a.name}}").kind, tag(5).kind, tag({"x": ["{{a.y}}"]}).kind
    ('template', 'literal', 'object')
    """
    if isinstance(value, str):
        return Template(text=value) if "{{" in value else Literal(value=value)
    if isinstance(value, list):
        items = tuple(tag(item) for item in value)
        return Literal(value=value) if all(isinstance(item, Literal) for item in items) else List(items=items)
    if isinstance(value, dict):
        entries = {key: tag(item) for key, item in value.items()}
        literal = all(isinstance(item, Literal) for item in entries.values())
        return Literal(value=value) if literal else Object(entries=entries)
    return Literal(value=value)


def untag(tagged: Literal | Template | List | Object) -> Json:
    """What a person typed, from its tagged form; the inverse of :func:`tag`."""
    match tagged:
        case Literal(value=value):
            return value
        case Template(text=text):
            return text
        case List(items=items):
            return [untag(item) for item in items]
        case Object(entries=entries):
            return {key: untag(item) for key, item in entries.items()}


def templates(tagged: Literal | Template | List | Object, path: str = "") -> Iterator[tuple[str, Template]]:
    """Every template inside, with its dotted path: ``("headers.Authorization", Template(...))``."""
    match tagged:
        case Template():
            yield path, tagged
        case List(items=items):
            for index, item in enumerate(items):
                yield from templates(item, f"{path}[{index}]")
        case Object(entries=entries):
            for key, item in entries.items():
                yield from templates(item, f"{path}.{key}" if path else key)
        case Literal():
            return
