"""What the other side really asks and answers, written beside an app as ``samples/<action>[.<variant>].json``.

A sample is played by a server in the tests, word for word; it is also evidence of an app's quality. It holds no secret:
``{connection.api_key}`` stands for whatever the tests use as the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from outcode.appkit.app import Action, App
from outcode.appkit.base import Declared
from outcode.appkit.calls import FlowStep

TEST = "connection_test"
"""The name of the sample of the call that tries a connection."""


class SampleConnection(Declared):
    """The kind of connection a sample is made with, and its fields that are no secrets."""

    kind: str | None = None
    """None: the app's first."""
    fields: Mapping[str, Any] = {}


class SampleRequest(Declared):
    """One request as the other side gets it.

    ``url`` is without query; ``query`` has a list where a name repeats. ``headers`` are those that matter, the others
    are not looked at. ``body``: JSON as it is, a form as an object, text as text.
    """

    method: str
    url: str
    query: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}
    body: Any = None


class SampleResponse(Declared):
    """Its answer. A ``body`` that is no text is sent as JSON; ``base64`` holds one that is neither."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: Any = None
    base64: str | None = None


class Exchange(Declared):
    """A request and its answer."""

    request: SampleRequest
    response: SampleResponse = SampleResponse()


class SampleProblem(Declared):
    """How a call fails: the problem's kind and code, and words of the vendor that must be in its message."""

    kind: str
    code: str
    says: str = ""


class SampleFile(Declared):
    """A workbook: the rows of each sheet, or the text of a .csv file."""

    name: str
    sheets: Mapping[str, tuple[tuple[Any, ...], ...]] = {}
    text: str = ""


class Delivery(Declared):
    """A request by which an app tells of events, and the events in it."""

    headers: Mapping[str, str] = {}
    body: Any
    events: tuple[Any, ...]


class Sample(Declared):
    """One call of an action from its inputs to its result.

    ``given`` is what the other side of a database has been told before: statements, or commands as for ``redis-cli``.
    ``exchanges`` are what goes over HTTP, in order; ``answer`` is what another kind of call is answered (rows of a
    query, the output of an AWS operation). With ``result`` and ``meta`` the call succeeds, with ``problem`` it fails.
    ``file`` is what sheet actions read, or the stored file that a request sends; ``delivery`` belongs to triggers,
    whose ``exchanges`` make the subscription.
    """

    source: Literal["live", "reference"] = "reference"
    """Taken from the vendor's own answer, or written after its reference."""
    about: str = ""
    connection: SampleConnection = SampleConnection()
    given: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = {}
    exchanges: tuple[Exchange, ...] = ()
    answer: Any = None
    file: SampleFile | None = None
    delivery: Delivery | None = None
    result: Any = None
    meta: Mapping[str, Any] | None = None
    problem: SampleProblem | None = None


def shows(app: App, name: str, sample: Sample) -> bool:
    """Whether a sample shows what its owner is for: a success, except where an action is there to stop a flow."""
    action = app.action(owner_of(name))
    return (sample.problem is not None) if action is not None and stops(action) else sample.problem is None


def stops(action: Action) -> bool:
    """Whether the action is there to stop a flow, and so never has a result."""
    return isinstance(action.call, FlowStep) and action.call.step == "stop"


def owner_of(name: str) -> str:
    """The action, trigger or ``connection_test`` that a sample's name belongs to.

    >>> owner_of("send_message.channel_not_found")
    'send_message'
    """
    return name.partition(".")[0]
