"""Dates of element strings. A code holds two digits of the year; which century they mean depends on today."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime

from core.errors import InputError


def read_date(yymmdd: str, today: date) -> date:
    """`YYMMDD`; day 00 is the last day of the month (GS1 General Specifications 3.4). Raises InputError."""
    if len(yymmdd) != 6 or not (yymmdd.isascii() and yymmdd.isdigit()):
        raise InputError(f"'{yymmdd[:12]}' is no date: six digits YYMMDD")
    year, month, day = _full_year(int(yymmdd[:2]), today), int(yymmdd[2:4]), int(yymmdd[4:])
    try:
        return date(year, month, day or monthrange(year, month)[1])
    except ValueError as error:  # calendar.IllegalMonthError is one
        raise InputError(f"{yymmdd} is no date: there is no such day", hint="The label is printed wrong.") from error


def read_minute(text: str, today: date) -> datetime:
    """`YYMMDDHHMM` in the local time of where it was printed (AI 7003); the day cannot be 00. Raises InputError."""
    if len(text) != 10 or not (text.isascii() and text.isdigit()) or text[4:6] == "00":
        raise InputError(f"'{text[:12]}' is no date with a time: ten digits YYMMDDHHMM, the day not 00")
    day = read_date(text[:6], today)
    hour, minute = int(text[6:8]), int(text[8:])
    try:
        return datetime(day.year, day.month, day.day, hour, minute)
    except ValueError as error:
        raise InputError(f"{text} is no date with a time: there is no {hour:02}:{minute:02}") from error


def _full_year(two_digits: int, today: date) -> int:
    """From 49 years ago to 50 years ahead (GS1 General Specifications 7.12)."""
    century, now = today.year - today.year % 100, today.year % 100
    if two_digits - now >= 51:
        return century - 100 + two_digits
    if two_digits - now <= -50:
        return century + 100 + two_digits
    return century + two_digits
