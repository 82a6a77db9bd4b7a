"""Redis commands on a real server."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import redis

from outcode.appkit import Action, Input, RedisCommand, RedisScan
from outcode.appkit.samples import Sample
from outcode.values.json import Json
from tests.apps.contract.scenes.scene import Meet, Trouble
from tests.apps.contract.scenes.server import READER, ServerScene
from tests.apps.contract.servers import servers
from tests.apps.contract.stage import Outcome

_OF_TEXTS = {"GET", "APPEND", "INCRBY", "DECRBY"}
_OF_NUMBERS = {"INCRBY", "DECRBY"}


class RedisScene(ServerScene):
    """An empty server for each sample."""

    unreachable = "redis_unreachable"
    password_refused = "redis_password_refused"

    async def set_up(self) -> None:
        """Start the server, where it does not run yet, with somebody who may do nothing."""
        server = await servers().redis()
        self.fields = dict(server.connection().fields)
        self._own = redis.Redis(host="127.0.0.1", port=server.port, password=str(self.fields["password"]))
        name, password = READER["username"], READER["password"]
        self._tell("ACL", "SETUSER", name, "on", f">{password}", "~*", "+@connection")

    async def clear(self) -> None:
        """Hang up."""
        self._own.close()

    async def given(self, *statements: str) -> None:
        """Commands, written as for redis-cli."""
        self._own.flushall()
        for statement in statements:
            self._tell(*shlex.split(statement))

    def _tell(self, *words: str) -> None:
        self._own.execute_command(*words)  # type: ignore[no-untyped-call]  # redis-py says nothing of it

    async def play(self, action: Action, sample: Sample) -> list[tuple[str, Outcome]]:
        """A walk meets keys in any order, so they are put into the sample's."""
        (played,) = await super().play(action, sample)
        _, outcome = played
        if isinstance(action.call, RedisScan) and outcome.answer is not None and isinstance(sample.result, dict):
            value = outcome.answer.value
            if sorted(value["keys"]) == sorted(sample.result["keys"]):
                outcome.answer = replace(outcome.answer, value={**value, "keys": sample.result["keys"]})
        return [played]

    def refusals(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """Not let in, or not permitted."""
        wrong = {"password": self.secrets[1]}
        yield self.trouble("password", "vendor_rejected redis_password_refused", action, sample, fields=wrong)
        yield self.trouble("rights", "vendor_rejected redis_not_permitted", action, sample, fields=READER)

    def codes(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """The key holds another kind of value."""
        call = action.call
        if not (isinstance(call, RedisCommand) and isinstance(call.command, str) and call.command in _OF_TEXTS):
            return
        assert isinstance(call.arguments[0], Input)
        key = shlex.quote(str(sample.inputs[call.arguments[0].field]))
        listed, worded = (f"DEL {key}", f"RPUSH {key} a"), (f"SET {key} word",)
        yield self.trouble("a list", "input redis_wrong_type", action, sample, given=listed)
        if call.command in _OF_NUMBERS:
            yield self.trouble("a word", "input redis_not_integer", action, sample, given=worded)

    def broken(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """Nobody listens, the line breaks at the command, or it is no Redis."""
        at = _name(action, sample)
        yield self.trouble("nobody", "vendor_down redis_unreachable", action, sample, fate="nobody")
        yield self.trouble("breaks", "vendor_down redis_connection_lost", action, sample, fate="breaks", at=at)
        yield self.trouble("stranger", "vendor_rejected redis_not_redis", action, sample, fate="stranger")

    def silence(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """The server does not answer the command."""
        at = _name(action, sample)
        yield self.trouble("silent", "stopped redis_timeout", action, sample, fate="falls silent", at=at)

    def further_misconnects(self) -> Iterator[tuple[str, str, dict[str, Json]]]:
        """A database and a user that are not there."""
        yield "database", "vendor_rejected redis_no_database", {"db": 99}
        yield "user", "vendor_rejected redis_password_refused", {"username": "contract_nobody"}

    def tells(self, action: Action, sample: Sample) -> Iterator[tuple[str, Meet]]:
        """The password is what a key holds."""
        if isinstance(action.call, RedisCommand) and action.call.command == "GET":
            key = shlex.quote(str(sample.inputs["key"]))
            given = (f"SET {key} {shlex.quote(self.secrets[0])}",)
            yield "answered", partial(self.call, action, sample, given=given)


def _name(action: Action, sample: Sample) -> bytes:
    """What stands on the wire of a call alone."""
    call = action.call
    if isinstance(call, RedisScan):
        return b"SCAN"
    assert isinstance(call, RedisCommand)
    if isinstance(call.command, str):
        return call.command.encode()
    return call.command.commands[str(sample.inputs[call.command.of.field])].encode()
