r"""From the tree back to text, in one canonical form: parsing what is printed gives an equal tree.

{{ a [ "name" ] |upper }}   prints as   {{a.name | upper}}
"""

from __future__ import annotations

from decimal import Decimal

from outcode.values.json import dumps
from outcode.values.references.syntax import Each, Index, Key, Meta, Pipe, Reference, Scalar, Step, Template, Text
from outcode.values.references.tokens import is_name_character


def print_template(template: Template) -> str:
    r"""The text of a template; literal ``{{`` come out as ``\{{``."""
    written: list[str] = []
    for number, part in enumerate(template.parts):
        if isinstance(part, Reference):
            written.append(print_reference(part))
        else:
            followed = number + 1 < len(template.parts)
            written.append(_print_text(part, before_reference=followed))
    return "".join(written)


def print_reference(reference: Reference) -> str:
    """The text of one reference.

    >>> print_reference(Reference("a", (Key("first name"), Index(-1)), (Pipe("round", (2,)),)))
    '{{a["first name"][-1] | round(2)}}'
    """
    path = "".join(print_step(step, first=number == 0) for number, step in enumerate(reference.path))
    pipes = "".join(f" | {_print_pipe(pipe)}" for pipe in reference.pipes)
    return "{{" + reference.root + path + pipes + "}}"


def _print_text(part: Text, *, before_reference: bool) -> str:
    written: list[str] = []
    value, position = part.value, 0
    while (opening := value.find("{{", position)) >= 0:
        written.append(_doubled(value[position:opening]) + "\\{{")
        position = opening + 2
    rest = value[position:]
    if before_reference:
        rest = _doubled(rest[:-1]) + "{" if rest.endswith("{") else _doubled(rest)
    return "".join([*written, rest])


def _doubled(text: str) -> str:
    return text + "\\" * (len(text) - len(text.rstrip("\\")))


def print_step(step: Step, *, first: bool) -> str:
    """The text of one step of a path; ``first`` is the one right behind the root."""
    match step:
        case Index(position=position):
            return f"[{position}]"
        case Each():
            return "[*]"
        case Meta():
            return ".$meta"
        case Key(name=name):
            plain = bool(name) and all(is_name_character(character) or character == "-" for character in name)
            return f".{name}" if plain and not (first and name == "$meta") else f"[{dumps(name)}]"


def _print_pipe(pipe: Pipe) -> str:
    return f"{pipe.name}({', '.join(_print_scalar(item) for item in pipe.arguments)})" if pipe.arguments else pipe.name


def _print_scalar(value: Scalar) -> str:
    return format(value, "f") if isinstance(value, Decimal) else dumps(value)
