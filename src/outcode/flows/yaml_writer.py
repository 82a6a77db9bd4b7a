"""Plain values to YAML as people like to read it: one key a line, code as it was typed, quotes only where needed.

Written by hand because the emitters at hand turn code with a tab, or an emoji, into one long line of escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from outcode.flows.yaml_scalars import reads_as_text
from outcode.values.json import Json

_BARE = re.compile(r"[^\W_](?:[\w .,/()+=@;?!~·…–-]*[\w.,/()+=@;?!~·…–-])?")
_ESCAPED = re.compile('["\\\\\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]')
_NOT_IN_BLOCK = re.compile("[\x00-\x08\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_LONGEST_KEY = 250
"""libyaml wants a key and its colon within 1,024 bytes of one line; a longer key takes the ``?`` form."""


def write_yaml(value: dict[str, Json]) -> str:
    """An object as a YAML document; ``read_yaml`` reads it back to the same value.

    >>> print(write_yaml({"name": "Hello", "code": "a\\nb\\n", "after": ["a"]}), end="")
    name: Hello
    code: |
      a
      b
    after: [a]
    """
    return "".join(f"{line}\n" for line in _mapping(value, "")) if value else "{}\n"


def _mapping(entries: dict[str, Json], indent: str) -> Iterator[str]:
    for key, value in entries.items():
        written = _text(key)
        if len(written) > _LONGEST_KEY:
            yield f"{indent}? {written}"
            written = ""
        yield from _entry(f"{indent}{written}:", value, indent)


def _sequence(items: list[Json], indent: str) -> Iterator[str]:
    for item in items:
        yield from _entry(f"{indent}-", item, indent)


def _entry(head: str, value: Json, indent: str) -> Iterator[str]:
    """One ``key:`` or ``-`` with its value, on the same line where that is possible."""
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        yield head
        yield from _mapping(value, deeper)
    elif isinstance(value, list) and value and not _fits_in_line(value):
        yield head
        yield from _sequence(value, deeper)
    elif isinstance(value, str) and (sign := _block_sign(value)):
        yield f"{head} {sign}"
        yield from (f"{deeper}{line}" if line else "" for line in value.removesuffix("\n").split("\n"))
    else:
        yield f"{head} {_in_line(value)}"


def _fits_in_line(items: list[Json]) -> bool:
    return len(items) <= 10 and all(isinstance(item, str) and item.isascii() and item.isalnum() for item in items)


def _in_line(value: Json) -> str:
    match value:
        case str():
            return _text(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return _decimal(value)
        case list():
            return f"[{', '.join(_text(item) for item in value)}]"
        case dict():
            return "{}"
        case _:
            return str(value)


def _decimal(value: Decimal) -> str:
    text = str(value)
    return text if re.search("[.eE]", text) else f"{text}.0"


def _text(text: str) -> str:
    if _BARE.fullmatch(text) and reads_as_text(text):
        return text
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return _SHORT_ESCAPES.get(character) or f"\\u{ord(character):04x}"


def _block_sign(text: str) -> str | None:
    """The sign that opens a block for text of several lines; None where quotes must do."""
    if "\n" not in text.rstrip("\n") and not (text.endswith("\n") and text.strip()):
        return None
    if not text.strip() or _NOT_IN_BLOCK.search(text):
        return None
    lead = "2" if text[0] in " \t\n" else ""
    chomp = "+" if text.endswith("\n\n") else "" if text.endswith("\n") else "-"
    return f"|{lead}{chomp}"
