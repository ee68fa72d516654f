"""Waves in ORU: an OBX of type NA with its numbers, and facets below it that say how to read them.

As IHE WCM sends them: `MDC_ATTR_SAMP_RATE` (number 0, or 68320), `MDC_ATTR_*_MSMT_RES` what one step is worth,
`MDC_EVT_DATA_INVALID`, `MDC_EVT_DATA_MISSING` and `MDC_EVT_INOP` numbers that mean "no value". The plain form has none
of these: volts from OBX-6, mV or mmHg where that is empty, the rate from what lies between OBR-7 and OBR-8.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthcare.hl7.message import Segment
from healthcare.hl7.nomenclature import WaveKind, named
from healthcare.hl7.timestamps import Stamp
from healthcare.hl7.units import FREQUENCY, PLAIN, TIME, Unit, unit_of
from healthcare.hl7.values import absence, number

_LEAST_HZ, _MOST_HZ = 1.0, 4000.0
_RATE = frozenset({"68320", "MDC_ATTR_SAMP_RATE", "MDC_ATTR_SAMPLE_RATE"})
_STEP = frozenset({"2327", "67863", "67945", "MDC_ATTR_NU_MSMT_RES", "MDC_ATTR_SA_MSMT_RES"})
_NO_VALUE = frozenset({"197376", "197378", "MDC_EVT_DATA_INVALID", "MDC_EVT_DATA_MISSING"})
_NO_VALUE_OR_FLAG = frozenset({"196652", "196660", "262196", "MDC_EVT_INOP"})
_OTHER = frozenset({"68323", "MDC_ATTR_DATA_RANGE", "MDC_ATTR_SCALE_RANGE", "MDC_ATTR_WAV_ENCODING",
                    "MDC_ATTR_GRID_VIS", "MDC_ATTR_VIS_COLOR", "MDC_ATTR_TIME_PD_SAMP"})  # fmt: skip
_FACETS = _RATE | _STEP | _NO_VALUE | _NO_VALUE_OR_FLAG | _OTHER
_LEAST_MARK = 1000  # an INOP facet holds either such a number, or 0 and 1 as a flag
#: What no converter gives as a sample: the ends of 16, 24 and 32 bits. -100 and -999 are samples like others.
_MARKS = frozenset({32767.0, -32768.0, 8388607.0, -8388608.0, 2147483647.0, -2147483648.0})
_DIGITS = frozenset("0123456789+-.eE ")

Clocked = Callable[[Segment, int], Stamp | None]


@dataclass(frozen=True, slots=True)
class Wave:
    """`samples` in the unit of the channel, float32, NaN where there is none. `start_utc_s` None: not told."""

    channel: str
    rate_hz: float
    samples: NDArray[np.float32]
    start_utc_s: float | None
    code: str
    instance: str

    @property
    def lasts_s(self) -> float:
        return len(self.samples) / self.rate_hz


def is_facet(row: Segment) -> bool:
    """Whether a row only says how a wave is to be read."""
    return bool(_names(row) & _FACETS)


def waves_of(obr: Segment | None, rows: Sequence[Segment], stamp: Clocked, counts: Counter[str]) -> list[Wave]:
    """The waves of one OBR. What cannot be used is left out and counted; `stamp` reads a time and may give None."""
    found: list[Wave] = []
    codes: dict[str, str] = {}
    for at, row in enumerate(rows):
        kind = _wave_kind(row, counts)
        if kind is None:
            continue
        wave = _wave(row, kind, _Facets(row, rows[at + 1 :]), _Window(obr, stamp), counts)
        if wave is None:
            continue
        if codes.setdefault(wave.channel, wave.code) != wave.code:  # V beside V1, ABP beside ART: one channel
            counts["wave-second-of-channel"] += 1
            continue
        found.append(wave)
    return found


def _wave_kind(row: Segment, counts: Counter[str]) -> WaveKind | None:
    kind = row.raw(2)
    if kind == "NM" or row.text(2).upper() != "NA":  # most rows are numbers
        return None
    ref_id = row.text(3, 2)
    what = named(row.text(3, 1), ref_id)
    if what.wave is not None and what.at_odds and ref_id.upper().startswith("MDC_"):
        counts[f"wave-at-odds:{row.text(3, 1)}^{ref_id}"[:80]] += 1
        return None
    return what.wave


class _Facets:
    """What the rows below a wave say; those that follow it where OBX-4 tells nothing."""

    def __init__(self, row: Segment, after: Iterable[Segment]) -> None:
        place = row.text(4)
        following: list[Segment] = []
        below: list[Segment] = []
        open_end = True
        for other in after:
            if not is_facet(other):
                open_end = open_end and other.text(2).upper() != "NA"
                continue
            if open_end:
                following.append(other)
            if place and other.text(4).startswith(f"{place}."):
                below.append(other)
        self._rows = below or following

    def first(self, names: frozenset[str]) -> Segment | None:
        return next((row for row in self._rows if _names(row) & names), None)

    def marks(self) -> set[float]:
        """The numbers that mean "no value"."""
        found = set(_MARKS)
        for row in self._rows:
            value = number(row.text(5))
            if value is None:
                continue
            known = _names(row)
            if known & _NO_VALUE or (known & _NO_VALUE_OR_FLAG and abs(value) >= _LEAST_MARK):
                found.add(value)
        return found

    def rate_hz(self) -> float | None:
        row = self.first(_RATE)
        value = number(row.text(5)) if row is not None else None
        if row is None or value is None:
            return None
        unit = unit_of(row.text(6), row.text(6, 2))
        if unit is not None and unit.family == TIME and 0 < unit.own(value) < 1:
            return 1 / unit.own(value)  # a period; where somebody writes 240 s, 240 per second are meant
        return unit.own(value) if unit is not None and unit.family == FREQUENCY else value


class _Window:
    """When the numbers were taken: OBX-14, or OBR-7 to OBR-8."""

    def __init__(self, obr: Segment | None, stamp: Clocked) -> None:
        self._obr, self._stamp = obr, stamp

    def _utc_s(self, row: Segment | None, field: int) -> float | None:
        found = self._stamp(row, field) if row is not None else None
        return found.utc_s if found is not None else None

    def rate_hz(self, count: int) -> float | None:
        start, end = self._utc_s(self._obr, 7), self._utc_s(self._obr, 8)
        return count / (end - start) if start is not None and end is not None and end > start else None

    def start_utc_s(self, row: Segment, lasts_s: float) -> float | None:
        start = self._utc_s(row, 14)
        start = start if start is not None else self._utc_s(self._obr, 7)
        end = self._utc_s(self._obr, 8)
        return start if start is not None else end - lasts_s if end is not None else None


def _wave(row: Segment, kind: WaveKind, facets: _Facets, window: _Window, counts: Counter[str]) -> Wave | None:
    numbers = _numbers(row)
    if numbers is None or not numbers.size:
        counts["wave-unreadable"] += row.raw(5) != ""
        return None
    scaled = _in_own_unit(row, kind, facets, numbers)
    if scaled is None:
        counts["wave-without-unit"] += 1
        return None
    rate_hz = facets.rate_hz() or window.rate_hz(numbers.size)
    if rate_hz is None or not _LEAST_HZ <= rate_hz <= _MOST_HZ:
        counts["wave-without-rate"] += 1
        return None
    if absence(row):
        scaled[:] = np.nan
    start_utc_s = window.start_utc_s(row, numbers.size / rate_hz)
    return Wave(kind.channel, rate_hz, scaled, start_utc_s, str(kind.code), row.text(4))


def _numbers(row: Segment) -> NDArray[np.float64] | None:
    """Everything between `^` and `~`; NaN for a gap. None where something else stands there."""
    by = row.separators
    raw = row.raw(5).replace(by.repetition, by.component)
    if not set(raw) <= _DIGITS | {by.component}:
        return None
    parts = raw.split(by.component) if raw else []
    try:
        found = np.array([float(part) if part else math.nan for part in parts], np.float64)
    except ValueError:
        return None
    found[~np.isfinite(found)] = np.nan
    return found


def _in_own_unit(
    row: Segment, kind: WaveKind, facets: _Facets, numbers: NDArray[np.float64]
) -> NDArray[np.float32] | None:
    """The numbers in the channel's unit, marks as NaN. None for a unit that the channel cannot have."""
    step_row = facets.first(_STEP)
    step = number(step_row.text(5)) if step_row is not None else None
    own = _unit(row, kind)
    if own is None and step_row is not None:
        own = _unit(step_row, kind)
    if own is None:
        if row.raw(6):
            return None
        own = Unit(kind.families[0])
    if own.family not in kind.families:
        return None
    for mark in facets.marks():
        numbers[numbers == mark] = np.nan
    with np.errstate(over="ignore"):  # what no float32 can hold was no signal either
        scaled = (numbers * (step or 1.0) * own.scale + own.shift).astype(np.float32)
    scaled[~np.isfinite(scaled)] = np.nan
    return scaled


def _unit(row: Segment, kind: WaveKind) -> Unit | None:
    """The unit of OBX-6; a plain number of something that has a unit says nothing."""
    unit = unit_of(row.text(6), row.text(6, 2))
    return None if unit is not None and unit.family == PLAIN and PLAIN not in kind.families else unit


def _names(row: Segment) -> set[str]:
    return {row.text(3, 1), row.text(3, 2).upper()}
