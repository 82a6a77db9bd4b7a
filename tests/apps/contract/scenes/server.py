"""What the scenes of all database servers have in common: connections that differ in a field, lines that break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from outcode.appkit import Action
from outcode.appkit.samples import Sample
from outcode.values.json import Json
from tests.apps.contract.cable import Fate, cable
from tests.apps.contract.scenes.scene import Meet, Scene, Trouble
from tests.apps.contract.stage import Outcome
from tests.support.serving import free_port

WRONG_PASSWORD = "canary-wr0ng-pa55-Zq7x"
READER = {"username": "contract_reader", "password": "canary-reader-pa55-Zq7x"}
"""Somebody who may come in, and may do nothing."""


class ServerScene(Scene):
    """A server on a port, with ``fields`` that connect to it."""

    fields: Mapping[str, Json]
    unreachable: str
    password_refused: str

    async def given(self, *statements: str) -> None:
        """Nothing is there but what these make."""
        raise NotImplementedError

    async def play(self, action: Action, sample: Sample) -> list[tuple[str, Outcome]]:
        """On the server, with what the sample says is given."""
        return [("server", await self.call(action, sample))]

    async def call(
        self,
        action: Action,
        sample: Sample,
        *,
        inputs: Mapping[str, Json] | None = None,
        fields: Mapping[str, Json] | None = None,
        given: tuple[str, ...] = (),
        fate: Fate | None = None,
        at: bytes = b"",
    ) -> Outcome:
        """A sample with other inputs, another connection, more that is given, or a line that does not hold."""
        await self.given(*sample.given, *given)
        asked, connects = {**sample.inputs, **(inputs or {})}, {**self.fields, **(fields or {})}
        if fate is None:
            return await self.backstage.perform(action, asked, await self.backstage.connected(None, connects))
        async with cable(int(str(self.fields["port"])), fate, at) as port:
            connection = await self.backstage.connected(None, connects | {"port": port})
            return await self.backstage.perform(action, asked, connection)

    def trouble(self, name: str, told: str, action: Action, sample: Sample, **changes: Any) -> Trouble:
        """A trouble that ``call`` makes; ``told``: the problem's kind and code."""
        kind, code = told.split()
        return Trouble(name, kind, (code,), partial(self.call, action, sample, **changes))

    def connects(self) -> Iterator[tuple[str, Meet]]:
        """The one of the scene."""
        yield "server", partial(self.backstage.tried, None, self.fields)

    def misconnects(self) -> Iterator[Trouble]:
        """One wrong field each."""
        wrong: list[tuple[str, str, dict[str, Json]]] = [
            ("password", f"vendor_rejected {self.password_refused}", {"password": WRONG_PASSWORD}),
            ("host", f"vendor_down {self.unreachable}", {"host": "::1"}),
            ("port", f"vendor_down {self.unreachable}", {"port": free_port()}),
            *self.further_misconnects(),
        ]
        for name, told, changed in wrong:
            kind, code = told.split()
            tried = partial(self.backstage.tried, None, {**self.fields, **changed})
            yield Trouble(f"wrong {name}", kind, (code,), tried)

    def further_misconnects(self) -> Iterator[tuple[str, str, dict[str, Json]]]:
        """What else can be wrong: its name, how it is told, the fields."""
        yield from ()

    @property
    def secrets(self) -> tuple[str, ...]:
        """All passwords that are used."""
        return (str(self.fields["password"]), WRONG_PASSWORD, str(READER["password"]))
