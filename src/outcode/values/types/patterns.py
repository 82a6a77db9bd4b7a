"""Reading days and times by a pattern of the tokens that :func:`outcode.values.references.dates.write_date` writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from outcode.values.problems import InputProblem
from outcode.values.references.dates import write_date

MONTHS: dict[str, int] = {}
for _number in range(1, 13):
    for _token in ("MMMM", "MMM"):
        MONTHS[write_date(date(2000, _number, 1), _token).lower()] = _number
WEEKDAYS = tuple(write_date(date(2023, 1, 1 + day), "dddd") for day in range(7))

_TWO = "[0-9]{2}"
_ONE_OR_TWO = "[0-9]{1,2}"
_MONTH_NAMES = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY_NAMES = "|".join([*WEEKDAYS, *(day[:3] for day in WEEKDAYS), *(day[:2] for day in WEEKDAYS)])
_READERS: dict[str, tuple[str, str]] = {
    "YYYY": ("year", "[0-9]{4}"),
    "YY": ("short_year", _TWO),
    "MMMM": ("month_name", _MONTH_NAMES),
    "MMM": ("month_name", _MONTH_NAMES),
    "MM": ("month", _TWO),
    "M": ("month", _ONE_OR_TWO),
    "DD": ("day", _TWO),
    "D": ("day", _ONE_OR_TWO),
    "dddd": ("weekday", _DAY_NAMES),
    "ddd": ("weekday", _DAY_NAMES),
    "dd": ("weekday", _DAY_NAMES),
    "d": ("weekday", "[0-6]"),
    "HH": ("hour", _TWO),
    "H": ("hour", _ONE_OR_TWO),
    "hh": ("half_hour", _TWO),
    "h": ("half_hour", _ONE_OR_TWO),
    "mm": ("minute", _TWO),
    "m": ("minute", _ONE_OR_TWO),
    "ss": ("second", _TWO),
    "s": ("second", _ONE_OR_TWO),
    "SSS": ("fraction", "[0-9]{3}"),
    "A": ("half", "am|pm|오전|오후"),
    "a": ("half", "am|pm|오전|오후"),
    "Z": ("zone", "z|[+-][0-9]{2}:?[0-9]{2}"),
    "ZZ": ("zone", "z|[+-][0-9]{2}:?[0-9]{2}"),
    "X": ("seconds", "-?[0-9]{1,12}"),
    "x": ("milliseconds", "-?[0-9]{1,15}"),
}
_FIXED = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_TOKEN = re.compile(
    r"\[([^\]]*)\]|(" + "|".join(sorted(_READERS, key=lambda token: (-len(token), token))) + r")|[^\[]|\[", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class CompiledPattern:
    """A pattern as a regular expression whose named groups are the parts of a day and a time."""

    expression: re.Pattern[str]
    parts: frozenset[str]
    strptime: str | None
    """The same pattern as ``strptime`` writes it, where every part has a fixed place; else None."""

    @property
    def has_time(self) -> bool:
        """Whether the pattern names a time of day."""
        return bool(self.parts & {"hour", "half_hour", "seconds", "milliseconds"})


@lru_cache(maxsize=256)
def compiled(pattern: str) -> CompiledPattern:
    """The reader of a pattern; raises InputProblem where it does not say which day is meant."""
    seen: set[str] = set()
    pieces: list[str] = []
    fixed: list[str | None] = []
    for found in _TOKEN.finditer(pattern):
        name, expression = _READERS.get(found[2] or "", ("", ""))
        if not name:
            text = found[0] if found[1] is None else found[1]
            pieces.append(re.escape(text))
            fixed.append(text.replace("%", "%%"))
            continue
        fixed.append(None if name in seen else _FIXED.get(found[2]))
        if name == "weekday" or name in seen:
            pieces.append(f"(?:{expression})")
        else:
            seen.add(name)
            pieces.append(f"(?P<{name}>{expression})")
    day = {"year", "short_year"} & seen and {"month", "month_name"} & seen and "day" in seen
    clock = "half_hour" not in seen or "half" in seen
    if not (day and clock) and not {"seconds", "milliseconds"} & seen:
        raise InputProblem("type_pattern_incomplete", pattern=pattern)
    known = [part for part in fixed if part is not None]
    strptime = "".join(known) if len(known) == len(fixed) else None
    return CompiledPattern(re.compile("".join(pieces), re.IGNORECASE), frozenset(seen), strptime)


def check_pattern(pattern: str) -> None:
    """Raises InputProblem ``type_pattern_incomplete`` where a pattern does not say which day is meant."""
    compiled(pattern)
