"""An app and its actions, as one declaration from which come form, checks, call, documentation and API schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field as _Field

from outcode.appkit.aws_calls import AwsOperation
from outcode.appkit.base import Declared, Words
from outcode.appkit.batch import Batch
from outcode.appkit.calls import FlowStep, Query, ReadSheet, Request, Script, TableTask, WriteFile
from outcode.appkit.connections import ConnectionKind, ConnectionTest
from outcode.appkit.errors import ErrorMap
from outcode.appkit.fields import Field
from outcode.appkit.hooks import Before
from outcode.appkit.limits import Limit
from outcode.appkit.outputs import Outputs
from outcode.appkit.redis_calls import RedisCommand, RedisScan
from outcode.appkit.triggers import Trigger

Call = Annotated[
    Request | Query | AwsOperation | RedisCommand | RedisScan | Script | ReadSheet | WriteFile | TableTask | FlowStep,
    _Field(discriminator="kind"),
]


class Action(Declared):
    """One thing an app can do."""

    key: str
    name: str
    """As the product lists it; English, permanent."""
    description: Words
    fields: tuple[Field, ...]
    call: Call
    outputs: Outputs
    idempotent: bool | Literal["by_inputs"]
    """Whether repeating the call after a lost answer does no harm; ``by_inputs``: depends on method or statement."""
    batch: Batch | None = None
    before: Before | None = _Field(default=None, repr=False, exclude=True)
    link: str | None = None
    """The vendor's page that describes the call."""

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
    connections: tuple[ConnectionKind, ...] = ()
    """The ways to connect; the first is the usual one. Empty: the app needs none."""
    connection_required: bool = True
    """False where actions also work without a connection."""
    base_url: str | None = None
    """What paths of requests follow; may hold ``{connection.name}``. The operator can put another in its place."""
    hosts: tuple[str, ...] = ()
    """Further hosts that credentials may go to (the host of ``base_url`` always may)."""
    test: ConnectionTest | None = None
    errors: ErrorMap = ErrorMap()
    limits: tuple[Limit, ...] = ()
    actions: tuple[Action, ...]
    triggers: tuple[Trigger, ...] = ()
    troubleshooting: tuple[tuple[Words, Words], ...] = ()
    """What people run into, and what to do then."""

    def action(self, key: str) -> Action | None:
        """The action of that key, or None."""
        return next((action for action in self.actions if action.key == key), None)

    def trigger(self, key: str) -> Trigger | None:
        """The trigger of that key, or None."""
        return next((trigger for trigger in self.triggers if trigger.key == key), None)

    def connection_kind(self, key: str | None) -> ConnectionKind | None:
        """The kind of connection of that key; without a key the usual one; None when there is none."""
        if key is None:
            return self.connections[0] if self.connections else None
        return next((kind for kind in self.connections if kind.key == key), None)
