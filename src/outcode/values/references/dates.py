"""Dates and times: reading ISO 8601, and writing by pattern (Day.js tokens), for pipes and transforms alike.

    YYYY YY   MMMM MMM MM M   DD D   dddd ddd dd d   HH H hh h   mm m   ss s SSS   A a   Z ZZ   X x   [any text]

Everything else in a pattern stands for itself. Names of months and days are English.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from outcode.values.problems import ReferenceProblem
from outcode.values.references.suggestions import nearest, shortened

MAX_DAYS = 4_000_000
MAX_PATTERN_LENGTH = 200
_ISO = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,12}))?)?"
    r"(?: ?(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_TOKEN = re.compile(
    r"\[([^\]]*)\]|YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|dd|d|HH|H|hh|h|mm|m|ss|s|SSS|A|a|ZZ|Z|X|x|[^\[]|\[", re.DOTALL
)
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]{1,40}(?:/[A-Za-z0-9_+-]{1,40}){0,3}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _weekday(moment: datetime) -> int:
    return moment.isoweekday() % 7


def _offset(moment: datetime, separator: str) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{separator}{abs(minutes) % 60:02}"


def _milliseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(milliseconds=1)


_WRITERS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda moment: f"{moment.year:04}",
    "YY": lambda moment: f"{moment.year % 100:02}",
    "MMMM": lambda moment: _MONTHS[moment.month - 1],
    "MMM": lambda moment: _MONTHS[moment.month - 1][:3],
    "MM": lambda moment: f"{moment.month:02}",
    "M": lambda moment: str(moment.month),
    "DD": lambda moment: f"{moment.day:02}",
    "D": lambda moment: str(moment.day),
    "dddd": lambda moment: _DAYS[_weekday(moment)],
    "ddd": lambda moment: _DAYS[_weekday(moment)][:3],
    "dd": lambda moment: _DAYS[_weekday(moment)][:2],
    "d": lambda moment: str(_weekday(moment)),
    "HH": lambda moment: f"{moment.hour:02}",
    "H": lambda moment: str(moment.hour),
    "hh": lambda moment: f"{moment.hour % 12 or 12:02}",
    "h": lambda moment: str(moment.hour % 12 or 12),
    "mm": lambda moment: f"{moment.minute:02}",
    "m": lambda moment: str(moment.minute),
    "ss": lambda moment: f"{moment.second:02}",
    "s": lambda moment: str(moment.second),
    "SSS": lambda moment: f"{moment.microsecond // 1000:03}",
    "A": lambda moment: "AM" if moment.hour < 12 else "PM",
    "a": lambda moment: "am" if moment.hour < 12 else "pm",
    "Z": lambda moment: _offset(moment, ":"),
    "ZZ": lambda moment: _offset(moment, ""),
    "X": lambda moment: str(_milliseconds(moment) // 1000),
    "x": lambda moment: str(_milliseconds(moment)),
}


def read_iso(text: str) -> datetime:
    """The moment an ISO 8601 text names, aware if it has an offset; raises ReferenceProblem ``pipe_date_text``.

    A date alone is its midnight.
    """
    found = _ISO.fullmatch(text.strip())
    if found is None:
        raise ReferenceProblem("pipe_date_text", text=shortened(text, 40))
    clock = f"{found['hour'] or '00'}:{found['minute'] or '00'}:{found['second'] or '00'}"
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    zone = found["zone"] or ""
    try:
        return datetime.fromisoformat(f"{found['day']}T{clock}.{fraction}{'+00:00' if zone in {'Z', 'z'} else zone}")
    except ValueError as error:
        raise ReferenceProblem("pipe_date_text", text=shortened(text, 40)) from error


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; raises ReferenceProblem ``date_zone_unknown``."""
    if _ZONE_NAME.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder such as "Asia" is an OSError
            pass
    near = nearest(name, sorted(available_timezones(), key=lambda known: (known.count("/") != 1, known)))
    if near:
        raise ReferenceProblem("date_zone_unknown_near", zone=shortened(name), near=near)
    raise ReferenceProblem("date_zone_unknown", zone=shortened(name))


def write_date(value: str | datetime | date, pattern: str, zone_name: str | None = None) -> str:
    """A date or time by pattern; with a zone, as the clock there shows it.

    What has no offset is taken as already in that zone.

    >>> write_date("2026-11-21T15:30:00Z", "YYYY-MM-DD HH:mm", "Asia/Seoul")
    '2026-11-22 00:30'
    """
    moment = read_iso(value) if isinstance(value, str) else _midnight(value)
    if zone_name is not None:
        target = zone(zone_name)
        try:
            moment = moment.astimezone(target) if moment.tzinfo else moment.replace(tzinfo=target)
        except OverflowError as error:
            raise ReferenceProblem("date_out_of_range") from error
    return "".join(_written(found, moment) for found in _TOKEN.finditer(pattern))


def add_days(value: str | datetime | date, days: int) -> str | datetime | date:
    """The same clock time ``days`` later, in the same form: a text keeps its way of writing, offset included.

    >>> add_days("2026-11-21T09:00:00+09:00", -1)
    '2026-11-20T09:00:00+09:00'
    """
    if abs(days) > MAX_DAYS:
        raise ReferenceProblem("date_out_of_range")
    try:
        if isinstance(value, str):
            stripped = value.strip()
            day = read_iso(stripped).date() + timedelta(days=days)
            return day.isoformat() + stripped[10:]
        return value + timedelta(days=days)
    except OverflowError as error:
        raise ReferenceProblem("date_out_of_range") from error


def _written(token: re.Match[str], moment: datetime) -> str:
    if (writer := _WRITERS.get(token[0])) is not None:
        return writer(moment)
    return token[0] if token[1] is None else token[1]


def _midnight(value: datetime | date) -> datetime:
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a day has no zone
