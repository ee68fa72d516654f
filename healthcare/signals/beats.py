"""Normal, supraventricular or ventricular: the class of every beat of one patient, as its leads stream in.

`take` gathers the beats whose window and next beat are there and asks the model once for all of them; `labels` says
what the answer means. A label comes with the beat after it, or 3 s late where none follows: a ventricular run must be
found by rules that do not wait for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.inference.request import Answer, Ask, Outcome
from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.beat_features import LONGEST_RR_S, BeatFeatures, BeatJudge
from healthcare.signals.beat_shape import shape_numbers
from healthcare.signals.lead_trace import LeadTraces
from healthcare.signals.quality import MUTED_BELOW
from healthcare.signals.templates import WINDOW_REACH, Floats

MODEL = "beats"
LEADS = 2
#: A beat is told by the detector at the latest so long after its R peak.
_TOLD_WITHIN_S = 1.0
#: Who listens to labels (`BedEcg`) goes on without them when a beat is 4 s old.
ASKED_AFTER_S = 3.0
AT_ONCE = 4


class BeatClass(StrEnum):
    NORMAL = "N"
    SUPRAVENTRICULAR = "S"
    VENTRICULAR = "V"
    UNKNOWN = "unknown"


#: In the order of the model's output.
CLASSES = (BeatClass.NORMAL, BeatClass.SUPRAVENTRICULAR, BeatClass.VENTRICULAR)


@dataclass(frozen=True, slots=True)
class BeatLabel:
    """`probability` of the class, 0 where it is unknown."""

    beat: Beat
    label: BeatClass
    probability: float


class BeatStream:
    """Leads and beats in, features of beats out, in order; the same for any size of the chunks."""

    def __init__(self) -> None:
        self.traces = LeadTraces(LEADS)
        self._waiting: deque[Beat] = deque()
        self._judge = BeatJudge(LEADS)
        self._nothing: Floats = np.zeros(2 * WINDOW_REACH + 1, np.float32)

    def take(self, chunks: Iterable[Chunk], beats: Sequence[Beat]) -> list[tuple[Beat, BeatFeatures | None]]:
        """`chunks`: what came in since, of any lead; the first `LEADS` leads are used. `beats`: newly found, in order.

        Features are None while the patient's own normal beat is not known yet, where no lead can be used, and in noise
        that mutes the leads.
        """
        self.traces.take(chunks)
        self._waiting.extend(beats)
        found: list[tuple[Beat, BeatFeatures | None]] = []
        if not self._waiting or not self.traces.by_lead:
            return found
        newest_s = self.traces.newest_s()
        while self._waiting and self._ready(newest_s):
            beat = self._waiting.popleft()
            found.append((beat, None if beat.quality < MUTED_BELOW else self._features(beat)))
        return found

    def _ready(self, newest_s: float) -> bool:
        beat = self._waiting[0]
        followed = len(self._waiting) > 1 or newest_s >= beat.at_s + LONGEST_RR_S + _TOLD_WITHIN_S
        return followed and self.traces.reach(beat.at_s, WINDOW_REACH)

    def _features(self, beat: Beat) -> BeatFeatures | None:
        found = [trace.window(beat.at_s, WINDOW_REACH) for trace in self.traces.by_lead.values()]
        found += [None] * (LEADS - len(found))
        present = np.array([window is not None for window in found])
        windows = np.array([self._nothing if window is None else window for window in found])
        next_rr_s: float | None = LONGEST_RR_S
        if self._waiting:
            following = self._waiting[0]
            near = following.at_s - beat.at_s < LONGEST_RR_S
            next_rr_s = following.rr_s if near else LONGEST_RR_S
        return self._judge.features(beat.at_s, beat.rr_s, next_rr_s, windows, present)


class BeatClassifier:
    """Of one bed. What was taken is labelled in the same order: every `take` that asks is followed by one `labels`."""

    def __init__(self, model: str = MODEL) -> None:
        self._model = model
        self._stream = BeatStream()
        self._ready: list[tuple[Beat, BeatFeatures | None]] = []  # not asked about yet
        self._asked: deque[list[tuple[Beat, bool]]] = deque()

    def look_at(self, traces: LeadTraces) -> None:
        """From now on windows come out of these, which somebody else gives the chunks; `take` is given none."""
        self._stream.traces = traces

    def take(self, chunks: Iterable[Chunk], beats: Sequence[Beat]) -> Ask | None:
        """One question for the beats that are ready, once the oldest is `ASKED_AFTER_S` old or they are `AT_ONCE`: a
        question costs more than a beat in it. None where it is not time."""
        self._ready += self._stream.take(chunks, beats)
        features = [one for _, one in self._ready if one is not None]
        if not self._ready or (len(features) < AT_ONCE and self._young(self._ready[0][0])):
            return None
        self._hold(self._ready)
        self._ready = []
        return Ask(self._model, model_inputs(features)) if features else None

    def labels(self, answers: Sequence[Answer]) -> list[BeatLabel]:
        """Of the beats that the oldest open question was about, and of those before it that needed none.

        Unknown where the answer was late or failed, or there is none.
        """
        answer = answers[0] if answers else None
        rows = None
        if answer is not None and answer.outcome is Outcome.ANSWERED:
            rows = np.asarray(answer.outputs["probabilities"], np.float64)
        labels = []
        row = 0
        for beat, judged in self._asked.popleft() if self._asked else ():
            if not judged or rows is None:
                labels.append(BeatLabel(beat, BeatClass.UNKNOWN, 0.0))
                continue
            best = int(rows[row].argmax())
            labels.append(BeatLabel(beat, CLASSES[best], float(rows[row, best])))
            row += 1
        return labels

    def _young(self, oldest: Beat) -> bool:
        return self._stream.traces.newest_s() - oldest.at_s < ASKED_AFTER_S

    def _hold(self, ready: Sequence[tuple[Beat, BeatFeatures | None]]) -> None:
        """Beats that need no question wait for the next one, so that labels stay in order."""
        entries = [(beat, features is not None) for beat, features in ready]
        if not entries:
            return
        if self._asked and not any(judged for _, judged in self._asked[-1]):
            self._asked[-1].extend(entries)
        else:
            self._asked.append(entries)


def model_inputs(features: Sequence[BeatFeatures]) -> Mapping[str, NDArray[np.float32]]:
    """By the names and shapes of the card: n beats, LEADS leads."""
    wave = np.array([one.wave for one in features])
    template = np.array([one.template for one in features])
    return {
        "wave": wave,
        "template": template,
        "shape": shape_numbers(wave, template),
        "rhythm": np.array([one.rhythm for one in features]),
        "present": np.array([one.present for one in features], np.float32),
    }
