"""Triggers: events that an app sends to us. The subscription's life, the proof of the sender, and the way to the data.

A subscription is created when a flow that starts by the trigger is published, renewed before it ends, and removed with
the flow. Nothing of a request is believed before its signature is verified.
"""

from __future__ import annotations

from typing import Literal

from outcode.appkit.base import Declared, Words
from outcode.appkit.calls import Request
from outcode.appkit.fields import Field
from outcode.appkit.outputs import Outputs


class Subscription(Declared):
    """The vendor's record of where to send events.

    ``create`` may take ``Input(field="callback_url")`` and ``Input(field="secret")`` (one that we make); the paths read
    its answer's data. ``renew`` and ``remove`` may take ``Input(field="subscription_id")``. ``lifetime_seconds`` is the
    vendor's rule where the answer has no ``expires_at``.
    """

    create: Request
    id: str
    secret: str | None = None
    """Path of the secret that the vendor makes; None: ours is used."""
    expires_at: str | None = None
    lifetime_seconds: int | None = None
    renew: Request | None = None
    renew_before_seconds: int = 24 * 3600
    remove: Request


class Handshake(Declared):
    """How the vendor asks whether we are there: a value that is sent back as it came.

    ``place`` and ``name`` say where it comes: a query parameter, a header, or a path in the JSON body. ``answer``: as
    plain text, as the JSON member ``answer_name``, or as the header ``answer_name``.
    """

    place: Literal["query", "header", "body"]
    name: str
    answer: Literal["text", "json", "header"] = "text"
    answer_name: str = ""


class WebhookSignature(Declared):
    """An HMAC over the raw body, compared in constant time.

    ``header`` holds the signature after ``prefix``; where a header has several parts (``t=1,v1=ab``) ``part`` names the
    one with it, and ``timestamp_part`` the one with the time. ``message`` is a text with ``{body}`` and
    ``{timestamp}``. Older or later than ``tolerance_seconds`` is refused.
    """

    header: str
    algorithm: Literal["sha256", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    secret_encoding: Literal["text", "base64"] = "text"
    prefix: str = ""
    part: str | None = None
    timestamp_part: str | None = None
    timestamp_header: str | None = None
    message: str = "{body}"
    tolerance_seconds: int = 300


class Cursor(Declared):
    """Where events only say *that* something happened: the call that fetches what, from where we stopped last.

    ``fetch`` takes ``Input(field="cursor")``; ``next`` is the path of the cursor for the next time, kept in the same
    transaction as the run that the events start; ``more`` is the path of a switch that says to ask again at once.
    """

    fetch: Request
    events: str
    next: str
    more: str | None = None


class Trigger(Declared):
    """An event of an app that starts a flow."""

    key: str
    name: str
    """As the product lists it; English, permanent."""
    description: Words
    fields: tuple[Field, ...]
    subscription: Subscription
    handshake: Handshake | None = None
    signature: WebhookSignature | None = None
    events: str | None = None
    """Path of the list of events in a request's body; None: a request is one event."""
    event_id: str | tuple[str, ...] | None = None
    """Path inside an event of what makes it the same event when it is sent twice; several: all of them together."""
    cursor: Cursor | None = None
    outputs: Outputs
