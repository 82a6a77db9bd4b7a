"""An app and its actions, as one declaration from which come form, checks, call, documentation and API schema."""

from __future__ import annotations

from typing import Literal

from outcode.appkit.base import Declared, Words
from outcode.appkit.calls import Call
from outcode.appkit.connections import ConnectionKind
from outcode.appkit.fields import Field
from outcode.appkit.template import Input


class OutputField(Declared):
    """One key of a result (or of each row) that can be referenced before any run."""

    path: str
    """Dotted: ``status``, ``headers.content-type``."""
    label: Words
    type: Literal["text", "number", "boolean", "datetime", "object", "list", "any"] = "any"
    sensitive: bool = False


class Outputs(Declared):
    """What an action answers, and which part of it is the task's result.

    ``rows``: path of the array that *is* the result; what stands around it is ``$meta``. An ``Input`` names the field
    in which the user wrote that path; empty means no rows. ``result``: path of a result that may be of any type (a
    script's returned value). With neither, the result is the whole answer, an object.
    """

    rows: str | Input | None = None
    result: str | None = None
    fields: tuple[OutputField, ...] = ()
    meta: tuple[OutputField, ...] = ()


class Action(Declared):
    """One thing an app can do."""

    key: str
    name: str
    """As the product lists it; English, permanent."""
    kind: Literal["action", "trigger"] = "action"
    description: Words
    fields: tuple[Field, ...]
    call: Call
    outputs: Outputs
    idempotent: bool | Literal["by_inputs"]
    """Whether repeating the call after a lost answer does no harm; ``by_inputs``: depends on method or statement."""

    def field(self, key: str) -> Field | None:
        """The field of that key, or None."""
        return next((field for field in self.fields if field.key == key), None)


class App(Declared):
    """A third-party system or a built-in capability.

    >>> App(slug="x", name="X", category="Mail", description=Words(en="X", ko="X"), actions=()).slug
    'x'
    """

    slug: str
    name: str
    category: str
    description: Words
    connection: ConnectionKind | None = None
    actions: tuple[Action, ...]

    def action(self, key: str) -> Action | None:
        """The action of that key, or None."""
        return next((action for action in self.actions if action.key == key), None)
