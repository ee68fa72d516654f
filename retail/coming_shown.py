"""What is wanted of a product in the coming days, as a chart of means and limits and the sentences beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from retail.figures_shown import day_letter, day_text, quantity

WIDTH, HEIGHT = 328, 116
_FOOT, _TOP, _BAR = 18, 16, 26
_TELLING = 0.01


def coming_shown(coming: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """`days` with a bar from nothing to the mean and a line over the 90 % limits; `per_day`, `known`, `tested`."""
    if coming is None or not coming["days"]:
        return None
    unit = str(coming["unit"])
    return {
        "days": _days(coming["days"], unit),
        "per_day": _units(coming["per_day"], unit),
        "known": _known(int(coming["known_days"]), int(coming["short_days"])),
        "tested": _tested(coming["mase"], coming["mase_naive"]),
    }


def _units(value: float, unit: str) -> str:
    """As exact as such a figure is: one decimal below ten."""
    return quantity(round(value * 10) * 100 if value < 10 else round(value) * 1000, unit)


def _days(days: Sequence[Mapping[str, Any]], unit: str) -> list[dict[str, Any]]:
    most = max([*(float(day["high"]) for day in days), 1.0])
    room, step = HEIGHT - _FOOT - _TOP, WIDTH / len(days)

    def y(value: float) -> float:
        return round(HEIGHT - _FOOT - room * value / most, 1)

    shown = []
    for index, day in enumerate(days):
        when, mean = date.fromisoformat(str(day["day"])), float(day["mean"])
        middle = round((index + 0.5) * step, 1)
        limits = f"{_units(float(day['low']), unit)} to {_units(float(day['high']), unit)}"
        shown.append({
            "x": round(middle - _BAR / 2, 1), "y": y(mean), "width": _BAR, "height": round(HEIGHT - _FOOT - y(mean), 1),
            "middle": middle, "high": y(float(day["high"])), "low": y(float(day["low"])),
            "mean": _units(mean, unit).removesuffix(" kg"), "letter": day_letter(when), "today": index == 0,
            "words": f"{day_text(when)}: {_units(mean, unit)}, 90 times in 100 {limits}",
        })  # fmt: skip
    return shown


def _known(days: int, short: int) -> str:
    text = f"From {days} whole day{'' if days == 1 else 's'} of sales"
    if not short:
        return f"{text}."
    return f"{text}; on {short} of them the shelf was out for a while, and more was wanted than was sold."


def _tested(mase: float | None, naive: float | None) -> str:
    """How it would have done in the past, beside the sales of the same weekday a week before."""
    if mase is None or not naive:
        return "Too short a past to test it."
    better = 1 - mase / naive
    if abs(better) < _TELLING:
        return "Tested on the past: as near as last week's same weekday."
    way = "nearer" if better > 0 else "further off"
    return f"Tested on the past: {abs(better) * 100:.0f} % {way} than last week's same weekday."
