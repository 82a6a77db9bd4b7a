"""What a Redis action sends: one command of separate words, or a walk over the keys.

The command itself is always written by the app, and a value fills exactly one word: ``x EX 1`` in a value stays a
value. Only :class:`Several` makes more words than one, where every one of them is the same kind of thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from outcode.appkit.base import Declared
from outcode.appkit.template import Input

ReplyPart = Literal["value", "present", "integer", "positive", "ok"]
"""What is made of the server's reply: ``value``: text, ``{"base64": …}`` where it is not UTF-8, null where there is
none. ``present``: whether there is one. ``integer``: the number. ``positive``: whether that is above 0. ``ok``: whether
the server said OK."""


class Several(Declared):
    """One word for each element of a list, also of one written as JSON, or of a text with commas.

    >>> Several(of=Input(field="key")).of.field
    'key'
    """

    kind: Literal["several"] = "several"
    of: Input


class CommandByOption(Declared):
    """The command that stands for the option chosen in a select field.

    >>> CommandByOption(of=Input(field="scope"), commands={"all": "FLUSHALL"}).commands["all"]
    'FLUSHALL'
    """

    kind: Literal["command_by_option"] = "command_by_option"
    of: Input
    commands: Mapping[str, str]


class RedisCommand(Declared):
    """One command; its answer is the values of ``echo`` and what ``reply`` makes of the server's reply.

    An input that is a text is sent as it is, everything else as JSON. With ``confirmed_by`` nothing is sent unless that
    switch is on.

    Source: https://redis.io/docs/latest/commands/.

    >>> key = Input(field="key")
    >>> RedisCommand(command="GET", arguments=(key,), reply={"value": "value"}, echo={"key": key}).command
    'GET'
    """

    kind: Literal["redis_command"] = "redis_command"
    command: str | CommandByOption
    arguments: tuple[str | Input | Several, ...] = ()
    reply: Mapping[str, ReplyPart]
    echo: Mapping[str, Input] = {}
    confirmed_by: Input | None = None

    @property
    def name(self) -> str:
        """The command, or those that an option chooses from, as people know it."""
        return self.command if isinstance(self.command, str) else " / ".join(self.command.commands.values())


class RedisScan(Declared):
    """The names of all keys, or of those that match a glob pattern, in no order: ``{keys, count, truncated}``.

    ``truncated``: there are more than ``limit``, or the database is too large to be looked through to its end.

    Source: https://redis.io/docs/latest/commands/scan/.
    """

    kind: Literal["redis_scan"] = "redis_scan"
    pattern: str | Input | None = None
    limit: int | Input = 1000

    @property
    def name(self) -> str:
        """The command that walks."""
        return "SCAN"
