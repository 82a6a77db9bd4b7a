"""The dataflow document: declared inputs, one trigger, lettered tasks. This is what a version stores, as JSON."""

from __future__ import annotations

from re import fullmatch
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from outcode.values.json import Json
from outcode.values.tagged import Tagged

TASK_LETTERS = r"^[a-z]{1,3}$"
ERROR_BRANCH = "error"
"""The branch of a failed task whose ``on_error`` is ``branch``."""
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


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _clock_time(value: object) -> str:
    if isinstance(value, str) and fullmatch(_CLOCK_TIME, value):
        return value
    raise PydanticCustomError("schedule_time_invalid", "not a time of day")


def _day_of_month(value: object) -> int | Literal["last"]:
    if value == "last":
        return "last"
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 31:
        return value
    raise PydanticCustomError("schedule_day_invalid", "not a day of a month")


_CLOCK_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
ClockTime = Annotated[
    str, PlainValidator(_clock_time), WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK_TIME}$"})
]
DayOfMonth = Annotated[
    int | Literal["last"],
    PlainValidator(_day_of_month),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 31}, {"const": "last"}]}),
]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Every(_Part):
    """An interval of minutes, of hours, or of both together."""

    minutes: int | None = Field(default=None, ge=1, le=10_080)
    hours: int | None = Field(default=None, ge=1, le=744)


class Weekly(_Part):
    """Some days of every week, at a time such as ``09:00``."""

    days: Annotated[tuple[Weekday, ...], BeforeValidator(_tuple)]
    at: ClockTime


class Monthly(_Part):
    """A day of every month, at a time such as ``09:00``; ``last``, and what a month has not, is its last day."""

    day: DayOfMonth
    at: ClockTime


class ScheduleTrigger(_Part):
    """Times at which the flow starts by itself; exactly one of ``every``, ``daily``, ``weekly``, ``monthly``, ``cron``.

    Times of day are read in ``timezone`` (IANA), by default the organization's. ``overlap`` is what happens when the
    run before is still at work: this time is left out (``skip``), waits for its end (``queue``), or starts beside it
    (``allow``). ``missed`` is what happens after a time at which Outcode was not running: one run for all missed times
    (``once``), or none (``skip``).
    """

    kind: Literal["schedule"] = "schedule"
    every: Every | None = None
    daily: ClockTime | None = None
    weekly: Weekly | None = None
    monthly: Monthly | None = None
    cron: str | None = Field(default=None, min_length=1, max_length=200)
    timezone: str | None = None
    overlap: Literal["skip", "queue", "allow"] = "skip"
    missed: Literal["once", "skip"] = "once"


SCHEDULE_FORMS = ("every", "daily", "weekly", "monthly", "cron")


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


class Retry(_Part):
    """How often a failed task is tried in all, and how long it waits in between.

    The wait begins at ``wait_seconds`` and doubles each time up to ``longest_seconds``, with jitter; a vendor that says
    when to come again is obeyed. ``on`` are the kinds of failures that are tried again. What may have been done already
    is done again only if the action, or ``repeatable`` of the task, says that this does no harm.
    """

    attempts: int = Field(default=1, ge=1, le=20)
    wait_seconds: int = Field(default=2, ge=1, le=86_400)
    longest_seconds: int = Field(default=600, ge=1, le=7 * 86_400)
    on: tuple[Literal["rate_limit", "unavailable", "timeout", "rejected"], ...] = (
        "rate_limit",
        "unavailable",
        "timeout",
    )


class Edge(NamedTuple):
    """That a task waits for another; with ``branch`` only where that one took this branch.

    >>> Edge.read("b.paid"), Edge.read("a")
    (Edge(letter='b', branch='paid'), Edge(letter='a', branch=None))
    """

    letter: str
    branch: str | None = None

    @classmethod
    def read(cls, text: str) -> Edge:
        """The edge that an entry of ``after`` means."""
        letter, dot, branch = text.partition(".")
        return cls(letter, branch if dot else None)


class Task(_Part):
    """One step: an app's action with its inputs.

    ``connection`` is the name of a connection of the team. ``after`` names tasks that must be done first though nothing
    of them is referenced; ``b.paid`` means branch ``paid`` of task ``b``. ``run_once`` hands arrays over whole instead
    of iterating; ``at_once`` is how many elements are worked on at the same time. ``on_error``: the flow stops, goes on
    with the error as the result, or goes along the branch ``error``. ``repeatable``: doing the task twice does no harm,
    whatever its action says.
    """

    app: str
    action: str
    name: str | None = None
    connection: str | None = None
    inputs: dict[str, Tagged] = {}
    after: tuple[str, ...] = ()
    run_once: bool = False
    at_once: int = Field(default=5, ge=1, le=50)
    on_error: Literal["stop", "continue", "branch"] = "stop"
    retry: Retry = Retry()
    timeout_seconds: int | None = Field(default=None, ge=1, le=86_400)
    repeatable: bool = False

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The entries of ``after``, read."""
        return tuple(Edge.read(text) for text in self.after)


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
