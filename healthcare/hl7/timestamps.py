"""HL7 time stamps (data types TS and DTM, v2.6 2.A.77) as seconds since the epoch.

`YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`. Some monitors leave out the point before milliseconds: 17 digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from core.errors import InputError
from healthcare.hl7.faults import Condition, MessageError, refused
from healthcare.hl7.message import Segment

_STAMP = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.?(\d{3})|\.(\d{1,9}))?)?)?)?)?)?([+-]\d{4})?",
    re.ASCII,
)
_PRECISIONS = ("year", "month", "day", "hour", "minute", "second")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_OFFSET_MIN = 14 * 60  # Kiribati


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment as a device gave it. `zone_assumed`: it named no offset, and the site's zone was taken.

    `precision` is the last part that was given: year, month, day, hour, minute, second. The hour that comes twice
    when clocks go back is read as its first.
    """

    utc_s: float
    zone_assumed: bool
    precision: str


@lru_cache(maxsize=256)
def read_stamp(text: str, zone: tzinfo) -> Stamp:
    """The moment that `text` names. Raises InputError for anything else."""
    found = _STAMP.fullmatch(text)
    if found is None:
        raise InputError(f"{_shown(text)} is no HL7 time stamp", hint="Expected YYYYMMDDHHMMSS.S+ZZZZ.")
    parts = [int(part) for part in found.groups()[:6] if part is not None]
    fraction = found[7] or found[8] or ""
    offset = found[9]
    try:
        at = _moment(parts, zone if offset is None else _offset(offset))
        utc_s = (at - _EPOCH) / timedelta(seconds=1)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{_shown(text)} is no moment that there is: {error}") from error
    if fraction:
        utc_s += int(fraction) / 10 ** len(fraction)
    return Stamp(utc_s, offset is None, _PRECISIONS[len(parts) - 1])


def stamp_in(segment: Segment, field: int, zone: tzinfo) -> Stamp | None:
    """The time stamp of a field; None where it is empty. Raises MessageError."""
    text = segment.text(field)
    if not text:
        return None
    try:
        return read_stamp(text, zone)
    except InputError as error:
        raise _as_fault(segment, field, error) from error


def written(utc_s: float) -> str:
    """`20261123140507.123+0000`"""
    at = _EPOCH + timedelta(milliseconds=round(utc_s * 1000))
    return f"{at:%Y%m%d%H%M%S}.{at.microsecond // 1000:03d}+0000"


def _moment(parts: list[int], zone: tzinfo) -> datetime:
    year, month, day, hour, minute, second = parts + [0, 1, 1, 0, 0, 0][len(parts) :]
    leap = second == 60  # a leap second; datetime knows none
    at = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=zone)
    return at.astimezone(UTC) + timedelta(seconds=1 if leap else 0)


def _offset(text: str) -> tzinfo:
    minutes = int(text[1:3]) * 60 + int(text[3:])
    if minutes > _MOST_OFFSET_MIN or int(text[3:]) > 59:
        raise ValueError(f"an offset of {text}")
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))


def _as_fault(segment: Segment, field: int, error: InputError) -> MessageError:
    """Without the value where it may be a person's, as in PID-7."""
    text = "holds no time stamp" if segment.name == "PID" else f"holds no time stamp: {error.message}"
    return refused(segment.place(field), Condition.DATA_TYPE, text, hint="Expected YYYYMMDDHHMMSS.S+ZZZZ.")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
