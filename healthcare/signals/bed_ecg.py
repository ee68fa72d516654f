"""All ECG leads of one bed: its beats, what their shapes say, and atrial fibrillation.

The bed's beats are those that `leads` finds in all leads together. Beside that every lead is listened to by itself: a
standstill or a tachycardia has to show in each that counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import lru_cache

from healthcare.alarms.finding import Finding
from healthcare.signals.af import AtrialFibrillation
from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.ecg_lead import EcgLead
from healthcare.signals.fibrillation import Fibrillation
from healthcare.signals.leads import EcgLeads
from healthcare.signals.quality import MUTED_BELOW
from healthcare.signals.rhythm import LeadBeats, RhythmLimits
from healthcare.signals.rhythm_alarms import LeadState, ShapeState
from healthcare.signals.ventricular import BeatShape, VentricularRuns
from healthcare.signals.vital_waves import heart_rate

#: A beat looks normal from this likeness on.
NORMAL_FROM = 0.9
#: No lead is good enough for so long: said.
POOR_AFTER_S = 10.0
_NORMAL_WITHIN_S = 4.0
_LABELLED_WITHIN_S = 4.0
_RATE_WITHOUT_BEAT_S = 5.0


class BedEcg:
    """`take` per frame gives the beats that became known; `shaped` are those whose shape did."""

    def __init__(self, limits: RhythmLimits) -> None:
        self.leads: dict[str, EcgLead] = {}
        self.best = ""  # the lead in which R peaks are placed
        self.muted_s = 0.0  # since when no lead is good enough
        self.af = AtrialFibrillation()
        self.fibrillation = Fibrillation()
        self.runs = VentricularRuns(limits.run_faster_than_per_min)
        self.shaped: list[BeatShape] = []
        self._limits = limits
        self._joined: EcgLeads | None = None
        self._beats = LeadBeats("ecg")
        self._last_beat_s = -1e18
        self._intervals: deque[float] = deque(maxlen=12)
        self._shapes: deque[BeatShape] = deque(maxlen=48)
        self._for_af: deque[BeatShape] = deque()
        self._ventricular: dict[float, bool] = {}

    def take(self, chunks: Sequence[Chunk], end_s: float, *, labelled: bool) -> list[Beat]:
        """A frame of all leads that ends at `end_s`. `labelled`: a classifier is at work; its labels are waited for."""
        came = {chunk.channel for chunk in chunks}
        beats, alone = self._join(chunks)
        for chunk in chunks:
            lead = self.leads[chunk.channel]
            lead.take(chunk, alone.get(chunk.channel, ()) if self._joins(chunk) else None)
            self.fibrillation.take(chunk.channel, chunk.rate_hz, chunk.samples, chunk.start_s)
        for name, lead in self.leads.items():
            if name not in came:
                lead.beats.add(alone.get(name, ()))
                lead.lost(end_s)
        self._beats.note(end_s, usable=any(lead.usable for lead in self.leads.values()))
        usable = [lead.lead for lead in self.leads.values() if lead.usable]
        self.shaped = self.runs.take(chunks, beats, usable)
        self._shapes.extend(self.shaped)
        self._for_af.extend(self.shaped)
        self.fibrillation.judge(usable, end_s)
        self._follow_af(end_s, labelled=labelled)
        self.runs.silent(end_s - self._last_beat_s)
        return beats

    def _joins(self, chunk: Chunk) -> bool:
        return self._joined is not None and chunk.rate_hz == self._joined.rate_hz

    def _join(self, chunks: Sequence[Chunk]) -> tuple[list[Beat], dict[str, list[Beat]]]:
        """The beats of all leads of the first rate together, and of each alone; and how good each lead is."""
        for chunk in chunks:
            lead = self.leads.get(chunk.channel)
            if lead is None or lead.rate_hz != chunk.rate_hz:
                self.leads[chunk.channel] = EcgLead(chunk.channel, chunk.rate_hz)
        if self._joined is None:
            if not chunks:
                return [], {}
            self._joined = EcgLeads(chunks[0].rate_hz, each=True)
        beats = self._joined.feed([chunk for chunk in chunks if self._joins(chunk)])
        state = self._joined.state()
        self.best, self.muted_s = state.lead, state.muted_s
        for name, score in state.quality.items():
            self.leads[name].score = score
        self._beats.add(beats)
        for beat in beats:
            self._last_beat_s = beat.at_s
            if beat.rr_s is None:
                self._intervals.clear()
            else:
                self._intervals.append(beat.rr_s)
        return beats, self._joined.of_each()

    def label(self, at_s: float, *, ventricular: bool, probability: float) -> None:
        """What the classifier says of a beat of the bed."""
        self._ventricular[at_s] = ventricular
        if ventricular:
            self.runs.label(at_s, probability)

    @property
    def end_s(self) -> float:
        return max((lead.end_s for lead in self.leads.values()), default=0.0)

    def rate_per_min(self, now_s: float) -> float | None:
        """The heart rate; None while the leads are not good enough, and without a beat of the last seconds."""
        if self.muted_s > 0.0 or now_s - self._last_beat_s > _RATE_WITHOUT_BEAT_S:
            return None
        return heart_rate(self._intervals)

    def states(self) -> list[LeadState]:
        """The usable leads as the rhythm rules want them."""
        states = []
        for lead in self.leads.values():
            rhythm = lead.rhythm(self._limits)
            if rhythm is not None:
                states.append(LeadState(rhythm, lead.clear, lead.quality))
        return states

    def joint(self) -> LeadState | None:
        """The beats of all leads together, as if they were one lead; None while no lead is good enough."""
        rhythm = self._beats.rhythm(self.end_s, self._limits)
        if rhythm is None or self.muted_s > 0.0:
            return None
        return LeadState(rhythm, True, max((lead.quality for lead in self.leads.values()), default=0.0))

    def shape_state(self, now_s: float) -> ShapeState:
        normal = 0
        for shape in self._shapes:
            if now_s - shape.beat.at_s <= _NORMAL_WITHIN_S and not shape.unlike:
                normal += (shape.likeness or 0.0) >= NORMAL_FROM
        return ShapeState(
            self.runs.present, len(self.runs.run), self.runs.rate_per_min, self.fibrillation.present, normal
        )

    def findings(self) -> list[Finding]:
        """Atrial fibrillation, and what is wrong with the leads: each there or not there."""
        found = [_condition("af", self.af.present, self.best)]
        if self.leads:
            silent = [lead.why for lead in self.leads.values() if not lead.usable]
            off = len(silent) == len(self.leads) and any(why != "lost" for why in silent)
            poor = len(silent) < len(self.leads) and self.muted_s >= POOR_AFTER_S
            channel = self.best or next(iter(self.leads))
            found.append(_condition("leads-off", off, channel))
            found.append(_condition("signal-poor", poor, channel))
        return found

    def muted(self) -> dict[str, str]:
        """Lead -> why nothing comes of it: `off`, `missing`, `lost`, `poor`."""
        why = {name: lead.why or ("" if lead.clear else "poor") for name, lead in self.leads.items()}
        return {name: reason for name, reason in why.items() if reason}

    def _follow_af(self, now_s: float, *, labelled: bool) -> None:
        """Beats go on to the irregularity once labelled, or once the label is late."""
        while self._for_af:
            shape = self._for_af[0]
            label = self._ventricular.pop(shape.beat.at_s, None)
            if label is None and labelled and now_s - shape.beat.at_s < _LABELLED_WITHIN_S:
                return
            self._for_af.popleft()
            ventricular = shape.unlike if label is None else label or shape.strange
            rr_s = shape.beat.rr_s if shape.beat.quality >= MUTED_BELOW else None
            self.af.add(shape.beat.at_s, rr_s, ventricular=ventricular)
        if len(self._ventricular) > 256:
            self._ventricular.clear()


@lru_cache(maxsize=256)
def _condition(code: str, present: bool, channel: str) -> Finding:
    """Kept: each is told twice a second, and next to always the same."""
    return Finding(code, present, measure="hr_per_min", channel=channel)
