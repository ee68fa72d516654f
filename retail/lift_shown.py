"""What the screen in the aisle did to sales, as a drawing and a sentence that says how sure it is."""

from __future__ import annotations

import math
from typing import Any

from retail.signage.experiment import LEAST_SLOTS, Lift

WIDTH = 420
_SIDE = 24
_LEAST_SPAN = math.log(1.25)


def lift_shown(lift: Lift) -> dict[str, Any]:
    """`sentence`, how many slots of each arm; `line` from limit to limit on a scale of ratios, None without one."""
    shown = {"shown": lift.shown, "held_out": lift.held_out, "sentence": sentence(lift), "line": None}
    if lift.ratio is None or lift.low is None or lift.high is None:
        return shown
    span = max(_LEAST_SPAN, *(abs(math.log(one)) for one in (lift.low, lift.high)))

    def x(ratio: float) -> float:
        return round(WIDTH / 2 + (WIDTH / 2 - _SIDE) * math.log(ratio) / span, 1)

    line = {"low": x(lift.low), "high": x(lift.high), "at": x(lift.ratio), "one": x(1.0),
            "low_text": more(lift.low), "high_text": more(lift.high)}  # fmt: skip
    return {**shown, "line": line, "figure": more(lift.ratio)}


def more(ratio: float) -> str:
    """`8 % more`, `3 % less`, `no change`."""
    percent = round(100 * (ratio - 1))
    return "no change" if percent == 0 else f"{abs(percent)} % {'more' if percent > 0 else 'less'}"


def sentence(lift: Lift) -> str:
    if not lift.shown and not lift.held_out:
        return "No screen has shown a product yet. Open one on a display in an aisle."
    if lift.ratio is None or lift.low is None or lift.high is None:
        needed = f"{LEAST_SLOTS} time slots with the screen and {LEAST_SLOTS} without it"
        return f"Too early to say: {needed} are needed, at like hours, with sales in both."
    limits = f"between {more(lift.low)} and {more(lift.high)}, 95 times in 100"
    if lift.low > 1:
        return f"It sells: {limits}."
    return f"It loses: {limits}." if lift.high < 1 else f"Not told apart from no effect: {limits}."
