"""The drawings of a bed's page, as what their templates need: two minutes before an alarm, and the last 24 hours.

Plain: values, waves, limits and events come in, paths and places go out, in pixels of the drawing's own box.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from healthcare.bed_lines import Frame, Numbers, path_of, scale_of, thinned, wave_path
from healthcare.lookback import LOOK_BACK_S, WaveChunk
from healthcare.measures import MEASURES
from healthcare.wave_names import wave_in_words

Clock = Callable[[float, str], str]  # UTC seconds and a format of `strftime`, as the ward's clock says it
Trends = Mapping[str, tuple[Numbers, Numbers]]
Limits = Mapping[str, tuple[float | None, float | None]]

LEFT, RIGHT = 92.0, 1096.0
DAY_S = 24 * 3600.0
_STRIP_S = 30.0
_STRIP_PX = 68.0
_CHANNELS = 2
_SILENT_S = 30.0  # a monitor that tells less often than this has told nothing
_CUFF_S = 4 * 3600.0
_LEAST = {"hr_per_min": 40.0, "spo2_pct": 8.0, "rr_per_min": 12.0, "temp_cel": 2.0}
_COLOURS = {"ecg": "hr", "spo2": "spo2", "resp": "rr", "bp": "bp", "temp": "t", "co2": "rr"}
_WAVE_COLOURS = {"pleth": "spo2", "resp_ohm": "rr", "co2_mmhg": "rr", "abp_mmhg": "bp"}
_ORDER = ("ecg_ii_mv", "ecg_i_mv", "ecg_v_mv", "pleth", "abp_mmhg", "resp_ohm", "co2_mmhg")
_ROWS = ("hr_per_min", "spo2_pct", "rr_per_min", "nibp", "temp_cel")
_ROW_PX = 67.0
_BINS = 1004


# Two minutes before an alarm


def look_back(
    alarm: Mapping[str, Any], trends: Trends, waves: Sequence[WaveChunk], clock: Clock, *, limit: float | None,
    delay_s: float, rows: int = 1,
) -> dict[str, Any]:  # fmt: skip
    """`alarm` as the record has it; `limit` is the side that was passed, `delay_s` how long it had to last.

    `rows`: so many times 30 s of each wave, one under the other, the last of them up to the alarm.
    """
    began = float(alarm["began_utc_s"])
    measure = str(alarm["measure"]) if alarm["measure"] in MEASURES else "hr_per_min"
    facts = MEASURES[measure]
    times, values = _before(trends.get(measure), began)
    low, high = scale_of(values, [limit], _LEAST.get(measure, 20.0))
    frame = Frame(LEFT, RIGHT, 8, 76, began - LOOK_BACK_S, began, low, high)
    held = np.append(times, began) if times.size and not np.isnan(values[-1]) else times
    values = np.append(values, values[-1]) if held.size > times.size else values
    shown = _strips(waves, began, rows, clock)
    return {
        "from": clock(frame.from_utc_s, "%H:%M:%S"),
        "middle": clock(began - LOOK_BACK_S / 2, "%H:%M:%S"),
        "to": clock(began, "%H:%M:%S"),
        "label": facts.label,
        "colour": _COLOURS[facts.colour],
        "path": path_of(held, values, frame, gap_s=_CUFF_S if facts.episodic else _SILENT_S, held=True),
        "limit": None if limit is None else {"y": round(frame.y(limit), 1), "text": facts.text(limit)},
        "band": round(frame.x(began - delay_s), 1) if delay_s else None,
        "after": f"after {delay_s:.0f} s" if delay_s else "",
        "strips": shown,
        "height": 100 + int(_STRIP_PX) * max(1, len(shown)),
        "empty": not values.size,
    }


def _before(trend: tuple[Numbers, Numbers] | None, began: float) -> tuple[Numbers, Numbers]:
    if trend is None:
        return np.empty(0), np.empty(0)
    times, values = trend
    inside = (times >= began - LOOK_BACK_S) & (times <= began)
    return times[inside], values[inside]


def _strips(waves: Sequence[WaveChunk], began: float, rows: int, clock: Clock) -> list[dict[str, Any]]:
    """The first ECG and, before the other waves, the pleth; each keeps one scale over all its rows."""
    known = {one.channel: one for one in waves if np.isfinite(one.samples).any()}
    ecg = [name for name in _ORDER if name in known and name.startswith("ecg")][:1]
    names = [*ecg, *[name for name in _ORDER if name in known and not name.startswith("ecg")]][:_CHANNELS]
    found: list[dict[str, Any]] = []
    for name in names:
        wave = known[name]
        end = _end_of(wave, began)
        span = _span(wave, end - rows * _STRIP_S, end)
        for row in range(rows):
            until = end - (rows - 1 - row) * _STRIP_S
            top = 106.0 + _STRIP_PX * len(found)
            frame = Frame(LEFT, RIGHT, top, top + _STRIP_PX - 10, until - _STRIP_S, until, *span)
            label = wave_in_words(name)
            path = wave_path(wave.samples, wave.rate_hz, wave.start_utc_s, frame)
            note = f"{_STRIP_S:.0f} s" if rows == 1 else clock(until - _STRIP_S, "%H:%M:%S")
            found.append(
                {"label": "" if row else label, "note": note, "y": top + 32, "path": path}
                | {"colour": _WAVE_COLOURS.get(name, "hr")}
            )
    return found


def _end_of(wave: WaveChunk, began: float) -> float:
    """The alarm, or the wave's own end where its device's clock is another one."""
    end = wave.start_utc_s + wave.samples.size / wave.rate_hz
    return began if abs(end - began) < LOOK_BACK_S else end


def _span(wave: WaveChunk, from_utc_s: float, to_utc_s: float) -> tuple[float, float]:
    first, last = (round((at - wave.start_utc_s) * wave.rate_hz) for at in (from_utc_s, to_utc_s))
    part = wave.samples[max(0, first) : max(0, last)]
    part = part[np.isfinite(part)]
    if not part.size:
        return 0.0, 1.0
    low, high = float(part.min()), float(part.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


# The last 24 hours


def day(
    trends: Trends, limits: Limits, texts: Mapping[str, str], marks: Mapping[str, Sequence[Mapping[str, Any]]],
    now_utc_s: float, clock: Clock,
) -> dict[str, Any]:  # fmt: skip
    """`texts` are the values of now by row; `marks` the day's `alarms` ({at_utc_s, look, to, says}), `advice`
    ({at_utc_s}) and full `sets` ({at_utc_s, text})."""
    from_utc_s = now_utc_s - DAY_S
    rows = [_row(place, name, trends, limits, texts, now_utc_s) for place, name in enumerate(_ROWS)]
    across = Frame(LEFT, RIGHT, 0, 1, from_utc_s, now_utc_s, 0, 1)

    def placed(name: str) -> list[dict[str, Any]]:
        found = [one for one in marks.get(name, ()) if from_utc_s <= one["at_utc_s"] <= now_utc_s]
        return [{**one, "x": round(across.x(one["at_utc_s"]), 1)} for one in found]

    advice = placed("advice")
    return {
        "rows": rows,
        "ticks": _ticks(from_utc_s, now_utc_s, across, clock),
        "alarms": placed("alarms"),
        "advice": advice,
        "advised": clock(advice[-1]["at_utc_s"], "%H:%M") if advice else "",
        "sets": _apart(placed("sets"), 22.0),
        "empty": all(not row["path"] and not row["bars"] for row in rows),
    }


def _row(
    place: int, name: str, trends: Trends, limits: Limits, texts: Mapping[str, str], now_utc_s: float
) -> dict[str, Any]:
    top = 8.0 + _ROW_PX * place
    row: dict[str, Any] = {"name": name, "top": top, "middle": top + 26, "text": texts.get(name, ""), "bars": []}
    if name == "nibp":
        return row | _pressures(top, trends, limits, now_utc_s)
    facts = MEASURES[name]
    bounds = limits.get(name, (None, None))
    times, values = trends.get(name, (np.empty(0), np.empty(0)))
    frame = _framed(top, values, bounds, _LEAST[name], now_utc_s)
    row |= {"label": facts.label, "unit": facts.unit, "colour": _COLOURS[facts.colour]}
    if facts.episodic:
        row["path"] = path_of(times, values, frame, gap_s=_CUFF_S)
    else:
        gap_s = 2.2 * DAY_S / _BINS
        row["path"] = path_of(*thinned(times, values, frame.from_utc_s, now_utc_s, _BINS), frame, gap_s=gap_s)
    return row | {"limits": _lines(bounds, frame, name)}


def _pressures(top: float, trends: Trends, limits: Limits, now_utc_s: float) -> dict[str, Any]:
    """Each cuff as a bar from diastolic to systolic, and the arterial line's systolic where there was one."""
    empty = (np.empty(0), np.empty(0))
    sys, dia = (trends.get(f"nibp_{part}_mmhg", empty) for part in ("sys", "dia"))
    line = trends.get("abp_sys_mmhg", empty)
    way = "abp" if line[0].size else "nibp"
    bounds = limits.get(f"{way}_sys_mmhg", (None, None))
    frame = _framed(top, np.concatenate([sys[1], dia[1], line[1]]), bounds, 60.0, now_utc_s)
    path = path_of(*thinned(*line, frame.from_utc_s, now_utc_s, _BINS), frame, gap_s=2.2 * DAY_S / _BINS)
    lower = dict(zip(np.round(dia[0]).tolist(), dia[1].tolist(), strict=True))
    bars = []
    for at, high in zip(sys[0].tolist(), sys[1].tolist(), strict=True):
        low = lower.get(round(at), high)
        if high == high and low == low:
            bars.append({"x": round(frame.x(at), 1), "y1": round(frame.y(high), 1), "y2": round(frame.y(low), 1)})
    label = "ABP" if way == "abp" else "BP"
    row = {"label": label, "unit": "mmHg", "colour": "bp", "path": path, "bars": bars}
    return row | {"limits": _lines(bounds, frame, f"{way}_sys_mmhg")}


def _framed(
    top: float, values: Numbers, bounds: tuple[float | None, float | None], least: float, now_utc_s: float
) -> Frame:
    low, high = scale_of(values, bounds, least)
    return Frame(LEFT, RIGHT, top + 4, top + _ROW_PX - 7, now_utc_s - DAY_S, now_utc_s, low, high)


def _lines(bounds: tuple[float | None, float | None], frame: Frame, measure: str) -> list[dict[str, Any]]:
    return [
        {"y": round(frame.y(side), 1), "text": f"{side:g}", "measure": measure} for side in bounds if side is not None
    ]


def _ticks(from_utc_s: float, to_utc_s: float, across: Frame, clock: Clock) -> list[dict[str, Any]]:
    """Every six hours of the ward's clock, and the beginning unless it is too near to one."""
    found: list[dict[str, Any]] = []
    hour = int(from_utc_s // 1800 + 1) * 1800.0
    while hour < to_utc_s:
        if int(clock(hour, "%H")) % 6 == 0 and clock(hour, "%M") == "00":
            found.append({"x": round(across.x(hour), 1), "text": clock(hour, "%H:%M")})
        hour += 1800.0
    if not found or found[0]["x"] - LEFT > 70:
        found.insert(0, {"x": LEFT, "text": clock(from_utc_s, "%H:%M")})
    return found


def _apart(marks: list[dict[str, Any]], least_px: float) -> list[dict[str, Any]]:
    """The newest of those that would stand on each other."""
    kept: list[dict[str, Any]] = []
    for mark in sorted(marks, key=lambda one: -one["x"]):
        if not kept or kept[-1]["x"] - mark["x"] >= least_px:
            kept.append(mark)
    return kept[::-1]
