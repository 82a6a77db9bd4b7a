"""When a schedule fires: pure arithmetic from a trigger, a time zone and a moment to the moments after it.

Matching a cron expression against a calendar is cronsim's work, on clock times without a zone; daily, weekly and
monthly schedules are written as such expressions, too. What a clock change does to clock times is decided here:

- *Fixed clock times* (daily, weekly, monthly, cron with fixed hours): one that a change skips fires at the next minute
  that there is, one that a change repeats fires the first time only.
- *Elapsed time* (``every``, and cron whose hour is ``*`` or ``*/n``): intervals count from the zone's midnight of
  2000-01-01 and know no clock; such a cron fires whenever the clock shows a time of it, twice in a repeated hour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import get_args
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from outcode.flows.dataflow import SCHEDULE_FORMS, ScheduleTrigger, Weekday
from outcode.values.problems import InputProblem, Place
from outcode.values.references.suggestions import shortened

PREVIEWED = 5
_CRON_FIELDS = ("minute", "hour", "day-of-month", "month", "day-of-week")
_WEEKDAYS = get_args(Weekday)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_ELAPSED_HOUR = re.compile(r"\*(/[0-9]+)?")
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_WELL_KNOWN_ZONES = ("America/New_York", "Asia/Seoul", "Europe/Berlin", "UTC")


@dataclass(frozen=True, slots=True)
class Timing:
    """When a trigger fires, in its zone: either every ``interval``, or by ``crons``, all of which hold at once."""

    zone: ZoneInfo
    interval: timedelta | None = None
    crons: tuple[str, ...] = ()
    elapsed: bool = False

    @classmethod
    def of(cls, trigger: ScheduleTrigger, default_zone: str) -> Timing:
        """The timing of a trigger; raises InputProblem where it says nothing of times, or more than one thing.

        The problem's place names the field inside the trigger: ``cron``, ``timezone``.

        >>> timing = Timing.of(ScheduleTrigger(daily="09:00"), "Asia/Seoul")
        >>> timing.after(datetime(2026, 11, 22, tzinfo=UTC)).isoformat()
        '2026-11-23T00:00:00+00:00'
        """
        zone = zone_of(trigger.timezone or default_zone)
        chosen = [form for form in SCHEDULE_FORMS if getattr(trigger, form) is not None]
        if len(chosen) > 1:
            raise InputProblem("schedule_forms_many", Place(field=chosen[1]), found=chosen)
        if trigger.every is not None:
            minutes = (trigger.every.minutes or 0) + 60 * (trigger.every.hours or 0)
            if minutes == 0:
                raise InputProblem("schedule_interval_empty", Place(field="every"))
            return cls(zone, interval=minutes * _MINUTE)
        if trigger.cron is not None:
            fields = trigger.cron.split()
            if len(fields) != len(_CRON_FIELDS):
                raise InputProblem("cron_fields_wrong", Place(field="cron"), count=len(fields))
            return cls(zone, crons=(trigger.cron,), elapsed=bool(_ELAPSED_HOUR.fullmatch(fields[1])))
        if trigger.weekly is not None and not trigger.weekly.days:
            raise InputProblem("schedule_days_missing", Place(field="weekly.days"))
        crons = tuple(_crons(trigger))
        if not crons:
            raise InputProblem("schedule_form_missing", known=SCHEDULE_FORMS)
        return cls(zone, crons=crons)

    def after(self, moment: datetime) -> datetime:
        """The first time after a moment, in UTC.

        Raises InputProblem for a cron expression that cannot be read, or gives no time for 50 years.
        """
        if self.interval is not None:
            anchor = datetime(2000, 1, 1, tzinfo=self.zone).astimezone(UTC)
            return anchor + ((moment - anchor) // self.interval + 1) * self.interval
        following = _next_elapsed if self.elapsed else _next_fixed
        return min(following(cron, moment, self.zone) for cron in self.crons)

    def upcoming(self, moment: datetime) -> Iterator[datetime]:
        """All times after a moment, one after the other."""
        while True:
            moment = self.after(moment)
            yield moment

    def preview(self, moment: datetime) -> list[datetime]:
        """The next five times after a moment, as the zone's clocks show them."""
        return [each.astimezone(self.zone) for each in islice(self.upcoming(moment), PREVIEWED)]

    def latest(self, first: datetime, now: datetime) -> tuple[datetime, datetime | None]:
        """The last time up to ``now`` and the one before it (None: there is none), of those from ``first`` on.

        ``first`` is a time of this timing, not after ``now``. However many times lie between, few are computed.
        """
        span = 2 * _MINUTE
        while True:
            start = max(now - span, first - _MINUTE)
            found: list[datetime] = []
            for each in self.upcoming(start):
                if each > now:
                    break
                found = [*found[-1:], each]
            if len(found) == 2:
                return found[1], found[0]
            if start < first:
                return first, None
            span *= 8


@lru_cache(maxsize=1000)
def zone_of(name: str) -> ZoneInfo:
    """The IANA time zone of a name; raises InputProblem with the names that may have been meant.

    >>> zone_of("Europe/Berlin").key
    'Europe/Berlin'
    """
    known = _zone_names()
    if name not in known.values():
        near = get_close_matches(name[:100].casefold().replace(" ", "_"), known, n=3, cutoff=0.7)
        meant = list(dict.fromkeys(known[each] for each in near)) or list(_WELL_KNOWN_ZONES)
        raise InputProblem("timezone_unknown", Place(field="timezone"), zone=shortened(name), known=meant)
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, str]:
    """The zones by their names, and by the last part of them: a city."""
    zones = sorted(available_timezones())
    return {zone.rpartition("/")[2].casefold(): zone for zone in zones} | {zone.casefold(): zone for zone in zones}


def _crons(trigger: ScheduleTrigger) -> Iterator[str]:
    """Clock times as cron expressions."""
    if trigger.daily is not None:
        yield f"{_clock(trigger.daily)} * * *"
    if trigger.weekly is not None:
        days = sorted({_WEEKDAYS.index(day) + 1 for day in trigger.weekly.days})
        yield f"{_clock(trigger.weekly.at)} * * {','.join(map(str, days))}"
    if trigger.monthly is not None:
        day, clock = trigger.monthly.day, _clock(trigger.monthly.at)
        yield f"{clock} {'L' if day in {'last', 31} else day} * *"
        if day in {29, 30}:  # February may not have it: then its last day, which is the same where it has
            yield f"{clock} L 2 *"


def _clock(time: str) -> str:
    hour, minute = time.split(":")
    return f"{int(minute)} {int(hour)}"


def _unusable(cron: str) -> InputProblem:
    """Why an expression gives no times."""
    fields = list(re.finditer(r"\S+", cron))
    for number, (name, found) in enumerate(zip(_CRON_FIELDS, fields, strict=True)):
        alone = ["*"] * len(_CRON_FIELDS)
        alone[number] = found[0]
        if not _is_readable(" ".join(alone)):
            place = Place(field="cron", offset=found.start())
            return InputProblem("cron_field_invalid", place, name=name, value=shortened(found[0]))
    return InputProblem("cron_never", Place(field="cron", offset=fields[2].start()))


def _is_readable(cron: str) -> bool:
    try:
        CronSim(cron, _SOME_DAY)
    except (CronSimError, ValueError):
        return False
    return True


def _walls(cron: str, wall: datetime) -> Iterator[datetime]:
    """The clock times of an expression after one, the zone left aside."""
    try:
        yield from CronSim(cron, wall)
    except (CronSimError, ValueError) as error:
        raise _unusable(cron) from error
    raise _unusable(cron)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _shown(moment: datetime, offset: timedelta) -> datetime:
    """The clock time that is ``offset`` ahead of UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) + offset


def _next_fixed(cron: str, moment: datetime, zone: ZoneInfo) -> datetime:
    walls = _walls(cron, _shown(moment, _offset(moment, zone)))
    return next(found for wall in walls if (found := _first_valid(wall, zone)) > moment)


def _first_valid(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which clocks first show a time; of a time that a change skips, the change itself."""
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if _shown(found, _offset(found, zone)) == wall:
        return found
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _change(before, found, zone)


def _next_elapsed(cron: str, moment: datetime, zone: ZoneInfo) -> datetime:
    """Between two clock changes clock times are plain arithmetic, so each stretch is looked through by itself."""
    begun = moment
    while True:
        offset = _offset(begun, zone)
        found = (next(_walls(cron, _shown(moment, offset))) - offset).replace(tzinfo=UTC)
        while begun < found:
            probe = min(begun + _DAY, found)
            if _offset(probe, zone) != offset:
                begun = _change(begun, probe, zone)
                moment = begun - _MINUTE
                break
            begun = probe
        else:
            return found


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first full minute of another offset than at ``before``; at ``after`` there is another."""
    offset = _offset(before, zone)
    before = before.replace(second=0, microsecond=0)
    while after - before > _MINUTE:
        middle = before + (after - before) // _MINUTE // 2 * _MINUTE
        before, after = (middle, after) if _offset(middle, zone) == offset else (before, middle)
    return after
