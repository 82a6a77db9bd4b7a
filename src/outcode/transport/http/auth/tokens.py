"""Tokens of a connection, and the flows that get them: generators that yield requests and are sent answers.

A flow does no I/O, so every step of every standard is tested without a server, and whoever drives it decides about
guards, time-outs, traces and caps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self, TypeVar

from outcode.transport.http.decode import Response
from outcode.transport.http.prepare import PreparedRequest
from outcode.values.json import Json

EARLY = timedelta(seconds=60)
"""How long before their end tokens are renewed."""

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Tokens:
    """What a flow got: ``access_token``, ``refresh_token``, and what the kind's ``kept`` or a step's ``keep`` names.

    ``expires_at`` is None where nobody knows; they are then good until they are refused. ``version`` counts the fetches
    for a connection; whoever keeps tokens sets it.

    >>> tokens = Tokens({"access_token": "t0p"}, datetime(2026, 11, 22), 1)
    >>> tokens, Tokens.from_json(tokens.as_json()) == tokens
    (Tokens(expires_at=datetime.datetime(2026, 11, 22, 0, 0), version=1), True)
    """

    values: Mapping[str, Json] = field(repr=False)
    expires_at: datetime | None
    version: int

    def last(self, now: datetime) -> bool:
        """Whether they are good now and for another minute."""
        return self.expires_at is None or now + EARLY < self.expires_at

    def as_json(self) -> dict[str, Json]:
        """Plain values only; the secrets are in it."""
        end = self.expires_at.isoformat() if self.expires_at is not None else None
        return {"values": dict(self.values), "expires_at": end, "version": self.version}

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Self:
        """What :meth:`as_json` made."""
        end = data["expires_at"]
        return cls(data["values"], datetime.fromisoformat(end) if end is not None else None, data["version"])


Steps = Generator[PreparedRequest, Response, _Result]
Flow = Steps[Tokens]


async def drive(steps: Steps[_Result], send: Callable[[PreparedRequest], Awaitable[Response]]) -> _Result:
    """Carry a flow out; raises what the flow and ``send`` raise."""
    try:
        request = next(steps)
        while True:
            request = steps.send(await send(request))
    except StopIteration as end:
        result: _Result = end.value
        return result
    finally:
        steps.close()
