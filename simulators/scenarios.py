"""What happens to the patients of the simulated ward: baselines, episodes, and what both make of a moment.

Everything here is a function of the time since the ward began, so that a script gives the same ward every time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import InputError

FOR_GOOD_S = 1e9

#: Kind: what it does, how long it lasts when not said, and its amount when not said.
KINDS: dict[str, tuple[str, float, float]] = {
    "desaturation": ("SpO2 falls to the amount and comes back", 100.0, 82.0),
    "tachycardia": ("sinus rhythm rises to that rate", 60.0, 138.0),
    "bradycardia": ("sinus rhythm falls to that rate", 60.0, 36.0),
    "fast-breathing": ("breaths a minute rise to that", 180.0, 27.0),
    "apnoea": ("no breath at all", 30.0, 0.0),
    "deterioration": ("sicker and sicker, as in sepsis, then stays so; 1 ends at a high NEWS2", 2400.0, 1.0),
    "af": ("atrial fibrillation at about that rate", 180.0, 118.0),
    "vt": ("a run of ventricular tachycardia at that rate", 15.0, 176.0),
    "vf": ("ventricular fibrillation, no pulse", 30.0, 0.0),
    "asystole": ("no beat, no pulse", 20.0, 0.0),
    "pvcs": ("ventricular extrasystoles, the amount is their share", 180.0, 0.12),
    "artefact": ("the patient moves: leads and probe are disturbed", 20.0, 0.0),
    "leads-off": ("the ECG leads are off", 60.0, 0.0),
    "probe-off": ("the finger probe is off", 60.0, 0.0),
    "monitor-off": ("the monitor sends nothing", 120.0, 0.0),
    "standby": ("the monitor is in standby", 600.0, 0.0),
    "admit": ("a new patient comes into the empty bed", 0.0, 0.0),
    "discharge": ("the patient leaves", 0.0, 0.0),
    "transfer": ("the patient is moved to the bed whose number is the amount", 0.0, 0.0),
}  # fmt: skip
MOVES = ("admit", "discharge", "transfer")
#: Seconds that a change takes at its begin and at its end; rhythms and cables change at once.
_RAMPS_S = {"desaturation": 25.0, "tachycardia": 8.0, "bradycardia": 8.0, "fast-breathing": 20.0}


@dataclass(frozen=True, slots=True)
class Episode:
    """`at_s` after the ward began, for `lasts_s`, again after `every_s` (0: once only)."""

    kind: str
    bed: int
    at_s: float
    lasts_s: float
    every_s: float = 0.0
    amount: float = 0.0

    def since_s(self, t_s: float) -> float | None:
        """How long it has been going on; None while it is not."""
        since = t_s - self.at_s
        if since >= 0 and self.every_s > 0:
            since %= self.every_s
        lasts_s = FOR_GOOD_S if self.kind == "deterioration" else self.lasts_s
        return since if 0 <= since < lasts_s else None

    def share(self, t_s: float) -> float:
        """0 before and after, 1 in full."""
        since = self.since_s(t_s)
        if since is None:
            return 0.0
        if self.kind == "deterioration":
            return min(1.0, since / self.lasts_s)
        ramp_s = min(_RAMPS_S.get(self.kind, 0.0), self.lasts_s / 2)
        return min(1.0, since / ramp_s, (self.lasts_s - since) / ramp_s) if ramp_s > 0 else 1.0


def make_episode(kind: str, bed: int, at_s: float, lasts_s: float | None = None, *, every_s: float = 0.0,
                 amount: float | None = None) -> Episode:  # fmt: skip
    """With what the kind has unless said."""
    _, usual_s, usual_amount = KINDS[kind]
    lasts_s = usual_s if lasts_s is None else lasts_s
    return Episode(kind, bed, at_s, lasts_s, every_s, usual_amount if amount is None else amount)


def parse_episode(text: str) -> Episode:
    """`vf@4:30:20`: KIND@BED:AT[:LASTS[:EVERY[:AMOUNT]]], times in seconds. Raises InputError."""
    kind, _, rest = text.partition("@")
    parts = rest.split(":")
    if kind not in KINDS or not 2 <= len(parts) <= 5:
        raise InputError(
            f"'{text}' is no episode of the ward",
            hint=f"KIND@BED:AT[:LASTS[:EVERY[:AMOUNT]]], KIND: {', '.join(KINDS)}.",
        )
    try:
        bed, numbers = int(parts[0]), [float(part) for part in parts[1:]]
    except ValueError as error:
        raise InputError(f"'{text}': bed and times must be numbers", hint="Such as vf@4:30:20") from error
    if bed < 1 or not all(0 <= number <= FOR_GOOD_S for number in numbers):
        raise InputError(f"'{text}': beds count from 1, seconds from 0")
    lasts_s, every_s, amount = (numbers[place] if len(numbers) > place else None for place in (1, 2, 3))
    return make_episode(kind, bed, numbers[0], lasts_s, every_s=every_s or 0.0, amount=amount)


def episode_text(episode: Episode) -> str:
    """What `parse_episode` reads as the same."""
    numbers = (episode.at_s, episode.lasts_s, episode.every_s, episode.amount)
    return f"{episode.kind}@{episode.bed}:" + ":".join(f"{number:.12g}" for number in numbers)


class Rhythm(StrEnum):
    SINUS = "sinus"
    AF = "af"
    VT = "vt"
    VF = "vf"
    ASYSTOLE = "asystole"


_RHYTHMS = {"af": Rhythm.AF, "vt": Rhythm.VT, "vf": Rhythm.VF, "asystole": Rhythm.ASYSTOLE}


@dataclass(frozen=True, slots=True)
class Baseline:
    """A patient when nothing happens. `temp_cel` None: nobody took it."""

    hr_per_min: float = 76.0
    rr_per_min: float = 15.0
    spo2_pct: float = 97.0
    sys_mmhg: float = 122.0
    dia_mmhg: float = 76.0
    temp_cel: float | None = 36.8
    pvc_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Condition:
    """A patient, and the monitor at the bed, at one moment. `spells` are the kinds of the episodes going on."""

    hr_per_min: float
    rr_per_min: float
    spo2_pct: float
    sys_mmhg: float
    dia_mmhg: float
    temp_cel: float | None
    rhythm: Rhythm = Rhythm.SINUS
    pvc_share: float = 0.0
    spells: frozenset[str] = field(default_factory=frozenset)

    @property
    def has_pulse(self) -> bool:
        return self.rhythm not in (Rhythm.VF, Rhythm.ASYSTOLE)


def condition_at(baseline: Baseline, episodes: Iterable[Episode], t_s: float, sway: Sequence[float]) -> Condition:
    """`sway`: three numbers of a bed's own, 0..1, that put its natural variation out of step with the others."""
    shares = [(episode, share) for episode in episodes if (share := episode.share(t_s)) > 0]
    spells = frozenset(episode.kind for episode, _ in shares)
    hr = baseline.hr_per_min + _drift(t_s, sway, 0) * 2.5
    rr = baseline.rr_per_min + _drift(t_s, sway, 1) * 1.2
    spo2 = baseline.spo2_pct + _drift(t_s, sway, 2) * 0.8
    systolic = baseline.sys_mmhg + _drift(t_s, sway, 1) * 4
    diastolic = baseline.dia_mmhg + _drift(t_s, sway, 0) * 3
    temp = baseline.temp_cel
    pvc_share = baseline.pvc_share
    rhythm = Rhythm.SINUS
    for episode, share in shares:
        kind, amount = episode.kind, episode.amount
        if kind == "desaturation":
            spo2 += share * (amount - spo2)
            hr += share * 12
            rr += share * 8
        elif kind in ("tachycardia", "bradycardia"):
            hr += share * (amount - hr)
        elif kind == "fast-breathing":
            rr += share * (amount - rr)
        elif kind == "deterioration":
            sicker = share * amount
            hr, rr, spo2 = hr + 34 * sicker, rr + 9 * sicker, spo2 - 4.5 * sicker
            systolic, diastolic = systolic - 26 * sicker, diastolic - 16 * sicker
            temp = None if temp is None else temp + 1.7 * sicker
        elif kind == "pvcs":
            pvc_share = max(pvc_share, amount)
        elif kind in _RHYTHMS:
            rhythm = _RHYTHMS[kind]
            hr = amount or hr
            if rhythm is Rhythm.VT:
                systolic, diastolic = systolic * 0.7, diastolic * 0.8
    if "apnoea" in spells:
        rr = 0.0
    return Condition(hr, max(0.0, rr), min(100.0, spo2), systolic, diastolic, temp, rhythm, pvc_share, spells)


def _drift(t_s: float, sway: Sequence[float], shift: int) -> float:
    """Slow, never quite repeating, about -1..1."""
    periods_s = (97.0, 311.0, 1021.0)
    turns = (t_s / period + sway[(shift + place) % 3] for place, period in enumerate(periods_s))
    return sum(math.sin(2 * math.pi * turn) for turn in turns) / 2
