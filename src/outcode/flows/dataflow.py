"""The dataflow document: declared inputs, one trigger, lettered tasks. This is what a version stores, as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from outcode.values.json import Json
from outcode.values.tagged import Tagged

TASK_LETTERS = r"^[a-z]{1,3}$"
CALL_SECRETS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-outcode-api-key", "x-outcode-user-api-key"}
)
"""Headers of a webhook call that no flow sees: they say who calls, and are nobody else's business."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FlowInput(_Part):
    """A value that a start of the flow asks for; ``sample`` serves completion and tests."""

    type: Literal["text", "number", "boolean", "datetime", "url", "json"] = "text"
    required: bool = False
    default: Json = None
    sample: Json = None


class ManualTrigger(_Part):
    """A start by the *Run* button, the API or the command line."""

    kind: Literal["manual"] = "manual"


class ScheduleTrigger(_Part):
    """Times at which the flow starts by itself; read in ``timezone`` (IANA), by default the organization's."""

    kind: Literal["schedule"] = "schedule"
    cron: str
    timezone: str | None = None


class DeliverySignature(_Part):
    """An HMAC-SHA256 over the body as it came, in ``header`` of every delivery; its secret is not in the document.

    ``scheme``: ``hex`` and ``base64`` are the bare signature, ``prefixed`` is ``sha256=`` and the hex form,
    ``timestamped`` is ``t=…,v1=…`` over ``{t}.{body}``, refused when ``t`` is more than ``tolerance_seconds`` from now.
    """

    header: str = Field(min_length=1, max_length=100)
    scheme: Literal["hex", "base64", "prefixed", "timestamped"] = "hex"
    tolerance_seconds: int = Field(default=300, ge=1, le=86_400)


class WebhookTrigger(_Part):
    """A start by ``POST /hooks/{domain}/{name}?key=…``.

    ``reply``: ``at_once`` answers the run's id, ``last_task`` waits for the result of the executed leaf task with the
    highest letter, ``respond`` for the task *Respond to webhook*. ``allow_from`` are the addresses and networks
    (``203.0.113.0/24``) that may call; empty: all.
    """

    kind: Literal["webhook"] = "webhook"
    name: str = Field(min_length=1, max_length=100)
    reply: Literal["at_once", "last_task", "respond"] = "at_once"
    enabled: bool = True
    signature: DeliverySignature | None = None
    allow_from: tuple[str, ...] = ()


class EventTrigger(_Part):
    """A vendor's event, by an app's trigger."""

    kind: Literal["event"] = "event"
    app: str
    trigger: str
    connection: str | None = None
    inputs: dict[str, Tagged] = {}


Trigger = Annotated[ManualTrigger | ScheduleTrigger | WebhookTrigger | EventTrigger, Field(discriminator="kind")]


class Task(_Part):
    """One step: an app's action with its inputs.

    ``connection`` is the name of a connection of the team. ``after`` names tasks that must be done first though nothing
    of them is referenced. ``run_once`` hands arrays over whole instead of iterating; ``at_once`` is how many elements
    are worked on at the same time.
    """

    app: str
    action: str
    name: str | None = None
    connection: str | None = None
    inputs: dict[str, Tagged] = {}
    after: tuple[str, ...] = ()
    run_once: bool = False
    at_once: int = Field(default=5, ge=1, le=50)


def is_respond_task(task: Task) -> bool:
    """Whether a task is *Respond to webhook*: its result ``{status, headers, body}`` answers the delivery."""
    return (task.app, task.action) == ("flow", "respond")


class Dataflow(_Part):
    """Tasks joined in a flow, by letter in order of creation.

    >>> Dataflow(name="Hello", tasks={}).trigger.kind
    'manual'
    """

    outcode: Literal[1] = 1
    kind: Literal["dataflow"] = "dataflow"
    name: str = Field(min_length=1, max_length=200)
    description: str | None = None
    inputs: dict[str, FlowInput] = {}
    trigger: Trigger = ManualTrigger()
    tasks: dict[Annotated[str, Field(pattern=TASK_LETTERS)], Task]

    @property
    def webhook_name(self) -> str | None:
        """The webhook name this document claims, or None."""
        return self.trigger.name if isinstance(self.trigger, WebhookTrigger) else None

    def as_json(self) -> dict[str, Any]:
        """The stored form."""
        return self.model_dump(mode="python")
