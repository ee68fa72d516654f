"""Rhythm alarms of one lead: asystole, pause, extreme bradycardia and tachycardia, from when its beats came.

Definitions follow the PhysioNet/CinC challenge of 2015 (asystole: no QRS for 4 s; bradycardia: 5 beats below 40 /min;
tachycardia: 17 beats above 140 /min), with limits a site may set. All are told within ten seconds of their onset.
Nothing runs on missing data: silence counts only while samples came in all the time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from healthcare.signals.beat import Beat

#: Beats are known up to so long before the newest sample taken.
BEATS_KNOWN_S = 0.8


#: After a stretch of this length of which nothing is known, silence counts anew.
_HOLE_S = 0.75
#: A lead with a beat in the last so many seconds denies a standstill.
_BEATING_S = 2.0


@dataclass(frozen=True, slots=True)
class RhythmLimits:
    """What counts as extreme for this patient."""

    asystole_s: float = 4.0
    pause_s: float = 3.0
    brady_per_min: float = 40.0
    brady_beats: int = 5
    tachy_per_min: float = 140.0
    tachy_beats: int = 17
    run_faster_than_per_min: float = 100.0

    def __post_init__(self) -> None:
        if not 2.0 <= self.pause_s <= self.asystole_s <= 8.0:
            raise ValueError(
                f"a pause of {self.pause_s} s and an asystole of {self.asystole_s} s: expected 2 to 8, in order"
            )
        if not 20.0 <= self.brady_per_min < self.tachy_per_min <= 250.0:
            raise ValueError(
                f"limits of {self.brady_per_min} and {self.tachy_per_min} /min: expected 20 to 250, in order"
            )
        if not (2 <= self.brady_beats <= 20 and 5 <= self.tachy_beats <= 20):
            raise ValueError("extreme rates are judged over 2 to 20 (slow) or 5 to 20 (fast) beats")


@dataclass(frozen=True, slots=True)
class LeadRhythm:
    """What one lead says at a moment. Rates are None where too few beats are known.

    `silent_s`: since the last beat, or since the lead came back; `slow`, `fast`: over the beats of the limits.
    """

    lead: str
    silent_s: float
    slow_per_min: float | None
    fast_per_min: float | None
    last_beat_s: float | None

    def says(self, code: str, limits: RhythmLimits, *, already: bool = False) -> bool:
        """Whether the condition holds in this lead; `already`: it did, and a rate has to leave by 5 /min."""
        margin = 5.0 if already else 0.0
        if code == "asystole":
            return self.silent_s >= limits.asystole_s
        if code == "pause":
            return self.silent_s >= limits.pause_s
        if code == "extreme-brady":
            return self.slow_per_min is not None and self.slow_per_min < limits.brady_per_min + margin
        if code == "extreme-tachy":
            return self.fast_per_min is not None and self.fast_per_min > limits.tachy_per_min - margin
        raise KeyError(f"no rule of one lead for {code!r}")

    def denies(self, code: str, limits: RhythmLimits) -> bool:
        """Whether this lead shows that the condition does not hold; what it does not know it does not deny."""
        if code in ("asystole", "pause"):
            return self.last_beat_s is not None and self.silent_s < _BEATING_S
        if code == "extreme-brady":
            return self.slow_per_min is not None and self.slow_per_min > 1.05 * limits.brady_per_min
        return self.fast_per_min is not None and self.fast_per_min < 0.95 * limits.tachy_per_min


class LeadBeats:
    """The beats of one lead, and since when it has been usable without a break."""

    def __init__(self, lead: str) -> None:
        self.lead = lead
        self.recent: deque[Beat] = deque(maxlen=40)
        self._gaps: deque[float] = deque(maxlen=20)  # intervals of the newest beats, back to the first that has none
        self._usable_since_s: float | None = None
        self._noted_s = -1e18

    def add(self, beats: Iterable[Beat]) -> None:
        for beat in beats:
            self.recent.append(beat)
            if beat.rr_s is None:
                self._gaps.clear()
            else:
                self._gaps.append(beat.rr_s)

    def note(self, now_s: float, *, usable: bool) -> None:
        """To be called for every stretch: `usable` when its samples came in and its electrodes were on."""
        if not usable:
            self._usable_since_s = None
        elif self._usable_since_s is None or now_s - self._noted_s > _HOLE_S:
            self._usable_since_s = now_s
        self._noted_s = now_s

    def rhythm(self, now_s: float, limits: RhythmLimits) -> LeadRhythm | None:
        """As of the newest sample; None while the lead is not usable."""
        if self._usable_since_s is None:
            return None
        known_s = now_s - BEATS_KNOWN_S
        last_s = self.recent[-1].at_s if self.recent else None
        counted_from_s = self._usable_since_s if last_s is None else max(last_s, self._usable_since_s)
        silent_s = max(0.0, known_s - counted_from_s)
        gaps = list(self._gaps)
        slow = _slow(gaps, silent_s if counted_from_s == last_s else 0.0, limits.brady_beats)
        return LeadRhythm(self.lead, silent_s, slow, _fast(gaps, silent_s, limits.tachy_beats), last_s)


#: So long a stretch decides about a slow rate, though it holds fewer beats than the rule asks for.
_SLOW_STRETCH_S = 6.0
_SLOW_LEAST = 2
_MIDDLE_COUNTS = 1.15
#: A heart that has not beaten for so long is not fast.
_FAST_SILENT_S = 2.0


def _slow(gaps: list[float], silent_s: float, beats: int) -> float | None:
    """Per minute over the last intervals, the one that is still open among them when it is already the longer."""
    ordered = list(reversed(gaps))
    if silent_s > (ordered[0] if ordered else 0.0):
        ordered.insert(0, silent_s)
    span_s = 0.0
    for count, gap in enumerate(ordered, start=1):
        span_s += gap
        if count >= beats - 1 or (span_s >= _SLOW_STRETCH_S and count >= _SLOW_LEAST):
            # one long interval among quick ones is a pause: most have to be slow, if not as slow as the mean
            middle_s = sorted(ordered[:count])[(count - 1) // 2]
            return 60.0 / min(span_s / count, _MIDDLE_COUNTS * middle_s)
    return None


def _fast(gaps: list[float], silent_s: float, beats: int) -> float | None:
    last = gaps[-(beats - 1) :]
    if len(last) < beats - 1 or silent_s >= _FAST_SILENT_S:
        return None
    return 60.0 * len(last) / max(sum(last), 1e-9)
