"""A declared command and a task's inputs → the words that are sent; the server's reply → JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from outcode.appkit import Input
from outcode.appkit.redis_calls import CommandByOption, RedisCommand, ReplyPart, Several
from outcode.appkit.template import literal_or_input
from outcode.values.json import Json, dumps, loads
from outcode.values.problems import InputProblem, Place, VendorRejected


def command_words(call: RedisCommand, inputs: Mapping[str, Json]) -> list[bytes]:
    """The words of a command.

    Raises InputProblem naming the field: ``redis_not_confirmed``, ``redis_option_unknown``, ``redis_not_text``,
    ``field_required``.
    """
    if call.confirmed_by is not None and inputs.get(call.confirmed_by.field) is not True:
        raise InputProblem("redis_not_confirmed", _place(call.confirmed_by))
    words = [_command(call.command, inputs).encode()]
    for argument in call.arguments:
        match argument:
            case Several():
                words += several(argument.of, inputs)
            case Input():
                words.append(word(argument, inputs))
            case _:
                words.append(argument.encode())
    return words


def word(given: str | Input, inputs: Mapping[str, Json]) -> bytes:
    """One word: text as it is, everything else as JSON."""
    value = literal_or_input(given, inputs)
    if value is None:
        raise InputProblem("field_required", _place(given), label=_name(given))
    try:
        return (value if isinstance(value, str) else dumps(value)).encode()
    except UnicodeEncodeError as error:
        raise InputProblem("redis_not_text", _place(given), name=_name(given)) from error


def several(given: Input, inputs: Mapping[str, Json]) -> list[bytes]:
    """One word an element: of a list, of a list written as JSON, or of a text with commas; at least one."""
    value = inputs.get(given.field)
    if isinstance(value, str):
        value = _listed(value)
    elements = value if isinstance(value, list) else [value]
    words = [word(given, {given.field: element}) for element in elements if element is not None and element != ""]
    if not words:
        raise InputProblem("field_required", _place(given), label=given.field)
    return words


def answer(call: RedisCommand, inputs: Mapping[str, Json], reply: Any) -> dict[str, Json]:
    """What the action answers: the echoed inputs, then the parts of the reply."""
    echoed = {name: inputs.get(given.field) for name, given in call.echo.items()}
    return echoed | {name: _part(part, reply) for name, part in call.reply.items()}


def value_of(reply: Any) -> Json:
    """A reply as JSON: text, ``{"base64": …}`` for what is not UTF-8, numbers, null, and lists of these.

    >>> value_of([b"a", b"\\xff", 3, None])
    ['a', {'base64': '/w=='}, 3, None]
    """
    match reply:
        case bytes():
            try:
                return reply.decode()
            except UnicodeDecodeError:
                return {"base64": base64.b64encode(reply).decode("ascii")}
        case list():
            return [value_of(item) for item in reply]
        case int() | None:
            return reply
        case _:
            raise VendorRejected("redis_reply_unexpected")


def _command(command: str | CommandByOption, inputs: Mapping[str, Json]) -> str:
    if isinstance(command, str):
        return command
    chosen = str(inputs.get(command.of.field))
    if chosen not in command.commands:
        raise InputProblem("redis_option_unknown", _place(command.of), options=list(command.commands))
    return command.commands[chosen]


def _listed(text: str) -> list[Json]:
    if text.lstrip().startswith("["):
        try:
            return list(loads(text))
        except InputProblem:
            return [text]  # a key may begin with a bracket
    return [part.strip() for part in text.split(",")]


def _part(part: ReplyPart, reply: Any) -> Json:
    match part:
        case "value":
            return value_of(reply)
        case "present":
            return reply is not None
        case "ok":
            return reply == b"OK"
        case "integer" | "positive":
            if not isinstance(reply, int):
                raise VendorRejected("redis_reply_unexpected")
            return reply if part == "integer" else reply > 0


def _name(given: str | Input) -> str:
    return given.field if isinstance(given, Input) else given


def _place(given: str | Input) -> Place | None:
    return Place(field=f"inputs.{given.field}") if isinstance(given, Input) else None
