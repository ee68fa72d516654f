"""Pulse, pressure and breathing of one bed: their numbers, what they testify, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from healthcare.alarms.finding import Finding
from healthcare.measures import MEASURES
from healthcare.signals.beat import Chunk
from healthcare.signals.confirmation import PulseWitness
from healthcare.signals.pressure import ArterialPressure
from healthcare.signals.pulse import PulseTracker
from healthcare.signals.respiration import APNOEA_S, DerivedRespiration, Respiration
from healthcare.signals.ventricular import BeatShape

PULSE_CHANNEL, PRESSURE_CHANNEL, BREATH_CHANNEL = "pleth", "abp_mmhg", "resp_ohm"
#: Heart rate and pulse rate may differ by so much, for so long.
MISMATCH_PER_MIN = 20.0
MISMATCH_S = 30.0
ECG_DERIVED = "ECG-derived"
#: Told twice a second, and next to always the same: not there, there.
_PROBE_OFF = [Finding("probe-off", off, measure="spo2_pct", channel=PULSE_CHANNEL) for off in (False, True)]
_MISMATCH = [Finding("hr-mismatch", apart, measure="hr_per_min", channel=PULSE_CHANNEL) for apart in (False, True)]


class VitalWaves:
    """Takes frames; a channel exists from its first sample on."""

    def __init__(self) -> None:
        self.pulse: PulseTracker | None = None
        self.pressure: ArterialPressure | None = None
        self.breath: Respiration | None = None
        self._derived = DerivedRespiration()
        self._rates: dict[str, float] = {}
        self._now_s = 0.0
        self._mismatch_since_s: float | None = None
        self._pulse_per_min: float | None = None  # as of the last frame

    def take(
        self, chunks: Sequence[Chunk], end_s: float, shapes: Sequence[BeatShape], heart_per_min: float | None
    ) -> None:
        """A frame that ends at `end_s`, and the beats whose shape became known in it."""
        self._now_s = end_s
        for chunk in chunks:
            if self._rates.get(chunk.channel) != chunk.rate_hz:
                self._open(chunk)
            self._feed(chunk)
        for shape in shapes:
            if not shape.unlike and shape.likeness is not None:
                self._derived.add(shape.beat.at_s, shape.height_mv)
        self._follow_mismatch(heart_per_min)

    def _open(self, chunk: Chunk) -> None:
        self._rates[chunk.channel] = chunk.rate_hz
        if chunk.channel == PULSE_CHANNEL:
            self.pulse = PulseTracker(chunk.rate_hz)
        elif chunk.channel == PRESSURE_CHANNEL:
            self.pressure = ArterialPressure(chunk.rate_hz)
        elif chunk.channel == BREATH_CHANNEL:
            self.breath = Respiration(chunk.rate_hz)

    def _feed(self, chunk: Chunk) -> None:
        if chunk.channel == PULSE_CHANNEL and self.pulse is not None:
            self.pulse.take(chunk.samples, chunk.start_s)
        elif chunk.channel == PRESSURE_CHANNEL and self.pressure is not None:
            self.pressure.take(chunk.samples, chunk.start_s)
        elif chunk.channel == BREATH_CHANNEL and self.breath is not None:
            self.breath.take(chunk.samples, chunk.start_s)

    def _follow_mismatch(self, heart_per_min: float | None) -> None:
        pulse = self._pulse_per_min = self.pulse.rate_per_min(self._now_s) if self.pulse is not None else None
        apart = heart_per_min is not None and pulse is not None and abs(heart_per_min - pulse) > MISMATCH_PER_MIN
        if not apart:
            self._mismatch_since_s = None
        elif self._mismatch_since_s is None:
            self._mismatch_since_s = self._now_s

    def witnesses(self) -> list[PulseWitness]:
        """The pulse waves that may contradict; how fresh and good they are, the rule asks itself."""
        found = []
        if self.pulse is not None:
            found.append(PulseWitness(PULSE_CHANNEL, self.pulse.end_s, list(self.pulse.recent)))
        if self.pressure is not None and not self.pressure.reading().suppressed:
            pulses = self.pressure.pulses
            found.append(PulseWitness(PRESSURE_CHANNEL, pulses.end_s, list(pulses.recent)))
        return found

    def numbers(self, heart_per_min: float | None) -> tuple[dict[str, float | None], dict[str, str]]:
        """Measure -> value, and measure -> source where it is not the obvious one."""
        numerics: dict[str, float | None] = {}
        sources: dict[str, str] = {}
        if self.pulse is not None:
            numerics["pr_per_min"] = self._pulse_per_min
        if self.pressure is not None:
            reading = self.pressure.reading()
            numerics["abp_sys_mmhg"] = reading.systolic_mmhg
            numerics["abp_dia_mmhg"] = reading.diastolic_mmhg
            numerics["abp_map_mmhg"] = reading.mean_mmhg
        if self.breath is not None:
            numerics["rr_per_min"] = self.breath.at(heart_per_min).rate_per_min
        elif (derived := self._derived.rate_per_min(self._now_s)) is not None:
            numerics["rr_per_min"] = derived
            sources["rr_per_min"] = ECG_DERIVED
        return {name: _plausible(name, value) for name, value in numerics.items()}, sources

    def findings(self, heart_per_min: float | None) -> list[Finding]:
        """Each condition, there or not there."""
        found = []
        if self.pulse is not None:
            off = self.pulse.why in ("flat", "missing")
            found.append(_PROBE_OFF[off])
        if self.breath is not None:
            breathing = self.breath.at(heart_per_min)
            text = f"no breath for {APNOEA_S:.0f} s" if breathing.apnoea else ""
            if breathing.why not in ("missing", "flat"):  # what cannot be seen neither begins nor ends
                found.append(Finding("apnoea", breathing.apnoea, text, measure="rr_per_min", channel=BREATH_CHANNEL))
        since_s = self._mismatch_since_s
        apart = since_s is not None and self._now_s - since_s >= MISMATCH_S
        found.append(_MISMATCH[apart])
        return found

    def muted(self) -> dict[str, str]:
        """Channels of which nothing comes at the moment, and why."""
        muted = {}
        if self.pulse is not None and self.pulse.why:
            muted[PULSE_CHANNEL] = self.pulse.why
        if self.pressure is not None:
            reading = self.pressure.reading()
            if reading.why or reading.suppressed:
                muted[PRESSURE_CHANNEL] = reading.why or "after flush or zeroing"
        if self.breath is not None and (why := self.breath.at().why):
            muted[BREATH_CHANNEL] = why
        return muted


def heart_rate(intervals_s: Sequence[float]) -> float | None:
    """Per minute over the last intervals, highest and lowest left out; over the last four when the heart is slow.

    The averaging that bedside monitors print: the last 12 without the extremes, or the last 4 after three of 1.2 s.
    """
    if len(intervals_s) < 2:
        return None
    last = list(intervals_s)[-12:]
    if len(last) >= 4 and all(gap > 1.2 for gap in last[-3:]):
        last = last[-4:]
    elif len(last) >= 5:
        last = sorted(last)[1:-1]
    middle = median(last)
    steady = [gap for gap in last if gap < 3.0 * middle]
    return 60.0 * len(steady) / sum(steady)


def _plausible(name: str, value: float | None) -> float | None:
    return value if value is not None and MEASURES[name].plausible(value) else None
