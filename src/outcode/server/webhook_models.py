"""What the API answers and takes about webhooks."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from outcode.server.models import Answer, JsonObject, ProblemAnswer, Wanted
from outcode.workspace.webhooks.secrets import LONGEST, SHORTEST

MOST_HOURS = 7 * 24


class SecretOfWebhook(Answer):
    """A secret that deliveries may be signed with, without the secret itself; ``expires_at``: it has been replaced."""

    created_at: datetime
    expires_at: datetime | None


class CaptureAnswer(Answer):
    """The webhook's sample: ``armed_until`` while the next request is waited for, ``sample`` as ``{{trigger}}``."""

    armed_until: datetime | None
    captured_at: datetime | None
    sample: JsonObject | None


class WebhookAnswer(Answer):
    """A flow's webhook; ``names`` are all that lead to it, the present one and those before."""

    url: str
    name: str
    names: list[str]
    secrets: list[SecretOfWebhook]
    armed_until: datetime | None
    captured_at: datetime | None


class SecretWanted(Wanted):
    """A new secret; without ``secret`` one is made. What was good before stays so for ``keep_previous_hours``."""

    secret: str | None = Field(default=None, min_length=SHORTEST, max_length=LONGEST)
    keep_previous_hours: int = Field(default=0, ge=0, le=MOST_HOURS)


class SecretShown(Answer):
    """The new secret, this once."""

    secret: str


class RefusalAnswer(Answer):
    """``count`` deliveries that were refused for the same reason; ``address`` null: from several senders."""

    id: str
    flow_id: str | None
    flow_name: str | None
    status: int
    problem: ProblemAnswer
    address: str | None
    count: int
    first_at: datetime
    last_at: datetime


class RefusalPage(Answer):
    """A page of refused deliveries, newest first."""

    items: list[RefusalAnswer]
    next_cursor: str | None
