"""Figures as people read them: money, quantities, ages and moments of the store's own time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from retail.ledger.quantity import THOUSANDTHS

NONE = "– –"
_SIGNS: Mapping[str, str] = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "CHF": "CHF ", "SEK": "SEK "}
_MINOR_DIGITS: Mapping[str, int] = {"JPY": 0, "KRW": 0, "ISK": 0}
_MINUS = "\N{MINUS SIGN}"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def money(cents: int | None, currency: str, *, whole: bool = False) -> str:
    """`€8.83`, `−€2.40`; `whole`: `€68`. `– –` for None."""
    if cents is None:
        return NONE
    digits = _MINOR_DIGITS.get(currency, 2)
    amount = f"{abs(cents) / 10**digits:,.{0 if whole else digits}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{_MINUS if cents < 0 else ''}{_SIGNS.get(currency, currency + ' ')}{amount}"


def quantity(thousandths: int | None, unit: str = "piece", *, signed: bool = False) -> str:
    """`6`, `1.2 kg`; `signed`: `+12`, `−8`. `– –` for None."""
    if thousandths is None:
        return NONE
    text = f"{abs(thousandths) / THOUSANDTHS:.3f}".rstrip("0").rstrip(".")
    sign = _MINUS if thousandths < 0 else "+" if signed and thousandths > 0 else ""
    return f"{sign}{text}{' kg' if unit == 'kg' else ''}"


def share(value: float | None, digits: int = 1) -> str:
    """`94.1 %`, `−0.4 %`; `– –` for None."""
    return NONE if value is None else f"{100 * value:.{digits}f} %".replace("-", _MINUS)


def age(seconds: float | None) -> str:
    """How long, as coarse as people say it: `20 s`, `2 min`, `3 h 25`, `3 d`."""
    if seconds is None:
        return NONE
    seconds = max(0.0, seconds)
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S:.0f} min"
    if seconds < _DAY_S:
        return f"{seconds // _HOUR_S:.0f} h {seconds % _HOUR_S // _MINUTE_S:02.0f}"
    return f"{seconds // _DAY_S:.0f} d"


def local(utc_s: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(utc_s, UTC).astimezone(zone)


def day_text(day: date) -> str:
    """`Wed 25 Nov`."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"


def day_letter(day: date) -> str:
    return _DAYS[day.weekday()][0]


def when(utc_s: float, now_utc_s: float, zone: ZoneInfo) -> str:
    """`13:22` today, `Sat 09:50` in the last six days, else `Sat 21 Nov`."""
    then, now = local(utc_s, zone), local(now_utc_s, zone)
    days = (now.date() - then.date()).days
    if days == 0:
        return f"{then:%H:%M}"
    return f"{_DAYS[then.weekday()]} {then:%H:%M}" if 0 < days < 7 else day_text(then.date())


def expiry_text(text: str) -> str:
    """A date as the ledger has it, `2026-11-25`, as people say it; as it is where it is none."""
    try:
        return day_text(date.fromisoformat(text))
    except ValueError:
        return text


def number_of(value: object) -> float | None:
    """A finite figure that the line told, None for anything else."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return float(value) if fits and abs(value) < 1e15 else None  # type: ignore[arg-type]
