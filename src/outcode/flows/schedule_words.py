"""A schedule in a sentence, in the reader's language."""

from __future__ import annotations

from outcode.flows.dataflow import Every, ScheduleTrigger
from outcode.values.catalogue import DEFAULT_LANGUAGE

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "minutes": "Every {minutes} minutes",
        "minute": "Every minute",
        "hours": "Every {hours} hours",
        "hour": "Every hour",
        "hours_minutes": "Every {hours} h {minutes} min",
        "daily": "Every day at {at}",
        "weekly": "Every {days} at {at}",
        "monthly": "On day {day} of every month at {at}",
        "monthly_short": "On day {day} of every month, or its last day, at {at}",
        "monthly_last": "On the last day of every month at {at}",
        "cron": "By cron {cron}",
        "none": "Never",
        "comma": ", ",
        "and": " and ",
    },
    "ko": {
        "minutes": "{minutes}분마다",
        "minute": "1분마다",
        "hours": "{hours}시간마다",
        "hour": "1시간마다",
        "hours_minutes": "{hours}시간 {minutes}분마다",
        "daily": "매일 {at}",
        "weekly": "매주 {days} {at}",
        "monthly": "매월 {day}일 {at}",
        "monthly_short": "매월 {day}일(없는 달은 말일) {at}",
        "monthly_last": "매월 말일 {at}",
        "cron": "cron {cron}",
        "none": "시작하지 않음",
        "comma": ", ",
        "and": ", ",
    },
}
_KOREAN_DAYS = {
    "monday": "월요일",
    "tuesday": "화요일",
    "wednesday": "수요일",
    "thursday": "목요일",
    "friday": "금요일",
    "saturday": "토요일",
    "sunday": "일요일",
}


def described(trigger: ScheduleTrigger, language: str = DEFAULT_LANGUAGE) -> str:
    """When a trigger fires, its zone left aside.

    >>> described(ScheduleTrigger(every=Every(minutes=15))), described(ScheduleTrigger(daily="09:00"), "ko")
    ('Every 15 minutes', '매일 09:00')
    """
    words = _WORDS[language]
    if trigger.every is not None:
        return _interval(trigger.every, words)
    if trigger.daily is not None:
        return words["daily"].format(at=trigger.daily)
    if trigger.weekly is not None:
        named = set(trigger.weekly.days)
        days = [_KOREAN_DAYS[day] if language == "ko" else day.title() for day in _KOREAN_DAYS if day in named]
        joined = words["and"].join(filter(None, (words["comma"].join(days[:-1]), *days[-1:])))
        return words["weekly"].format(days=joined, at=trigger.weekly.at)
    if trigger.monthly is not None:
        day = trigger.monthly.day
        key = "monthly_last" if day == "last" else "monthly_short" if day > 28 else "monthly"
        return words[key].format(day=day, at=trigger.monthly.at)
    return words["none"] if trigger.cron is None else words["cron"].format(cron=" ".join(trigger.cron.split()))


def _interval(every: Every, words: dict[str, str]) -> str:
    hours, minutes = divmod((every.minutes or 0) + 60 * (every.hours or 0), 60)
    if not minutes:
        return words["hour" if hours == 1 else "hours"].format(hours=hours)
    if not hours:
        return words["minute" if minutes == 1 else "minutes"].format(minutes=minutes)
    return words["hours_minutes"].format(hours=hours, minutes=minutes)
