"""Templates: the values of a declaration that are known only when a task runs.

``Input(field="url")`` stands for the value of a field of the action, ``FromConnection(field="base_id")`` for one of the
connection. Everything else is sent as written, also deep inside objects and lists. In written *texts* (URLs, the
credentials of connection kinds) ``{name}`` and ``{connection.name}`` do the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from typing_extensions import TypeAliasType

from outcode.appkit.base import Declared

PLACEHOLDER = re.compile(r"\{((?:connection\.)?[a-z][a-z0-9_]*)\}")
"""``{name}`` or ``{connection.name}`` in a written text."""


class Input(Declared):
    """The value of a field of this action.

    >>> Input(field="url").field
    'url'
    """

    kind: Literal["input"] = "input"
    field: str


class FromConnection(Declared):
    """The value of a field of the connection, such as an account number that belongs into every call."""

    kind: Literal["from_connection"] = "from_connection"
    field: str


Template = TypeAliasType(
    "Template",
    "Input | FromConnection | str | int | bool | Decimal | Mapping[str, Template] | tuple[Template, ...] | None",
)
"""A value with templates anywhere inside. An object's member whose Input is empty is left out of what is sent."""


def literal_or_input(value: Any, inputs: Mapping[str, Any]) -> Any:
    """A call's value once the inputs are known.

    >>> literal_or_input(Input(field="timeout"), {"timeout": 5}), literal_or_input(30, {})
    (5, 30)
    """
    return inputs.get(value.field) if isinstance(value, Input) else value


def filled(value: Any, inputs: Mapping[str, Any], connection: Mapping[str, Any]) -> Any:
    """A template with everything known filled in; members whose template is empty (null) are left out.

    >>> filled({"to": Input(field="to"), "cc": Input(field="cc"), "kind": None}, {"to": ["a"]}, {})
    {'to': ['a'], 'kind': None}
    """
    match value:
        case Input():
            return inputs.get(value.field)
        case FromConnection():
            return connection.get(value.field)
        case Mapping():
            members = ((key, item, filled(item, inputs, connection)) for key, item in value.items())
            return {key: done for key, item, done in members if done is not None or item is None}
        case tuple() | list():
            return [filled(item, inputs, connection) for item in value]
        case _:
            return value
