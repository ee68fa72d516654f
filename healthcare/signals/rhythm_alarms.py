"""What the leads, the pulse and the shapes of the beats say together: findings, and what was contradicted.

Per condition: every lead that counts is asked. Leads that are clear count; where none is, those that are at least
usable. One says so and none denies it: the condition is there, unless a pulse contradicts (`confirmation`). A clear
lead denies it: vetoed, and recorded. None says so: it is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.clock import Instant
from healthcare.alarms.finding import Finding
from healthcare.signals.confirmation import PulseWitness, Veto, VetoLog, pulse_veto
from healthcare.signals.rhythm import LeadRhythm, RhythmLimits

#: Conditions of single leads; of several that hold at once the first is told, `pause` only where no other holds.
LEAD_CODES = ("asystole", "extreme-brady", "extreme-tachy", "pause")
#: Of a condition that goes on, a changed text is told again after so long.
_TOLD_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class LeadState:
    """A usable lead at a moment."""

    rhythm: LeadRhythm
    clear: bool
    quality: float


@dataclass(frozen=True, slots=True)
class ShapeState:
    """What the shapes of beats and waves say. `run_*`: of the ventricular run; `normal_beats`: of the last 4 s."""

    run: bool = False
    run_beats: int = 0
    run_per_min: float | None = None
    fibrillation: bool = False
    normal_beats: int = 0


class RhythmAlarms:
    """The rhythm conditions of one bed. `judge` gives those that changed, and new vetoes."""

    def __init__(self, limits: RhythmLimits | None = None) -> None:
        self.limits = limits or RhythmLimits()
        self.present: dict[str, bool] = {}
        self.vetoes = VetoLog()
        self._told: dict[str, tuple[bool, str, float]] = {}  # present, text, when

    def restore(self, present: Iterable[str]) -> None:
        """Conditions that were told as present: each stays so until it is seen not to hold."""
        for code in present:
            self.present[code] = True
            self._told[code] = (True, "", -1e18)

    def judge(
        self,
        now_s: float,
        at: Instant,
        leads: Sequence[LeadState],
        witnesses: Sequence[PulseWitness],
        shapes: ShapeState,
        joint: LeadState | None = None,
    ) -> tuple[list[Finding], list[Veto]]:
        """Without a usable lead nothing changes: a condition is neither begun nor ended by missing data.

        `joint`: the beats of all leads together.
        """
        vetoes: list[Veto] = []
        if not leads:
            return [], vetoes
        holding: dict[str, str] = {}  # code -> text
        counted = [lead for lead in leads if lead.clear] or list(leads)
        for code in LEAD_CODES:
            text = self._of_leads(code, now_s, at, counted, witnesses, vetoes, joint)
            if text is not None:
                holding[code] = text
        if shapes.run and (text := self._run(now_s, at, counted, witnesses, shapes, vetoes)) is not None:
            holding["vt"] = text
        if shapes.fibrillation:
            if shapes.normal_beats >= 3:
                self._veto("vf", "lead", at, max(lead.quality for lead in counted), vetoes)
            else:
                holding["vf"] = ""
        return self._findings(_foremost(holding), counted, now_s), vetoes

    def _of_leads(
        self,
        code: str,
        now_s: float,
        at: Instant,
        leads: Sequence[LeadState],
        witnesses: Sequence[PulseWitness],
        vetoes: list[Veto],
        joint: LeadState | None,
    ) -> str | None:
        """The alarm's text where the condition holds unchallenged."""
        already = self.present.get(code, False)
        said = [lead for lead in leads if lead.rhythm.says(code, self.limits, already=already)]
        if not said:
            return None
        if code == "extreme-tachy" and not any(lead.clear for lead in leads):
            # noise makes beats: what is told then is the poor signal; what was there before stays
            return self._told.get(code, (False, "", 0.0))[1] if already else None
        against = self._against(code, leads, joint)
        if against is not None:
            self._veto(code, against.rhythm.lead, at, against.quality, vetoes)
            return None
        if code in ("asystole", "pause") and joint is not None and not joint.rhythm.says(code, self.limits):
            return None  # not yet: its last beat was a little later
        for witness in witnesses:
            quality = pulse_veto(
                code,
                witness,
                now_s,
                last_beat_s=max((lead.rhythm.last_beat_s or -1e18 for lead in said), default=None),
                rate_per_min=_lowest([lead.rhythm.fast_per_min for lead in said]),
                limit_per_min=self._limit(code),
                leads_clear=all(lead.clear for lead in leads),
            )
            if quality is not None:
                self._veto(code, witness.channel, at, quality, vetoes)
                return None
        return self._text(code, said)

    def _against(self, code: str, leads: Sequence[LeadState], joint: LeadState | None) -> LeadState | None:
        """The clear lead that denies the condition. A fast rate is denied only where all leads together are slower: one
        lead may miss every other beat of a real tachycardia."""
        if code == "extreme-tachy" and joint is not None and joint.clear:
            return joint if joint.rhythm.denies(code, self.limits) else None
        witnesses = leads if joint is None else (*leads, joint)
        denying = [lead for lead in witnesses if lead.clear and lead.rhythm.denies(code, self.limits)]
        return max(denying, key=lambda lead: lead.quality, default=None)

    def _run(
        self,
        now_s: float,
        at: Instant,
        leads: Sequence[LeadState],
        witnesses: Sequence[PulseWitness],
        shapes: ShapeState,
        vetoes: list[Veto],
    ) -> str | None:
        for witness in witnesses:
            quality = pulse_veto(
                "vt",
                witness,
                now_s,
                last_beat_s=None,
                rate_per_min=shapes.run_per_min,
                limit_per_min=self.limits.run_faster_than_per_min,
                leads_clear=all(lead.clear for lead in leads),
            )
            if quality is not None:
                self._veto("vt", witness.channel, at, quality, vetoes)
                return None
        rate = f", {shapes.run_per_min:.0f} /min" if shapes.run_per_min else ""
        return f"{shapes.run_beats} beats{rate}"

    def _veto(self, code: str, by: str, at: Instant, quality: float, vetoes: list[Veto]) -> None:
        veto = self.vetoes.note(code, by, at, quality)
        if veto is not None:
            vetoes.append(veto)

    def _limit(self, code: str) -> float:
        return self.limits.brady_per_min if code == "extreme-brady" else self.limits.tachy_per_min

    def _text(self, code: str, leads: Sequence[LeadState]) -> str:
        if code in ("asystole", "pause"):
            return f"{min(lead.rhythm.silent_s for lead in leads):.0f} s without a beat"
        if code == "extreme-brady":
            rate = max(lead.rhythm.slow_per_min or 0.0 for lead in leads)
            return f"{rate:.0f} < {self.limits.brady_per_min:.0f} /min"
        return f"{_lowest([lead.rhythm.fast_per_min for lead in leads]):.0f} > {self.limits.tachy_per_min:.0f} /min"

    def _findings(self, holding: Mapping[str, str], leads: Sequence[LeadState], now_s: float) -> list[Finding]:
        """Those that came, went, or say something new."""
        channel = leads[0].rhythm.lead
        found = []
        for code in (*LEAD_CODES, "vt", "vf"):
            now, text = code in holding, holding.get(code, "")
            self.present[code] = now
            was, text_was, at_s = self._told.get(code, (False, "", -1e18))
            if now != was or (now and text != text_was and now_s - at_s >= _TOLD_AGAIN_S):
                self._told[code] = (now, text, now_s)
                found.append(Finding(code, now, text=text, measure="hr_per_min", channel=channel))
        return found


def _lowest(rates: Sequence[float | None]) -> float:
    known = [rate for rate in rates if rate is not None]
    return min(known) if known else 0.0


def _foremost(holding: Mapping[str, str]) -> dict[str, str]:
    """In a fibrillation beats mean nothing; a standstill is no slow rate; a pause is told where nothing worse is."""
    if "vf" in holding:
        return {code: text for code, text in holding.items() if code in ("vf", "vt")}
    kept = dict(holding)
    if "asystole" in kept:
        kept.pop("extreme-brady", None)
    if "vt" in kept:
        kept.pop("extreme-tachy", None)
    if len(kept) > 1:
        kept.pop("pause", None)
    return kept
