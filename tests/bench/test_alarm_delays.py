"""What onset delays, hysteresis and artefact rules take away, and what they keep, over real recordings; printed.

Two bedside records with one value a minute as the monitor kept them, and the heart rate once a second of the given
MIT-BIH records, from their reference beats and averaged as monitors do (the last 12 intervals without the longest
and the shortest). Against: an alarm at every value out of the same limits.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from healthcare.records.wfdb import read_annotations, read_header, read_record
from healthcare.vitals.delays_report import Burden, Course, Setup, replay
from healthcare.vitals.limits import Limits

pytestmark = [pytest.mark.bench, pytest.mark.samples]

MEASURES = {
    "HR": "hr_per_min", "PULSE": "pr_per_min", "RESP": "rr_per_min", "SpO2": "spo2_pct",
    "ABPSys": "abp_sys_mmhg", "ABPDias": "abp_dia_mmhg", "ABPMean": "abp_map_mmhg",
    "NBPSys": "nibp_sys_mmhg", "NBPDias": "nibp_dia_mmhg", "NBPMean": "nibp_map_mmhg",
}  # fmt: skip
BEATS = frozenset("NLRaVFJASEj/Qenf!")
COUNTS: dict[str, Callable[[Burden], int]] = {
    "alarms": lambda one: len(one.alarms),
    "shorter than 15 s": lambda one: one.short,
    "that met no event": lambda one: len(one.idle),
}
NARROW = {"hr_per_min": Limits(60, 100)}


def numerics_of(path: Path) -> Course:
    """One value a minute; the record's zero is its word for none."""
    course: dict[str, tuple[list[float], list[float]]] = {}
    for signal in read_record(path).signals:
        if signal.name in MEASURES:
            values = [float(value) if value > 0 else math.nan for value in signal.samples]
            course[MEASURES[signal.name]] = ([place / signal.rate_hz for place in range(len(values))], values)
    return course


def heart_rate_of(path: Path) -> Course:
    """Once a second, as a monitor averages it, from the reference beats."""
    marks = read_annotations(path.with_suffix(".atr"))
    rate_hz = read_header(path).rate_hz
    beats_s = [
        int(at) / rate_hz for at, symbol in zip(marks.samples, marks.symbols, strict=True) if symbol in BEATS
    ]  # fmt: skip
    times: list[float] = []
    values: list[float] = []
    heard = 0
    for second in range(15, int(beats_s[-1])):
        while heard < len(beats_s) and beats_s[heard] <= second:
            heard += 1
        recent = beats_s[max(0, heard - 13) : heard]
        intervals_s = [after - before for before, after in pairwise(recent)]
        if len(intervals_s) >= 3 and min(intervals_s[-3:]) > 1.2:
            kept_s = intervals_s[-4:]
        else:
            kept_s = sorted(intervals_s)[1:-1]
        times.append(float(second))
        values.append(60.0 * len(kept_s) / sum(kept_s) if kept_s else math.nan)
    return {"hr_per_min": (times, values)}


def told(name: str, before: list[Burden], after: list[Burden]) -> None:
    """One line: what there was, what would have been."""
    hours = sum(burden.hours for burden in after)
    events, kept = (sum(len(getattr(one, what)) for one in after) for what in ("events", "kept"))
    words = ", ".join(
        f"{what} {sum(map(count, before))} -> {sum(map(count, after))}" for what, count in COUNTS.items()
    )  # fmt: skip
    codes = Counter(alarm.code for burden in after for alarm in burden.alarms)
    print(f"\n{name}, {hours:.1f} h: {words}; events of a minute or more kept {kept} of {events}; {dict(codes)}")


@pytest.mark.parametrize("record", ["s00001/s00001-2896-10-10-00-31n", "s25047/s25047-2704-05-04-10-44n"])
def test_bedside_numerics_once_a_minute_lose_no_event(samples: Path, record: str) -> None:
    course = numerics_of(samples / "healthcare" / "bedside" / record)
    before, after = replay(course, Setup(plain=True)), replay(course, Setup())
    told(f"{record} (1 value a minute)", [before], [after])
    assert len(after.kept) == len(after.events)
    assert len(after.idle) <= len(before.idle)


@pytest.mark.parametrize("limits", [{}, NARROW], ids=["50-120", "60-100"])
def test_heart_rates_once_a_second_lose_their_short_alarms_and_keep_their_events(
    samples: Path, limits: dict[str, Limits]
) -> None:
    courses = [heart_rate_of(path) for path in sorted((samples / "healthcare" / "mitdb").glob("*.hea"))]
    assert len(courses) == 22
    before = [replay(course, Setup(limits, plain=True)) for course in courses]
    after = [replay(course, Setup(limits)) for course in courses]
    told(f"22 records, HR 1/s, limits {Setup(limits).limits_of('hr_per_min').text()}", before, after)
    assert all(burden.missed == () for burden in after)
    assert sum(len(burden.alarms) for burden in after) < 0.7 * sum(len(burden.alarms) for burden in before)
