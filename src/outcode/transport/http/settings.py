"""Reading a call's settings once the inputs are known: literals or fields, checked, with the place of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from outcode.appkit.template import Input, filled, literal_or_input
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place
from outcode.values.references.rendering import render

Pairs = tuple[tuple[str, Json], ...]
_NO_FIELDS: Mapping[str, Json] = {}


class Settings:
    """The values of one call's description, given the inputs of its task and the fields of its connection.

    >>> Settings({"seconds": "5"}).whole(Input(field="seconds"), 30, 1, 300)
    5
    """

    def __init__(self, inputs: Mapping[str, Json], connection: Mapping[str, Json] = _NO_FIELDS) -> None:
        self._inputs = inputs
        self._connection = connection

    def value(self, source: Json, default: Json = None) -> Json:
        """The literal or the field's value; ``default`` where that is null or an empty text."""
        value = literal_or_input(source, self._inputs)
        return default if value is None or (isinstance(source, Input) and value == "") else value

    def whole(self, source: Json, default: int, low: int, high: int) -> int:
        """A whole number in a range; raises InputProblem ``http_setting_range``."""
        value = self.value(source, default)
        text = render(value).strip() if isinstance(value, int | Decimal | str) and not isinstance(value, bool) else ""
        if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
            shown = render(value)[:100]
            raise InputProblem("http_setting_range", place_of(source), value=shown, low=low, high=high)
        return int(text)

    def optional_whole(self, source: Json, low: int, high: int) -> int | None:
        """A whole number in a range, or None where there is none; raises InputProblem ``http_setting_range``."""
        return None if self.value(source) is None else self.whole(source, low, low, high)

    def switch(self, source: Json, *, default: bool) -> bool:
        """True or false, also written as text; raises InputProblem ``http_setting_choice``."""
        value = self.value(source, default)
        if isinstance(value, bool):
            return value
        return self._one_of(source, value, ("true", "false")) == "true"

    def choice(self, source: Json, default: str, choices: tuple[str, ...]) -> str:
        """One of ``choices``; raises InputProblem ``http_setting_choice``."""
        return self._one_of(source, self.value(source, default), choices)

    def pairs(self, source: Json) -> Pairs:
        """Names and values in order, null left out: of an object, a list of ``{key, value}``, or a written mapping.

        Raises InputProblem ``http_pairs_invalid``.
        """
        if isinstance(source, Mapping):
            found = list(filled(source, self._inputs, self._connection).items())
        else:
            found = as_pairs(self.value(source, {}), place_of(source))
        return tuple((name, value) for name, value in found if value is not None)

    @staticmethod
    def _one_of(source: Json, value: Json, choices: tuple[str, ...]) -> str:
        if not isinstance(value, str) or value not in choices:
            shown = render(value)[:100]
            raise InputProblem("http_setting_choice", place_of(source), value=shown, choices=list(choices))
        return value


def as_pairs(value: Json, place: Place) -> list[tuple[str, Json]]:
    """An object's members, or those of a list of ``{key, value}``, in order; raises ``http_pairs_invalid``."""
    if isinstance(value, dict):
        return list(value.items())
    if not isinstance(value, list):
        raise InputProblem("http_pairs_invalid", place)
    pairs: list[tuple[str, Json]] = []
    for item in value:
        if not isinstance(item, dict) or not isinstance(item.get("key"), str) or set(item) - {"key", "value"}:
            raise InputProblem("http_pairs_invalid", place)
        pairs.append((item["key"], item.get("value")))
    return pairs


def place_of(source: Json) -> Place:
    """Where a setting was written: the field of an Input, nowhere for a literal."""
    return Place(field=f"inputs.{source.field}") if isinstance(source, Input) else Place()
