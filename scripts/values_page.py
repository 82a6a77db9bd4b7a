"""Writes ``docs/values.md``: pipes, column types, filter operators and formulas, from the lists the code runs by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

from pydantic import BaseModel

from outcode.values import json
from outcode.values.filters import OPERATORS
from outcode.values.references import PIPES
from outcode.values.types import ColumnType

_FAMILIES = {
    "text": "Text and URL",
    "number": "Number, percentage and currency",
    "datetime": "Datetime",
    "boolean": "Boolean",
    "json": "JSON",
}
_VALUE_SIDE = {
    "none": "",
    "one": "`value`",
    "two": "`value` and `value_to`",
    "list": "`value`: a list",
    "pattern": "`value`: a pattern (RE2-like, linear time)",
    "span": "`value`: a number, `unit`: minutes, hours, days, weeks or months",
}
_BEGINNING = """\
# Values: references, types, filters, formulas

This page is made from the code by `make generate`.

A reference such as `{{a.email}}` names a value of an earlier task, `{{trigger.body.name}}` one of the trigger. Alone
in a field it keeps its type; inside other text it is rendered. `{{a.items[0].name}}` takes an element,
`{{a.items[*].name}}` the list of a key, `{{a.$meta.row_count}}` what stood around rows, `{{a["first name"]}}` any
key. A literal `{{` is written `\\{{`.
"""
_FORMULAS = """
## Formulas

*Set columns* computes a column from others of its row: `price * quantity`, `{unit price} * 1.1 | round(2)`,
`if(stock = 0, "sold out", name & " is there")`. A column is its name, in braces where that is more than letters, digits
and underscores; a dotted name leads into nested objects. There are `+ - * /` (also `−`, `×`, `÷`), `&` to join texts,
`= != < <= > >=`, `if(condition, then, otherwise)`, parentheses and all pipes. Numbers are exact; a quotient has 38
significant digits.
"""


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([_BEGINNING, *_pipes(), *_types(), *_filters()]) + _FORMULAS


def _pipes() -> Iterator[str]:
    yield "## Pipes\n"
    rows = []
    for entry in PIPES.values():
        usage, value, result = entry.example
        rows.append((f"`{usage}`", entry.english, f"`{json.dumps(value)}` → `{json.dumps(result)}`"))
    yield from _table(("Pipe", "What it does", "Example"), rows)


def _types() -> Iterator[str]:
    yield "\n## Column types\n"
    yield "*Transform type* reads raw cells as one of these; a cell that cannot be read becomes null and is listed.\n"
    rows = []
    for model in get_args(get_args(ColumnType)[0]):
        options = ", ".join(f"`{name}`" for name in model.model_fields if name != "kind")
        rows.append((f"`{model.model_fields['kind'].default}`", _first_sentence(model), options))
    yield from _table(("Kind", "What it reads", "Options"), rows)


def _filters() -> Iterator[str]:
    yield "\n## Filter operators\n"
    for family, entries in OPERATORS.items():
        yield f"### {_FAMILIES[family]}\n"
        rows = [(f"`{entry.name}`", entry.english, entry.korean, _VALUE_SIDE[entry.operands]) for entry in entries]
        yield from _table(("Operator", "English", "Korean", "Value side"), rows)
        yield ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"


def _first_sentence(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ").replace("``", "`")
