"""A trigger's subscription at its vendor: made, renewed, ended, and the events that it only points to fetched."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Self

from outcode.appkit.calls import Request
from outcode.appkit.triggers import Trigger
from outcode.transport.answer import optional_at
from outcode.transport.events.incoming import Event, event_of, listed
from outcode.values.json import Json
from outcode.values.problems import Unexpected, VendorRejected
from outcode.values.references.rendering import render

Ask = Callable[[Request, Mapping[str, Json]], Awaitable[Json]]
"""Carries out a declared call on the flow's connection and answers its data: :meth:`HttpClient.perform` for a caller
that knows app and connection."""

# From here on a number of seconds would be after the year 5000, so it counts milliseconds.
_MILLISECONDS = 100_000_000_000
_NUMBER = re.compile(r"([0-9]{1,14})(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """What is kept of a subscription; ``secret`` is stored encrypted.

    >>> state = SubscriptionState("ach1", "s3cret", datetime(2026, 11, 28, tzinfo=UTC))
    >>> SubscriptionState.from_json(state.as_json()) == state
    True
    """

    id: str
    secret: str = field(repr=False)
    expires_at: datetime | None = None

    def as_json(self) -> dict[str, Json]:
        """Plain values only; holds the secret."""
        expires = None if self.expires_at is None else self.expires_at.isoformat()
        return {"id": self.id, "secret": self.secret, "expires_at": expires}

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Self:
        """What :meth:`as_json` wrote."""
        expires = data["expires_at"]
        return cls(data["id"], data["secret"], None if expires is None else datetime.fromisoformat(expires))


@dataclass(frozen=True, slots=True)
class Fetched:
    """Events in order, the cursor to keep together with what they start, and whether to ask again at once."""

    events: list[Event]
    cursor: Json
    more: bool


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Acts at the vendor for one flow's trigger: ``inputs`` are the answers of the trigger's fields."""

    trigger: Trigger
    ask: Ask
    inputs: Mapping[str, Json]
    callback_url: str

    async def subscribe(self, secret: str, now: datetime) -> SubscriptionState:
        """Have events sent from now on; ``secret`` is ours, for vendors that make none.

        Raises VendorRejected ``subscription_unclear`` when the answer lacks id, secret or a readable end, and what
        asking raises.
        """
        declared = self.trigger.subscription
        answer = await self.ask(declared.create, self._known(secret=secret))
        if declared.secret is not None:
            secret = self._text(answer, declared.secret)
        return SubscriptionState(self._text(answer, declared.id), secret, self._end(answer, now))

    def renew_at(self, state: SubscriptionState) -> datetime | None:
        """When to renew; None when it does not end."""
        if state.expires_at is None:
            return None
        return state.expires_at - timedelta(seconds=self.trigger.subscription.renew_before_seconds)

    async def renew(self, state: SubscriptionState, now: datetime) -> SubscriptionState:
        """Put the end off. Where the vendor knows no renewal a new subscription is made before the old one is ended."""
        declared = self.trigger.subscription
        if declared.renew is None:
            renewed = await self.subscribe(state.secret, now)
            if renewed.id != state.id:
                await self.unsubscribe(state)
            return renewed
        answer = await self.ask(declared.renew, self._known(state))
        return SubscriptionState(state.id, state.secret, self._end(answer, now))

    async def unsubscribe(self, state: SubscriptionState) -> None:
        """End it; one that is gone already is fine."""
        try:
            await self.ask(self.trigger.subscription.remove, self._known(state))
        except VendorRejected as problem:
            if problem.code != "http_status_not_found":
                raise

    async def fetch(self, state: SubscriptionState, cursor: Json) -> Fetched:
        """What happened since ``cursor``, None at first; only for triggers with a cursor.

        Raises Unexpected ``trigger_without_cursor``, InputProblem ``event_not_list``, and what asking raises.
        """
        declared = self.trigger.cursor
        if declared is None:
            raise Unexpected("trigger_without_cursor", trigger=self.trigger.key)
        answer = await self.ask(declared.fetch, self._known(state, cursor=cursor))
        events = [event_of(self.trigger, value) for value in listed(answer, declared.events)]
        following = optional_at(answer, declared.next)
        if following is None:
            return Fetched(events, cursor, more=False)
        # Whoever stays where it is and says that there is more would be asked for ever.
        more = declared.more is not None and optional_at(answer, declared.more) is True and following != cursor
        return Fetched(events, following, more)

    def _known(self, state: SubscriptionState | None = None, **more: Json) -> dict[str, Json]:
        known = {**self.inputs, "callback_url": self.callback_url, **more}
        return known if state is None else {**known, "subscription_id": state.id, "secret": state.secret}

    def _text(self, answer: Json, path: str) -> str:
        value = optional_at(answer, path)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or value == "":
            raise VendorRejected("subscription_unclear", trigger=self.trigger.name, path=path)
        return render(value)

    def _end(self, answer: Json, now: datetime) -> datetime | None:
        declared = self.trigger.subscription
        value = optional_at(answer, declared.expires_at) if declared.expires_at is not None else None
        if value is None:
            lifetime = declared.lifetime_seconds
            return None if lifetime is None else now + timedelta(seconds=lifetime)
        try:
            return _moment(value)
        except (ValueError, OverflowError, OSError) as error:
            raise VendorRejected("subscription_unclear", trigger=self.trigger.name, path=declared.expires_at) from error


def _moment(value: Json) -> datetime:
    """A moment in ISO 8601, or in seconds or milliseconds since 1970; raises ValueError."""
    text = render(value)
    number = _NUMBER.fullmatch(text)
    if number is None:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    seconds = int(number[1])
    return datetime.fromtimestamp(seconds // 1000 if seconds >= _MILLISECONDS else seconds, UTC)
