"""The signals of one bed: waves of any channel in; numbers, findings, vetoes and beats out. Plain and pure.

Everything runs on the clock of the waves in frames of half a second (`frames`), so that what is found does not depend
on how the waves were cut. Beat classes come a little later from the model: `asks` and `labelled` pass through to a
classifier when there is one, and only refine. After a restart the waves are learnt anew, within `LEARNING_S`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.clock import Instant
from core.inference.request import Answer, Ask
from healthcare.alarms.finding import Finding
from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.beats import BeatClass, BeatClassifier, BeatLabel
from healthcare.signals.bed_ecg import BedEcg
from healthcare.signals.confirmation import Veto
from healthcare.signals.frames import Frame, Frames
from healthcare.signals.rhythm import RhythmLimits
from healthcare.signals.rhythm_alarms import RhythmAlarms
from healthcare.signals.vital_waves import VitalWaves
from healthcare.vitals.ages import kept_past, past_again
from healthcare.wave_names import wave_in_words

#: From the first samples on: so long until pulses, shapes and rates are known.
LEARNING_S = 12.0
#: Without a new sample for so long a channel is lost.
LOST_AFTER_S = 5.0
_GRACE_S = 2.0
#: Told once they have lasted so long as time passes here: what a backlog brings is over before anybody could look.
_LASTING = dict.fromkeys(("leads-off", "probe-off", "signal-poor"), 1.5)
ECG_PREFIX = "ecg_"


@dataclass(frozen=True, slots=True)
class SignalsFound:
    """`numerics`: by name of the measure, None where there is no number; only those whose channel is there.

    `findings`: that changed. `muted`: channel -> why nothing comes of it. `sources`: measure -> what its number was
    made from.
    """

    numerics: Mapping[str, float | None] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    vetoes: Sequence[Veto] = ()
    beats: Sequence[Beat] = ()
    muted: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


class BedSignals:
    """One bed. `take` for every chunk of every channel; `tick` when `due`."""

    def __init__(self, limits: RhythmLimits | None = None, classifier: BeatClassifier | None = None) -> None:
        self.alarms = RhythmAlarms(limits)
        self._classifier = classifier
        self._frames = Frames()
        self._ecg = BedEcg(self.alarms.limits)
        if classifier is not None:
            classifier.look_at(self._ecg.runs.traces)
        self._waves = VitalWaves()
        self._heard: dict[str, Instant] = {}
        self._lost: set[str] = set()
        self._present: dict[str, bool] = {}
        self._since: dict[str, Instant] = {}
        self._asks: list[Ask] = []
        self._muted: dict[str, str] = {}  # as of the last frame
        self._still = SignalsFound()

    # -- waves --------------------------------------------------------------------------------------------------

    def take(self, chunk: Chunk, at: Instant) -> SignalsFound:
        """`at`: when the chunk came in. What follows from the frames that it made whole."""
        findings: list[Finding] = []
        vetoes: list[Veto] = []
        beats: list[Beat] = []
        if chunk.channel in self._lost:
            self._lost.discard(chunk.channel)
            findings.append(self._lost_finding(chunk.channel, present=False))
            self._muted = self.muted()
        self._heard[chunk.channel] = at
        framed = heard = False
        for frame in self._frames.take(chunk):
            framed = True
            leads = [one for one in frame.chunks if one.channel.startswith(ECG_PREFIX)]
            heard = heard or bool(leads)
            beats += self._frame(frame, leads, at, findings, vetoes)
        if self._classifier is not None and (heard or beats):
            ask = self._classifier.take((), beats)
            if ask is not None:
                self._asks.append(ask)
        if not framed:
            return self._nothing(findings)
        numerics, sources = self._numbers()
        self._muted = self.muted()
        return SignalsFound(numerics, findings, vetoes, beats, self._muted, sources)

    def _nothing(self, findings: list[Finding]) -> SignalsFound:
        """Of a chunk that made no frame whole: most of them."""
        if findings:
            return SignalsFound(findings=findings, muted=self._muted)
        if self._still.muted is not self._muted:
            self._still = SignalsFound(muted=self._muted)
        return self._still

    def _frame(
        self, frame: Frame, leads: Sequence[Chunk], at: Instant, findings: list[Finding], vetoes: list[Veto]
    ) -> list[Beat]:
        beats = self._ecg.take(leads, frame.end_s, labelled=self._classifier is not None)
        others = [one for one in frame.chunks if not one.channel.startswith(ECG_PREFIX)]
        heart = self._ecg.rate_per_min(frame.end_s)
        self._waves.take(others, frame.end_s, self._ecg.shaped, heart)
        found, contradicted = self.alarms.judge(
            frame.end_s,
            at,
            self._ecg.states(),
            self._waves.witnesses(),
            self._ecg.shape_state(frame.end_s),
            self._ecg.joint(),
        )
        findings += found
        vetoes += contradicted
        findings += self._changed([*self._ecg.findings(), *self._waves.findings(heart)], at)
        return beats

    def _changed(self, conditions: Sequence[Finding], at: Instant) -> list[Finding]:
        changed = []
        for one in conditions:
            if one.present != self._present.get(one.code, False) and self._lasts(one, at):
                changed.append(one)
            elif not one.present:
                self._since.pop(one.code, None)
        self._present.update((one.code, one.present) for one in changed)
        return changed

    def _lasts(self, condition: Finding, at: Instant) -> bool:
        """Whether it is to be told already. What is over is told at once."""
        least_s = _LASTING.get(condition.code)
        if least_s is None or not condition.present:
            self._since.pop(condition.code, None)
            return True
        return at.since(self._since.setdefault(condition.code, at)) >= least_s

    def _numbers(self) -> tuple[dict[str, float | None], dict[str, str]]:
        heart = self._ecg.rate_per_min(self._ecg.end_s)
        numerics, sources = self._waves.numbers(heart)
        if self._ecg.leads:
            numerics["hr_per_min"] = heart
            sources["hr_per_min"] = self._ecg.best
        return numerics, sources

    def muted(self) -> dict[str, str]:
        """Channel -> why nothing comes of it; a channel that stopped altogether is `lost`."""
        return {**self._ecg.muted(), **self._waves.muted(), **dict.fromkeys(self._lost, "lost")}

    # -- beat classes -------------------------------------------------------------------------------------------

    def asks(self) -> list[Ask]:
        """What to ask the model for; every question is to be followed by one `labelled`. Empty without a classifier."""
        asks, self._asks = self._asks, []
        return asks

    def labelled(self, answers: Sequence[Answer]) -> list[BeatLabel]:
        """The classes of the beats that the oldest open question was about; they refine the rhythm from now on."""
        if self._classifier is None:
            return []
        labels = self._classifier.labels(answers)
        for label in labels:
            if label.label is not BeatClass.UNKNOWN:
                ventricular = label.label is BeatClass.VENTRICULAR
                self._ecg.label(label.beat.at_s, ventricular=ventricular, probability=label.probability)
        return labels

    # -- time alone, and restarts -------------------------------------------------------------------------------

    def due(self) -> Instant | None:
        """When a channel will be lost if nothing more comes of it."""
        waited = [at.plus(LOST_AFTER_S) for channel, at in self._heard.items() if channel not in self._lost]
        return min(waited, default=None)

    def tick(self, now: Instant) -> SignalsFound:
        """Channels of which nothing came for `LOST_AFTER_S` are lost. No rhythm rule runs on time alone."""
        gone = [
            channel
            for channel, at in self._heard.items()
            if channel not in self._lost and now.since(at) >= LOST_AFTER_S
        ]
        self._lost.update(gone)
        findings = [self._lost_finding(channel, present=True) for channel in gone]
        self._muted = self.muted()
        return SignalsFound(findings=findings, muted=self._muted)

    def _lost_finding(self, channel: str, *, present: bool) -> Finding:
        return Finding("wave-lost", present, text=wave_in_words(channel), channel=channel, instance=channel)

    def state(self, now: Instant) -> dict[str, Any]:
        """What must survive a restart: the conditions told as present, so that their end will be told too.

        And how long ago each channel was heard, so that one that does not come again is missed.
        """
        rhythm = sorted(code for code, present in self.alarms.present.items() if present)
        others = sorted(code for code, present in self._present.items() if present)
        return {"rhythm": rhythm, "others": others, "vetoes": dict(self.alarms.vetoes.counts),
                "heard": {channel: kept_past(at, now) for channel, at in self._heard.items()},
                "lost": sorted(self._lost)}  # fmt: skip

    def restore(self, state: Mapping[str, Any], now: Instant) -> None:
        """Waves are learnt anew within `LEARNING_S`; a condition that was present stays until it is seen to be over."""
        self.alarms.restore(state.get("rhythm", ()))
        self._present.update(dict.fromkeys(state.get("others", ()), True))
        self.alarms.vetoes.counts.update(state.get("vetoes", {}))
        self._heard = {channel: _heard_again(kept, now) for channel, kept in state.get("heard", {}).items()}
        self._lost = set(state.get("lost", ()))


def _heard_again(kept: Mapping[str, Any], now: Instant) -> Instant:
    """A sender that could not reach us while we were away has not been lost yet: it gets a moment to come back."""
    at = past_again(kept, now)
    away_s = now.since(at) - float(kept["age_s"])
    return max(at, now.plus(_GRACE_S - LOST_AFTER_S)) if away_s > 0.5 else at
