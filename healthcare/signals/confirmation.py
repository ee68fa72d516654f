"""What may contradict a rhythm alarm, and when: another lead, or a pulse.

The rule: a contradicting signal may veto only while it is present, fresh (its newest sample at most two seconds old)
and of good quality. Ventricular fibrillation is never vetoed by a pulse alone. Every veto is a value that is recorded
and counted. Alarms of a monitor do not come through here: nobody vetoes, delays or lowers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.clock import Instant
from healthcare.signals.pulse import Pulse
from healthcare.signals.pulse_shape import GOOD_QUALITY

FRESH_S = 2.0
#: The blood needs so long from the heart to a finger, at most: a pulse before that may belong to the last beat.
TRANSIT_S = 0.6
#: Between two pulses that contradict a standstill, and after the last of them, no more than this may pass.
PULSE_GAP_S = 2.0
_REGULAR = 1.3
_FASTER_BY = 1.1
_SLOWER_BY = 0.8


@dataclass(frozen=True, slots=True)
class Veto:
    """`code` was not alarmed at `at`, because `by` (a channel) contradicted it with `quality` (0..1)."""

    code: str
    by: str
    at: Instant
    quality: float


@dataclass(frozen=True, slots=True)
class PulseWitness:
    """A pulse wave as of `now_s`. `end_s`: time of its newest sample; `pulses`: its last ones, good or not."""

    channel: str
    end_s: float
    pulses: Sequence[Pulse]

    def fresh(self, now_s: float) -> bool:
        return now_s - self.end_s <= FRESH_S

    def contradicts_standstill(self, last_beat_s: float, now_s: float) -> float | None:
        """The quality with which pulses say that the heart has gone on beating; None: they do not."""
        since_s = max(last_beat_s + TRANSIT_S, self.end_s - _STRETCH_S)
        good = [p for p in self.pulses if p.good and p.at_s > since_s]
        if not self.fresh(now_s) or len(good) < 2:
            return None
        told_s = [since_s, *(p.at_s for p in good), self.end_s - _PULSES_KNOWN_S]
        steady = all(later - earlier <= PULSE_GAP_S for earlier, later in pairwise(told_s))
        return _mean_quality(good) if steady else None

    def rate_per_min(self, now_s: float, within_s: float) -> tuple[float, float, bool] | None:
        """Rate, quality and whether it is regular, from good pulses in a row; None unless the last four are good."""
        recent = [p for p in self.pulses if now_s - p.at_s <= within_s]
        if not self.fresh(now_s) or len(recent) < 4 or not all(p.good for p in recent[-4:]):
            return None
        row = [p for p in recent if p.good and p.interval_s is not None][-8:]
        gaps = [p.interval_s for p in row if p.interval_s is not None]
        if len(gaps) < 3 or self.end_s - recent[-1].at_s > PULSE_GAP_S + _PULSES_KNOWN_S:
            return None
        return 60.0 * len(gaps) / sum(gaps), _mean_quality(row), max(gaps) <= _REGULAR * min(gaps)


#: Of a standstill that lasts longer, so much is looked at.
_STRETCH_S = 8.0
#: A pulse is told so long after its onset, at most.
_PULSES_KNOWN_S = 1.4


def _mean_quality(pulses: Sequence[Pulse]) -> float:
    return sum(p.quality for p in pulses) / len(pulses)


def pulse_veto(
    code: str,
    witness: PulseWitness,
    now_s: float,
    *,
    last_beat_s: float | None,
    rate_per_min: float | None,
    limit_per_min: float,
    leads_clear: bool,
) -> float | None:
    """The quality of the pulse that contradicts, or None.

    Asystole, pause: pulses go on. Bradycardia: the pulse is clearly above the limit. Tachycardia and ventricular run: a
    regular pulse, clearly below; only where the leads themselves are doubtful (`leads_clear` False), since weak beats
    of a real tachycardia do not reach the finger. Fibrillation: never.
    """
    if code in ("asystole", "pause"):
        return None if last_beat_s is None else witness.contradicts_standstill(last_beat_s, now_s)
    if code == "extreme-brady":
        found = witness.rate_per_min(now_s, 8.0)
        return found[1] if found is not None and found[0] > _FASTER_BY * limit_per_min else None
    if code in ("extreme-tachy", "vt"):
        found = witness.rate_per_min(now_s, 6.0)
        if found is None or leads_clear or not found[2] or rate_per_min is None:
            return None
        return found[1] if found[0] < _SLOWER_BY * min(rate_per_min, 1.4 * limit_per_min) else None
    return None


class VetoLog:
    """Counts each contradiction once per episode: a condition that is held down for a minute is one veto, not 120."""

    def __init__(self) -> None:
        self._standing: dict[tuple[str, str], float] = {}
        self.counts: dict[str, int] = {}

    def note(self, code: str, by: str, at: Instant, quality: float) -> Veto | None:
        """The veto to be recorded, or None while the same one stands."""
        key = (code, by)
        last_s = self._standing.get(key)
        self._standing[key] = at.mono_s
        if last_s is not None and at.mono_s - last_s <= _SAME_EPISODE_S:
            return None
        self.counts[code] = self.counts.get(code, 0) + 1
        return Veto(code, by, at, min(1.0, max(quality, 0.0)))


_SAME_EPISODE_S = 10.0

__all__ = ["FRESH_S", "GOOD_QUALITY", "PulseWitness", "Veto", "VetoLog", "pulse_veto"]
