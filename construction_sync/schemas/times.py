"""Days and moments: ISO 8601 and RFC 3339, never without a zone."""

import re
from datetime import date, datetime, timedelta, timezone
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from .texts import refuse

FIRST_YEAR, LAST_YEAR = 1900, 2200


_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_UTC = timezone.utc


def _date(value):
    match = _DATE.fullmatch(value) if type(value) is str else None
    if not match:
        raise refuse("A date is written as 2026-02-28.")
    return _in_calendar(lambda: date(int(match[1]), int(match[2]), int(match[3])))


def _in_calendar(make):
    try:
        found = make()
    except (ValueError, OverflowError):
        raise refuse("There is no such day or time in the calendar.") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise refuse(f"The year must be between {FIRST_YEAR} and {LAST_YEAR}.")
    return found


def read_time(value):
    """RFC 3339 text as an aware datetime in UTC.

    :raises PydanticCustomError: when it is not, or has no zone (a naive time means
        another moment to every reader), or lies outside 1900 to 2200
    """
    match = _TIME.fullmatch(value) if type(value) is str else None
    if not match:
        raise refuse("A time is written as 2026-02-28T09:30:00Z.")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if zone is None:
        raise refuse("The time has no zone. End it with Z or with +02:00.")
    # A leap second is a moment like any other; Python counts it to the next minute.
    leap = second == "60"
    found = _in_calendar(
        lambda: datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            59 if leap else int(second),
            int((fraction or "0")[:6].ljust(6, "0")),
            _UTC,
        )
    )
    if leap:
        found += timedelta(seconds=1)
    if zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23 or minutes > 59:
            raise refuse("There is no such time zone.")
        offset = timedelta(hours=hours, minutes=minutes)
        found = found + offset if zone[0] == "-" else found - offset
    return found


def time_text(value):
    """An aware datetime as RFC 3339 text in UTC."""
    return value.astimezone(_UTC).isoformat().replace("+00:00", "Z")


Day = Annotated[
    date,
    BeforeValidator(_date),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": "^(19[0-9]{2}|2[01][0-9]{2}|2200)-[0-9]{2}-[0-9]{2}$",
            "examples": ["2026-02-28"],
        }
    ),
]
Time = Annotated[
    datetime,
    BeforeValidator(read_time),
    PlainSerializer(time_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
