"""Templates: the values of a declaration that are known only when a task runs.

``Input("url")`` stands for the value of the field ``url`` of the action; ``Credential("api_key")`` for a field of the
connection. Everything else is sent as written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from outcode.appkit.base import Declared


class Input(Declared):
    """The value of a field of this action.

    >>> Input(field="url").field
    'url'
    """

    kind: Literal["input"] = "input"
    field: str


def literal_or_input(value: Any, inputs: Mapping[str, Any]) -> Any:
    """A call's value once the inputs are known.

    >>> literal_or_input(Input(field="timeout"), {"timeout": 5}), literal_or_input(30, {})
    (5, 30)
    """
    return inputs.get(value.field) if isinstance(value, Input) else value
