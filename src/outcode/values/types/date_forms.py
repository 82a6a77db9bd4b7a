"""The common ways to write a day and a time, taken apart; what could be meant in two ways is never guessed.

Year first (ISO 8601, ``2026/11/21``, ``2026. 11. 21.``, ``2026년 11월 21일``, ``20261121``), day and month as numbers
(``21/11/2026``), the month by name (RFC 2822, ``Nov 21, 2026``), seconds or milliseconds since 1970; then a time of day
with or without 오전/오후, AM/PM and an offset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from outcode.values.types.cells import SPACES
from outcode.values.types.errors import CellProblem, about
from outcode.values.types.numerals import WIDE
from outcode.values.types.patterns import MONTHS, compiled

LONGEST_DATE = 120
_WIDE = WIDE | {ord("："): ":", ord("／"): "/", ord("、"): ",", ord("年"): "년", ord("月"): "월", ord("日"): "일"}
_SPACE = re.compile(f"[{re.escape(SPACES)}]+")
_MONTH = rf"(?P<name>{'|'.join(sorted(MONTHS, key=len, reverse=True))}|sept)"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?"
_ORDINAL = r"(?:st|nd|rd|th)?"
_DAYS = (
    r"(?P<year>[0-9]{4})(?P<sign>[-/.]) ?(?P<month>[0-9]{1,2})(?P=sign) ?(?P<day>[0-9]{1,2})\.?",
    r"(?P<year>[0-9]{4})년 ?(?P<month>[0-9]{1,2})월 ?(?P<day>[0-9]{1,2})일",
    r"(?P<first>[0-9]{1,2})(?P<sign>[-/.]) ?(?P<second>[0-9]{1,2})(?P=sign) ?(?P<year>[0-9]{4})\.?",
    rf"{_WEEKDAY}(?P<day>[0-9]{{1,2}}){_ORDINAL}[ -](?:of )?{_MONTH}\.?,?[ -](?P<year>[0-9]{{4}})",
    rf"{_WEEKDAY}{_MONTH}\.? (?P<day>[0-9]{{1,2}}){_ORDINAL},? (?P<year>[0-9]{{4}})",
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?=t)",
)
_ZONES = {"z": 0, "gmt": 0, "utc": 0, "ut": 0, "kst": 540, "jst": 540}
_ZONES |= {"est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420}
_TIME = (
    r"(?:(?P<half>오전|오후) ?)?(?P<hour>[0-9]{1,2})"
    r"(?::(?P<minute>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,12}))?)?"
    r"|시(?: ?(?P<minute_k>[0-9]{1,2})분(?: ?(?P<s_k>[0-9]{1,2})초)?)?"
    r"|(?P<minute_c>[0-9]{2})(?P<s_c>[0-9]{2})?"
    r"|(?= ?[ap]\.?m))"
    r"(?: ?(?P<half_e>[ap])\.?m\.?)?"
    rf"(?: ?(?P<zone>{'|'.join(_ZONES)}|(?:gmt|utc)?[+-][0-9]{{2}}(?::?[0-9]{{2}})?)(?: ?\([a-z ]+\))?)?"
)
_AFTER_DAY = r"(?: ?\(?[월화수목금토일](?:요일)?\)?)?"
_FORMS = tuple(re.compile(rf"{day}{_AFTER_DAY}(?:(?: ?t ?|,? |(?<=[일)]) ?){_TIME})?", re.IGNORECASE) for day in _DAYS)
_DIGITS = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,9}))?")


@dataclass(frozen=True, slots=True)
class Parts:
    """A day, maybe a time of day in seconds and microseconds, maybe an offset in minutes; or an instant.

    ``instant`` is in microseconds since 1970; then nothing else counts.
    """

    year: int = 1970
    month: int = 1
    day: int = 1
    clock: tuple[int, int, int, int] | None = None
    offset: int | None = None
    instant: int | None = None


def parts_of(text: str, *, day_first: bool | None) -> Parts | CellProblem:
    """What a text says, if it is one of the common forms; whether such a day exists is not looked at.

    >>> parts_of("2026년 11월 21일 오후 3:30", day_first=None).clock
    (15, 30, 0, 0)
    """
    plain = _SPACE.sub(" ", text.translate(_WIDE)).strip(" ")
    if len(plain) <= LONGEST_DATE:
        if (number := _DIGITS.fullmatch(plain)) is not None:
            return _of_digits(number[1], number[2], plain)
        for form in _FORMS:
            if (found := form.fullmatch(plain)) is not None:
                return _assembled(found, text.strip(SPACES), day_first=day_first)
    return about("cell_datetime_unreadable", text.strip(SPACES))


def parts_by(pattern: str, text: str) -> Parts | CellProblem:
    """What a text says by a pattern."""
    stripped = text.strip(SPACES)
    found = compiled(pattern).expression.fullmatch(stripped)
    if found is None:
        return about("cell_datetime_not_by_pattern", stripped, pattern=pattern)
    part = found.groupdict()
    if part.get("seconds") or part.get("milliseconds"):
        unit, digits = (1_000_000, part["seconds"]) if part.get("seconds") else (1_000, part["milliseconds"])
        return Parts(instant=int(digits) * unit)
    short = int(part.get("short_year") or 0)
    year = int(part["year"]) if part.get("year") else short + (1900 if short > 68 else 2000)
    month = int(part["month"]) if part.get("month") else MONTHS[part["month_name"].lower()]
    clock = None
    if compiled(pattern).has_time:
        hour = int(part.get("hour") or part["half_hour"])
        if part.get("half"):
            if hour > 12 and not part.get("hour"):
                return about("cell_datetime_impossible", stripped)
            hour = hour % 12 + 12 * (part["half"].lower() in {"pm", "오후"}) if hour <= 12 else hour
        fraction = int(part.get("fraction") or 0) * 1000
        clock = (hour, int(part.get("minute") or 0), int(part.get("second") or 0), fraction)
    return Parts(year, month, int(part["day"]), clock, _offset(part.get("zone")))


def _of_digits(whole: str, decimals: str | None, text: str) -> Parts | CellProblem:
    """Digits alone: ``20261121``, ``20261121093000``, or seconds or milliseconds since 1970."""
    match len(whole), decimals:
        case 8, None:
            return Parts(int(whole[:4]), int(whole[4:6]), int(whole[6:]))
        case 14, None:
            clock = (int(whole[8:10]), int(whole[10:12]), int(whole[12:]), 0)
            return Parts(int(whole[:4]), int(whole[4:6]), int(whole[6:8]), clock)
        case 9 | 10, _:
            return Parts(instant=int(whole) * 1_000_000 + int((decimals or "0")[:6].ljust(6, "0")))
        case 13, _:
            return Parts(instant=int(whole) * 1_000 + int((decimals or "0")[:3].ljust(3, "0")))
        case _:
            return about("cell_datetime_number_unclear", text)


def _assembled(found: re.Match[str], text: str, *, day_first: bool | None) -> Parts | CellProblem:
    part = found.groupdict()
    clock = None
    if part["hour"] is not None:
        hour = int(part["hour"])
        half = part["half"] or part["half_e"]
        if half is not None:
            if hour > 12 or (part["half"] and part["half_e"]):
                return about("cell_datetime_impossible", text)
            hour = hour % 12 + 12 * (half.lower() in {"p", "오후"})
        minute = part["minute"] or part["minute_k"] or part["minute_c"] or "0"
        second = part["s"] or part["s_k"] or part["s_c"] or "0"
        clock = (hour, int(minute), int(second), int((part["fraction"] or "0")[:6].ljust(6, "0")))
    offset = _offset(part["zone"])
    year = int(part["year"])
    if part.get("first") is None:
        name = part.get("name")
        month = MONTHS[name.lower()[:3]] if name else int(part["month"])
        return Parts(year, month, int(part["day"]), clock, offset)
    first, second_number = int(part["first"]), int(part["second"])
    day_first = _day_first(first, second_number) if day_first is None else day_first
    if day_first is None:
        readings = {
            "day_first": _shown(year, second_number, first),
            "month_first": _shown(year, first, second_number),
        }
        return about("cell_datetime_ambiguous", text, **readings)
    day, month = (first, second_number) if day_first else (second_number, first)
    return Parts(year, month, day, clock, offset)


def _day_first(first: int, second: int) -> bool | None:
    """Whether the day must come first, where only one of the two makes sense."""
    if first == second or not (1 <= first <= 12 and 1 <= second <= 12):
        return second <= 12
    return None


def _shown(year: int, month: int, day: int) -> str:
    return date(max(year, 1), month, day).isoformat()


def _offset(zone: str | None) -> int | None:
    """Minutes east of Greenwich."""
    if not zone:
        return None
    name = zone.lower()
    if name in _ZONES:
        return _ZONES[name]
    digits = name.removeprefix("gmt").removeprefix("utc")
    minutes = int(digits[1:3]) * 60 + int(digits[3:].removeprefix(":") or 0)
    return -minutes if digits[0] == "-" else minutes
