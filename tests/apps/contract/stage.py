"""One app on a stage: the product's own client on this side, a server that plays samples on the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from mimetypes import guess_type
from typing import Any

from outcode.appkit import Action, App, Input, Limit, OAuth2Code, Request
from outcode.appkit.accept import accept_answers
from outcode.appkit.samples import Sample, SampleFile, SampleResponse
from outcode.transport.answer import Answer, CallTrace
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.http import HttpClient, HttpConnection
from outcode.transport.http.auth import MemoryTokens, OAuthClient, Tokens
from outcode.values.json import Json
from outcode.values.problems import Problem
from outcode.workspace.connections import Verified
from tests.apps.contract.canaries import ACCESS_TOKEN, REFRESH_TOKEN, Held, held
from tests.apps.contract.grants import grants_for
from tests.apps.contract.player import Player, playing
from tests.apps.contract.subjects import Subject

KEY = "one-piece-of-work"
"""What an idempotency header holds."""
_SOME_FILE = SampleFile(name="file.txt", text="content of the file")
CLIENT = OAuthClient("client-id-of-the-operator", "canary-client-secret-Zq7x")


@dataclass
class Outcome:
    """How a call ended, and what was noted on its way."""

    answer: Answer | None = None
    verified: Verified | None = None
    problem: Problem | None = None
    traces: list[CallTrace] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Stored:
    id: str
    version: int
    kind: str
    fields: Mapping[str, Json]


class SampleFiles:
    """The team's files: every id is the sample's file, and what is kept is called ``kept``."""

    def __init__(self) -> None:
        self.file = _SOME_FILE

    async def content(self, file_id: str) -> tuple[str, str, bytes]:
        media_type = guess_type(self.file.name)[0] or "application/octet-stream"
        return self.file.name, media_type, self.file.text.encode()

    async def keep(self, name: str, media_type: str, content: bytes) -> dict[str, Json]:
        return {"fileId": "kept", "name": name, "mediaType": media_type, "size": len(content)}


class NoWaiting:
    """A limiter that lets every call out at once, also after an answer that asks to wait."""

    async def wait(self, connection_id: str, limits: tuple[Limit, ...]) -> None:
        """Nothing to wait for."""

    async def pause(self, connection_id: str, seconds: float) -> None:
        """The next sample is another day."""


class Stage:
    """Carries out an app's calls against the player."""

    def __init__(self, subject: Subject, player: Player) -> None:
        self.subject = subject
        self.player = player
        self.app: App = player.places.app(subject.app)
        self.files = SampleFiles()
        self._tokens = MemoryTokens()
        guard = EgressGuard(parse_allow_rules("127.0.0.1"))
        self.client = HttpClient(guard, tokens=self._tokens, limiter=NoWaiting())

    def held(self, sample: Sample) -> Held | None:
        """The connection that a sample is made with."""
        kind = self.subject.app.connection_kind(sample.connection.kind)
        if kind is None or (sample.connection.kind is None and not self.subject.app.connection_required):
            return None
        return held(kind, sample)

    def connect(self, connection: Held | None) -> HttpConnection:
        """The same for the client, with the vendor's side of tokens ready."""
        if connection is None:
            return HttpConnection.of(self.app, None)
        self.player.grants = dict(grants_for(connection, self.subject.app.base_url))
        fields = self.player.places.local(connection.fields)
        if "allowed_hosts" in fields:
            fields = {**fields, "allowed_hosts": ["127.0.0.1"]}
        stored = _Stored(connection.id, connection.version, connection.kind.key, fields)
        code = isinstance(connection.kind, OAuth2Code)
        made = HttpConnection.of(self.app, stored, client=CLIENT if code else None)
        if code:
            kept = self.player.places.local(connection.kept)
            values = {"access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN, **kept}
            self._tokens.put(made, Tokens(values, None, 1))
        return made

    def action(self, action: Action) -> Action:
        """An action on the local server that is not repeated by itself."""
        local = self.app.action(action.key)
        assert local is not None
        return local.model_copy(update={"call": self.once(local.call)}) if isinstance(local.call, Request) else local

    def once(self, call: Request) -> Request:
        """A call that is not repeated by itself."""
        return call if isinstance(call.retries, Input) else call.model_copy(update={"retries": 0})

    def inputs(self, action: Action, sample: Sample) -> dict[str, Json]:
        """A sample's inputs as a task would hand them over."""
        return accept_answers(action.fields, self.player.places.local(sample.inputs), within="inputs")

    async def perform(
        self, action: Action, sample: Sample, *answers: SampleResponse, timeout_seconds: int | None = None
    ) -> Outcome:
        """Carry an action out with a sample's inputs; the server answers ``answers``."""
        connection = self.held(sample)
        self.files.file = sample.file or _SOME_FILE
        self.player.play(*(connection.written_response(each) if connection else each for each in answers))
        local = self.action(action)
        if timeout_seconds is not None and isinstance(local.call, Request):
            call = local.call.model_copy(update={"timeout_seconds": timeout_seconds})
            local = local.model_copy(update={"call": call})
        outcome = Outcome()
        try:
            outcome.answer = await self.client.perform_action(
                local,
                self.inputs(local, sample),
                self.connect(connection),
                app=self.app,
                key=KEY,
                files=self.files,
                record=outcome.traces.append,
            )
        except Problem as problem:
            outcome.problem = problem
        return outcome

    async def played(self, action: Action, sample: Sample) -> Outcome:
        """Carry out a sample as it is written, its answer back in the world."""
        outcome = await self.perform(action, sample, *(each.response for each in sample.exchanges))
        if outcome.answer is not None:
            places = self.player.places
            meta: Any = places.real(outcome.answer.meta)
            outcome.answer = replace(outcome.answer, value=places.real(outcome.answer.value), meta=meta)
        return outcome


@asynccontextmanager
async def staged(subject: Subject) -> AsyncIterator[Stage]:
    """A stage with a server of its own."""
    async with playing() as player:
        stage = Stage(subject, player)
        try:
            yield stage
        finally:
            await stage.client.close()
